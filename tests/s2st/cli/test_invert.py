from PIL import Image

from demo_world import TUNING_SEEDS, render, scene
from s2st import Trajectory
from s2st.cli.program import main


def test_every_picture_becomes_a_trajectory_that_can_be_loaded(tmp_path, capsys):
    (tmp_path / "source").mkdir()
    for number, size in enumerate((32, 30)):
        drawn = render(scene(TUNING_SEEDS[number]), "day", size)
        Image.fromarray((drawn * 255).astype("uint8")).save(tmp_path / "source" / f"{number}.png")
    folders = [f"--{name}={tmp_path / name}" for name in ("source", "out")]
    line = ["invert", *folders, "--prompt", "a street by day", "--steps", "2"]
    assert main(line) == 0
    assert "2 done, 0 failed" in capsys.readouterr().out
    paths = [Trajectory.load(tmp_path / "out" / f"{one}.s2st.safetensors") for one in (0, 1)]
    assert [one.states.shape for one in paths] == [(3, 1, 4, 8, 8)] * 2
    assert paths[1].facts["picture"] == "1.png" and paths[1].facts["steps"] == 2
    assert main([*line[:-1], "3"]) == 2
    assert "steps '2', here '3'" in capsys.readouterr().err
