from PIL import Image

from s2st.batch.pictures import facts_of
from s2st.cli.program import main


def test_strokes_become_pictures_of_their_size(tmp_path, capsys):
    (tmp_path / "strokes").mkdir()
    Image.new("RGB", (30, 32), (90, 120, 200)).save(tmp_path / "strokes" / "sky.png")
    folders = [f"--source={tmp_path / 'strokes'}", f"--out={tmp_path / 'out'}"]
    line = ["paint", *folders, "--prompt", "a street by day", "--steps", "3", "--guidance", "1"]
    assert main([*line, "--rounds", "2", "--updates", "1"]) == 0
    assert "1 done, 0 failed" in capsys.readouterr().out
    painted = tmp_path / "out" / "sky.png"
    assert Image.open(painted).size == (30, 32)
    assert facts_of(painted)["job"]["prompt"] == "a street by day"
    assert main([*line, "--rounds", "3"]) == 2
    assert "rounds '2', here '3'" in capsys.readouterr().err
