"""What is done stays done: a run is stopped as Ctrl-C stops it, and started again."""

import _thread
import signal
import threading
import time

import pytest
from PIL import Image

from s2st.cli import demo, models
from s2st.cli.calibration import Calibration, model_mark
from s2st.cli.program import main
from s2st.explore.choice import Choice, ChoiceConfig
from s2st.explore.grid import grid
from s2st.path.settings import PathSettings

CELLS = grid({"steps": (2, 3, 4)}, PathSettings(steps=2, iterations=1))


@pytest.fixture(scope="module")
def parts():
    return models.loaded(None)


@pytest.fixture
def calibration(parts, tmp_path):
    """calibration(cells): a new one on the same pictures in the same folder."""

    def made(cells=CELLS, target="fog"):
        asked = demo.asked("day", target, 1, 2)
        return Calibration(parts, asked, cells, Choice(ChoiceConfig()), tmp_path)

    return made


@pytest.fixture
def hears_ctrl_c():
    """What a shell starts in the background is deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("hears_ctrl_c")
def test_ctrl_c_leaves_the_cells_that_are_done(tmp_path, capsys):
    def interrupt():
        while not list(tmp_path.glob("cells/*.safetensors")):
            time.sleep(0.01)
        _thread.interrupt_main()

    line = ["calibrate", "--demo", "day", "fog", "--pictures", "1", "--out", str(tmp_path)]
    line += ["--steps", "2", "40", "--iterations", "1", "--cells", "2"]
    watcher = threading.Thread(target=interrupt)
    watcher.start()
    assert main(line) == 130
    watcher.join()
    told = capsys.readouterr().err
    assert " of 3 cells are done and kept in " in told and "Traceback" not in told
    before = {one: one.stat().st_mtime_ns for one in tmp_path.glob("cells/*.safetensors")}
    assert before
    short = [one if one != "40" else "3" for one in line]
    assert main(short) == 0
    assert "kept from before" in capsys.readouterr().err
    assert (
        before.items()
        <= {one: one.stat().st_mtime_ns for one in tmp_path.glob("cells/*.safetensors")}.items()
    )


def test_a_second_run_asks_the_model_nothing_and_says_the_same(calibration, capsys):
    first = calibration().judged()
    capsys.readouterr()
    again = calibration().judged()
    assert again == first
    assert capsys.readouterr().err.count("kept from before") == len(CELLS)


def test_other_pictures_in_the_same_folder_are_run(calibration, capsys):
    calibration().judged()
    capsys.readouterr()
    calibration(target="night").judged()
    assert "kept from before" not in capsys.readouterr().err


def test_the_sheet_grows_with_every_cell(calibration, tmp_path):
    calibration(CELLS[:1]).judged()
    short = Image.open(tmp_path / "sheet.png").size
    calibration().judged()
    assert Image.open(tmp_path / "sheet.png").size > short


def test_the_preset_has_the_cells_settings_and_its_measures(calibration, parts):
    made = calibration()
    cells = made.judged()
    preset = made.preset(cells[1])
    assert preset.settings == cells[1].settings
    assert preset.measures["structure"] == cells[1].measured.structure
    assert preset.measures["evaluations"] == cells[1].evaluations
    assert preset.made["model"] == model_mark(parts)
