"""A folder of references becomes a look once."""

import pytest
import torch
from PIL import Image

from s2st.cli import models
from s2st.cli.looks import NAME, Files, features_of, look_file, mark_of_references
from s2st.look.kept import KeptLook, LookConfig


@pytest.fixture(scope="module")
def parts():
    return models.loaded(None)


@pytest.fixture
def pictures(tmp_path):
    for number in range(2):
        Image.effect_noise((20, 12), 60).convert("RGB").save(tmp_path / f"{number}.png")
    return tmp_path


def test_pictures_are_read_one_at_a_time(pictures):
    files = Files(sorted(pictures.iterdir()))
    assert len(files) == 2
    assert [one.shape for one in files] == [(1, 3, 12, 20)] * 2


def test_a_folder_is_made_into_a_look_once(pictures, parts, tmp_path):
    out, config = tmp_path / "out", LookConfig()
    path = look_file(pictures, out, parts, config)
    assert path == out / NAME
    kept, made = KeptLook.load(path), path.stat().st_mtime_ns
    assert kept.made["count"] == 2 and len(kept.places.latents) == 2
    assert look_file(pictures, out, parts, config).stat().st_mtime_ns == made
    assert look_file(path, tmp_path / "elsewhere", parts, config) == path


def test_what_references_show_is_their_mark_and_not_their_names(pictures):
    first, second = sorted(pictures.iterdir())
    config = LookConfig()
    before = mark_of_references([first, second], config)
    renamed = first.rename(pictures / "renamed.png")
    assert mark_of_references([renamed, second], config) == before
    assert mark_of_references([renamed], config) != before
    assert mark_of_references([renamed, second], LookConfig(megapixels=0.5)) != before


def test_features_are_of_the_model(parts):
    read = features_of(parts)(torch.zeros(1, 4, 8, 8))
    assert read.ndim == 4 and read.shape[1] > 4
