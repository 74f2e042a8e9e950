"""The translator as a value: styles, refusals, and its file."""

import json

import pytest
import torch
from safetensors import safe_open
from torch.testing import assert_close

from s2st.many_to_one.translator import Translator


def test_a_seed_gives_the_same_style_alone_and_in_a_batch(translator):
    styles = translator.style_of_seed("photo", 5, count=3)
    assert_close(styles[2:], translator.style_of_seed("photo", 7), atol=1e-6, rtol=1e-5)
    assert (styles[0] - styles[1]).abs().max() > 1e-3


def test_many_answers_differ_with_the_style_and_one_answer_has_none(translator, pictures):
    one, other = (
        translator.translate(pictures, "labels", "photo", translator.style_of_seed("photo", seed))
        for seed in (1, 2)
    )
    assert one.shape == pictures.shape
    assert (one - other).abs().mean() > 1e-3
    labels = translator.translate(pictures, "photo", "labels")
    domain = translator.plan.domains[2]
    assert torch.equal(domain.painted(domain.classes_of(labels)), labels)
    grey = translator.translate(pictures, "photo", "grey")
    assert torch.equal(grey[:, 0], grey[:, 2])


def test_references_of_any_size_give_styles(translator, pictures):
    wide = torch.nn.functional.interpolate(pictures, size=(50, 70))
    assert translator.style_of_pictures("photo", wide).shape == (3, 6)
    assert not translator.style_of_pictures("grey", pictures).any()


def test_other_sizes_than_the_trained_one_go_through(translator):
    wide = torch.zeros(1, 3, 24, 50)
    assert translator.translate(wide, "photo", "grey").shape == wide.shape


def test_it_comes_back_from_its_file(translator, pictures, tmp_path):
    path = tmp_path / "x.translator.safetensors"
    translator.save(path)
    loaded = Translator.load(path)
    assert (loaded.plan, loaded.made) == (translator.plan, {"steps": 3})
    style = translator.style_of_seed("photo", 1)
    before, after = (
        one.translate(pictures, "grey", "photo", style) for one in (translator, loaded)
    )
    assert torch.equal(before, after)
    with safe_open(path, "pt") as file:
        facts = json.loads(file.metadata()["s2st.facts"])
    assert [one["name"] for one in facts["domains"]] == ["photo", "grey", "labels"]


def style(translator):
    return translator.style_of_seed("photo", 0)


REFUSALS = {
    "no style": (("grey", "photo"), (1, 3, 32, 32), None, "many answers"),
    "a style for one answer": (("photo", "grey"), (1, 3, 32, 32), style, "takes none"),
    "an unknown domain": (("day", "grey"), (1, 3, 32, 32), None, "knows photo, grey, labels"),
    "an odd size": (("photo", "grey"), (1, 3, 33, 32), None, "multiples of 2"),
    "alpha": (("photo", "grey"), (1, 4, 32, 32), None, "drop an alpha channel"),
}


@pytest.mark.parametrize("name", list(REFUSALS))
def test_wrong_inputs_are_refused(translator, name):
    domains, shape, make, words = REFUSALS[name]
    with pytest.raises(ValueError, match=words):
        translator.translate(torch.zeros(shape), *domains, make and make(translator))


def test_values_outside_are_refused(translator):
    with pytest.raises(ValueError, match="-1 to 1, but they must lie within 0 to 1"):
        translator.translate(torch.linspace(-1, 1, 3072).reshape(1, 3, 32, 32), "photo", "grey")


def test_styles_of_another_translator_are_refused(translator, pictures):
    with pytest.raises(ValueError, match=r"need \[1 or 3, 6\]"):
        translator.translate(pictures, "grey", "photo", torch.zeros(3, 5))
