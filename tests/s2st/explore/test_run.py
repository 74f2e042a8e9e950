from dataclasses import replace

import pytest
import torch
from torch import nn

from s2st import Prompt, difference_path
from s2st.explore.grid import grid
from s2st.explore.run import Finished, Folder, explore, key_of, mark_of
from s2st.path.settings import PathSettings


@pytest.fixture
def cells():
    return grid({"steps": (2, 3), "guidance": (1.0, 2.0)}, PathSettings(steps=2, iterations=1))


@pytest.fixture
def asked(task, target, source, look):
    return replace(task, target=Prompt(target, source), look=look)


class Watched:
    """A model that counts, and may be stopped after some evaluations."""

    def __init__(self, model, most=10_000):
        self.model, self.most, self.evaluations = model, most, 0

    def denoise(self, x, sigma, conditioning):
        if self.evaluations == self.most:
            raise KeyboardInterrupt
        self.evaluations += 1
        return self.model.denoise(x, sigma, conditioning)


def test_every_cell_is_the_difference_path_under_its_settings(
    curved_model, sigma_table, asked, cells, tmp_path
):
    run = explore(curved_model, sigma_table, asked, cells, Folder(tmp_path), "mark")
    for settings, finished in zip(cells, run, strict=True):
        wanted = replace(asked, target=replace(asked.target, scale=settings.guidance))
        schedule = settings.schedule(sigma_table)
        alone = difference_path(curved_model, wanted, schedule, settings)
        assert torch.equal(finished.latent, alone)
        assert finished.evaluations == settings.evaluations
        assert finished.seconds > 0


def test_a_stopped_run_goes_on_where_it_stopped(curved_model, sigma_table, asked, cells, tmp_path):
    whole = [cell.evaluations for cell in cells]
    stopped = Watched(curved_model, whole[0] + whole[1] + 1)
    with pytest.raises(KeyboardInterrupt):
        list(explore(stopped, sigma_table, asked, cells, Folder(tmp_path), "mark"))
    again = Watched(curved_model)
    resumed = list(explore(again, sigma_table, asked, cells, Folder(tmp_path), "mark"))
    assert again.evaluations == sum(whole[2:])
    fresh = list(explore(curved_model, sigma_table, asked, cells, Folder(tmp_path), "other"))
    for one, other in zip(resumed, fresh, strict=True):
        assert torch.equal(one.latent, other.latent)
        assert one.evaluations == other.evaluations


def test_other_settings_in_the_same_folder_do_not_collide(
    curved_model, sigma_table, asked, cells, tmp_path
):
    def evaluations(cells, mark="mark"):
        model = Watched(curved_model)
        list(explore(model, sigma_table, asked, cells, Folder(tmp_path), mark))
        return model.evaluations

    some = evaluations(cells)
    others = [replace(one, tolerance=0.1) for one in cells]
    assert evaluations(others) == some and evaluations(cells, "another picture") == some
    assert evaluations(cells) == evaluations(others) == 0


@pytest.mark.parametrize("damage", [lambda c: b"", lambda c: c[:-5], lambda c: b"x" * len(c)])
def test_a_damaged_cell_is_not_found_and_is_replaced(tmp_path, normal, damage):
    shelf, finished = Folder(tmp_path), Finished(normal(1, 4, 8, 8), 13, 2.5)
    shelf.keep("key", finished)
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    assert shelf.find("key") is None
    shelf.keep("key", finished)
    found = shelf.find("key")
    assert torch.equal(found.latent, finished.latent)
    assert (found.evaluations, found.seconds) == (13, 2.5)


def test_a_key_tells_every_setting_apart():
    default = PathSettings()
    keys = {key_of(default, "mark"), key_of(default, "other")}
    keys |= {key_of(replace(default, noise_seed=1), "mark")}
    keys |= {key_of(replace(default, learning_rate=0.0031), "mark")}
    assert len(keys) == 4
    assert key_of(PathSettings(), "mark") in keys


def test_a_mark_tells_models_pictures_and_texts_apart(normal):
    def network(seed):
        made = nn.Linear(4, 4)
        with torch.no_grad():
            for one in made.parameters():
                one.copy_(normal(*one.shape, seed=seed))
        return made

    picture = normal(1, 3, 4, 4)
    first = mark_of(network(1), picture, "by day", "at night")
    assert first == mark_of(network(1), picture.clone(), "by day", "at night")
    changed = picture.clone()
    changed[0, 0, 0, 0] += 1e-3
    others = {
        mark_of(network(2), picture, "by day", "at night"),
        mark_of(network(1), changed, "by day", "at night"),
        mark_of(network(1), picture.reshape(1, 3, 2, 8), "by day", "at night"),
        mark_of(network(1), picture, "by da", "yat night"),
        first,
    }
    assert len(others) == 5
