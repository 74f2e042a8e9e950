"""The command from its options to its files, on the demo model at few steps."""

import pytest
from PIL import Image

from demo_world import TUNING_SEEDS, render, scene
from s2st.cli.calibrate import cells_of
from s2st.cli.program import main, parser
from s2st.explore.grid import AXES, grid
from s2st.explore.preset import Preset
from s2st.path.settings import PathSettings

FEW = ["--steps", "2", "3", "--iterations", "1", "--pictures", "1"]


def cells(line):
    return cells_of(parser().parse_args(["calibrate", *line.split()]))


def test_without_settings_it_is_the_default_grid():
    assert cells("") == grid()


def test_one_value_fixes_a_setting_and_the_others_are_varied():
    found = cells("--steps 5 --tolerance 0.1")
    assert {(one.steps, one.tolerance) for one in found} == {(5, 0.1)}
    assert {one.guidance for one in found} == set(AXES["guidance"])


def test_several_values_vary_a_setting_and_nothing_else():
    found = cells("--structure-weight 0.1 0.4")
    assert [one.structure_weight for one in found] == [0.2, 0.1, 0.4]
    assert {(one.steps, one.guidance) for one in found} == {(7, 2.0)}


def test_the_demo_runs_to_a_preset_that_can_be_loaded(tmp_path, capsys):
    assert main(["calibrate", "--demo", "day", "fog", *FEW, "--out", str(tmp_path)]) == 0
    told = capsys.readouterr()
    preset = Preset.load(tmp_path / "preset.s2st.json")
    assert preset.settings.iterations == 1
    (line,) = [one for one in told.out.splitlines() if one.endswith("chosen")]
    assert f"steps {preset.settings.steps} " in line
    assert f"{preset.measures['look']:.3f}" in line
    assert Image.open(tmp_path / "sheet.png").width > 1000
    assert len(told.err.splitlines()) == 3  # the base and the two steps of the grid
    again = ["calibrate", "--demo", "day", "fog", *FEW, "--out", str(tmp_path), "--choose", "2"]
    assert main(again) == 0
    assert capsys.readouterr().err.count("kept from before") == 3
    assert Preset.load(tmp_path / "preset.s2st.json").settings.steps == 2


def test_pictures_of_ones_own_are_read_from_files(tmp_path, capsys):
    for name, number, domain in (("day", 0, "day"), ("look/a", 1, "night"), ("look/b", 2, "night")):
        path = tmp_path / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        drawn = render(scene(TUNING_SEEDS[number]), domain, 64)
        Image.fromarray((drawn * 255).astype("uint8")).save(path)
    line = ["--source", "day.png", "--references", "look", "--out", "out"]
    line = [str(tmp_path / one) if not one.startswith("-") else one for one in line]
    line += ["--prompt", "a street by day", "--target", "a street at night"]
    assert main(["calibrate", *line, *FEW]) == 0
    capsys.readouterr()
    assert Preset.load(tmp_path / "out" / "preset.s2st.json").settings.steps in (2, 3, 7)


def test_a_preset_may_be_the_first_cell(tmp_path):
    path = tmp_path / "mine.s2st.json"
    Preset(settings=PathSettings(steps=6, tolerance=0.2)).save(path)
    found = cells(f"--preset {path} --guidance 1.5 3")
    assert found[0] == PathSettings(steps=6, tolerance=0.2)
    assert {(one.steps, one.tolerance) for one in found} == {(6, 0.2)}


REFUSED = {
    "--source day.png": "--references, --prompt, --target is missing",
    "--demo day night --target snow": "--demo brings its own pictures",
    "--pictures 0": "--pictures is 0, but at least 1",
    "--megapixels 0": "--megapixels is 0, but must be above 0",
    "--cells 0": "0 cells, but at least 1",
    "--noise-seed 1 2": "varies 'noise_seed', but only these",
    "--look-slack 2": "look_slack is 2, but must lie within 0 to 1",
    "--choose 10": "Cell 10 is chosen, but the grid has cells 1 to 9",
    "--guidance 900": "guidance is 900, but must lie within 0 to 100",
}


@pytest.mark.parametrize("line", list(REFUSED))
def test_a_wrong_request_is_refused_before_a_model_is_loaded(line, capsys, tmp_path):
    assert main(["calibrate", *line.split(), "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert REFUSED[line] in told and told.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_defaults_stand_in_one_place():
    assert cells("")[0] == PathSettings()
