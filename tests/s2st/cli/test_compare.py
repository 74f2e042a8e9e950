from PIL import Image

from s2st.cli.program import main


def test_sheets_are_drawn_of_what_was_translated(tmp_path, capsys):
    for name in ("source/a.jpg", "out/a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (20, 16)).save(tmp_path / name)
    folders = [f"--{name}={tmp_path / name}" for name in ("source", "out")]
    assert main(["compare", *folders]) == 0
    assert Image.open(capsys.readouterr().out.strip()).width > 100
    (tmp_path / "out" / "a.png").unlink()
    assert main(["compare", *folders]) == 2
    assert "holds no result of" in capsys.readouterr().err
