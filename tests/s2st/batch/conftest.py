"""A folder of pictures, a look and a job, on the demo model at the fewest steps."""

from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from demo_world import REFERENCE_SEEDS, TUNING_SEEDS, render, scene
from s2st.batch.items import items_of
from s2st.batch.job import Job, SizeSettings, mark_of_file
from s2st.batch.translator import model_mark
from s2st.batch.worker import Work
from s2st.cli import models
from s2st.cli.looks import Files, features_of
from s2st.look.kept import kept_look
from s2st.path.settings import PathSettings

FEW = PathSettings(steps=2, iterations=1, first_draws=1, guided=0.0)
SMALL = 32


def drawn(number: int, domain: str = "day", size: int = SMALL) -> Image.Image:
    return Image.fromarray((render(scene(number), domain, size) * 255).astype("uint8"))


@pytest.fixture(scope="session")
def draw():
    """draw(number, domain="day", size=32): a scene as Pillow's image."""
    return drawn


@pytest.fixture(scope="session")
def parts():
    return models.loaded(None)


@pytest.fixture(scope="session")
def look(parts, tmp_path_factory):
    """A look's file, with features."""
    folder = tmp_path_factory.mktemp("looks")
    paths = [folder / f"{number}.png" for number in range(3)]
    for path, number in zip(paths, REFERENCE_SEEDS, strict=False):
        drawn(number, "night").save(path)
    made = kept_look(
        Files(paths),
        parts.autoencoder,
        features=features_of(parts),
        prompt="a street at night",
    )
    made.save(folder / "night.look.safetensors")
    return folder / "night.look.safetensors"


@pytest.fixture(scope="session")
def job(parts, look):
    return Job(
        prompt="a street by day",
        target="a street at night",
        look=look,
        look_mark=mark_of_file(look),
        model_mark=model_mark(parts),
        settings=FEW,
        sizes=SizeSettings(),
    )


@pytest.fixture
def work(job):
    return Work(job=job, open_model=partial(models.loaded, None), threads=1)


@pytest.fixture
def folder(tmp_path):
    """Three pictures in two folders."""
    source = tmp_path / "source"
    for number in range(3):
        path = source / ("" if number % 2 else "more") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        drawn(TUNING_SEEDS[number]).save(path)
    return source


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def items(folder, out):
    return items_of(folder, out)
