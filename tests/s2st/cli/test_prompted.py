"""Commands that draw a folder anew: what is theirs alone is the drawing."""

import argparse

import numpy as np
import pytest
from PIL import Image

from demo_world import TUNING_SEEDS, render, scene
from s2st.batch.pictures import facts_of
from s2st.cli.each import add_options as add_pictures
from s2st.cli.prompted import add_options, drawn, names_of
from s2st.strokes.gradop_plus import GradopPlusConfig


@pytest.fixture
def given(tmp_path):
    """Of a command whose folder holds a street of 62 x 50 pixels."""
    (tmp_path / "source").mkdir()
    street = (render(scene(TUNING_SEEDS[0]), "day", 64) * 255).astype("uint8")
    Image.fromarray(street[:50, :62]).save(tmp_path / "source" / "street.png")
    parser = argparse.ArgumentParser()
    add_pictures(parser, "pictures")
    add_options(parser, GradopPlusConfig, "what they show", 1.5)
    folders = [f"--source={tmp_path / 'source'}", f"--out={tmp_path / 'out'}"]
    found = parser.parse_args([*folders, "--prompt", "a street by day", "--updates", "7"])
    return argparse.Namespace(command="keep", **vars(found))


def test_every_setting_of_the_method_is_an_option(given):
    assert set(names_of(GradopPlusConfig)) <= set(vars(given))
    assert given.guidance == 1.5


def test_what_is_drawn_comes_out_in_the_pictures_own_size(given, tmp_path):
    seen = []

    def opened(parts, megapixels):
        def kept(task, whole, schedule, config):
            seen.append((whole.shape[-2:], schedule.steps, config.updates, config.noise_seed))
            return task.latent

        return kept

    assert drawn(given, GradopPlusConfig, opened, extra="told") == 0
    before, after = (
        np.asarray(Image.open(tmp_path / folder / "street.png"), np.float32) / 255
        for folder in ("source", "out")
    )
    assert after.shape == before.shape and np.abs(after - before).mean() < 0.05
    ((size, steps, updates, seed),) = seen
    assert (tuple(size), steps, updates) == ((52, 64), 20, 7) and seed > 0
    facts = facts_of(tmp_path / "out" / "street.png")["job"]
    assert (facts["command"], facts["updates"], facts["extra"]) == ("keep", "7", "told")
