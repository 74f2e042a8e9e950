import pytest

from s2st.cli.program import main


def test_a_look_that_would_not_be_found_again_is_refused(tmp_path, capsys):
    assert main(["look", str(tmp_path), "--out", str(tmp_path / "night.safetensors")]) == 2
    assert "a look's file ends in .look.safetensors: add that" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["gone", "."])
def test_a_folder_without_pictures_is_refused(tmp_path, name, capsys):
    out = str(tmp_path / "night.look.safetensors")
    assert main(["look", str(tmp_path / name), "--out", out]) == 2
    assert "picture" in capsys.readouterr().err
