"""`exemplar`: a folder in the pixels of another picture."""

import pytest
from PIL import Image, ImageStat

from demo_world import REFERENCE_SEEDS, TUNING_SEEDS, render, scene
from s2st.batch.pictures import facts_of
from s2st.cli.program import main


def drawn(path, number, domain, size=(64, 64)):
    picture = Image.fromarray((render(scene(number), domain, 64) * 255).astype("uint8"))
    picture.crop((0, 0, *size)).save(path)


@pytest.fixture
def line(tmp_path):
    source, looks = tmp_path / "source", tmp_path / "looks"
    for folder in (source, looks):
        folder.mkdir()
    drawn(source / "street.png", TUNING_SEEDS[0], "day", (62, 50))
    drawn(looks / "a.png", REFERENCE_SEEDS[0], "night")
    drawn(looks / "b.png", REFERENCE_SEEDS[1], "night", (40, 64))
    folders = [f"--source={source}", f"--exemplar={looks}", f"--out={tmp_path / 'out'}"]
    return ["exemplar", *folders, "--prompt", "a street at night", "--steps", "4"]


def test_pictures_come_out_in_their_size_and_the_exemplars_light(line, tmp_path, capsys):
    assert main(line) == 0
    assert "1 done, 0 failed" in capsys.readouterr().out
    made = tmp_path / "out" / "street.png"
    before, after = (Image.open(one) for one in (tmp_path / "source" / "street.png", made))
    assert after.size == (62, 50)
    bright, dark = (ImageStat.Stat(one.convert("L")).mean[0] for one in (before, after))
    assert dark < bright / 2
    assert len(facts_of(made)["job"]["exemplars"]) == 2
    assert main([*line, "--rematches", "0"]) == 2
    assert "rematches" in capsys.readouterr().err


def test_an_exemplar_that_is_not_there_is_named(line, tmp_path, capsys):
    assert main([*line, f"--exemplar={tmp_path / 'nowhere'}"]) == 2
    assert "nowhere does not exist" in capsys.readouterr().err
