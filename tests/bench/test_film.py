"""The film's bench: a drive that moves, and its part of the page."""

import pytest
import torch

from bench.film import PAGE, WANTED, drive, driven, main, measured
from demo_world import EVALUATION_SEEDS, scene

SEED = EVALUATION_SEEDS[0]


def test_a_drive_passes_what_stands_along_the_street():
    start = scene(SEED)
    later = driven(start, 12.0)
    assert len(later.buildings) <= len(start.buildings)
    assert all(one.far > 0 for one in later.buildings)
    assert {one.z for one in later.trees} <= {one.z - 12.0 for one in start.trees}
    assert later.heaven is start.heaven  # what is far does not come nearer


def test_a_film_flickers_as_much_as_itself_and_noise_flickers_more():
    source = drive(SEED, 3, "day")
    truth = torch.cat(drive(SEED, 3, "night"))
    noises = torch.randn(3, 3, 128, 128, generator=torch.Generator().manual_seed(0)).split(1)
    noisy = [one + 0.1 * noise for one, noise in zip(source, noises, strict=True)]
    assert measured(source, source, truth)[0] == pytest.approx(1.0)
    plain, held = (measured(source, noisy, truth, one)[0] for one in (0.0, 0.8))
    assert plain > held > WANTED


def test_the_command_writes_its_part_of_the_page(tmp_path):
    (tmp_path / PAGE).write_text("before <!-- film: begin --> old <!-- film: end --> after")
    assert main(["--quick", "--out", str(tmp_path)]) == 0
    page = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert page.startswith("before") and page.endswith("after") and "old" not in page
    assert page.count("\n| ") == 6
    for name in ("a noise for every frame", "one noise", "the true drive"):
        assert f"| {name} |" in page


def test_one_frame_cannot_flicker(capsys):
    with pytest.raises(SystemExit):
        main(["--frames", "1"])
    assert "--frames is 1, but flicker needs at least 2." in capsys.readouterr().err
