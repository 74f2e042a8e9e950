"""dev.py: its commands, and one clear sentence on every failure."""

import subprocess
import sys

import pytest

from tools.check import CHECKS, Check, run
from tools.comfyui import free_port, given, obtain, port_is_free, prepare_base
from tools.commands import COMMANDS
from tools.environment import ROOT, SetupError, _check_disk

OLD_PYTHON = """
import runpy, sys
sys.version_info = (3, 9, 18, "final", 0)
runpy.run_path("dev.py", run_name="__main__")
"""


def dev(*arguments):
    line = [sys.executable, "dev.py", *arguments]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True)


def test_help_names_every_command():
    shown = dev("--help").stdout
    assert all(command.name in shown for command in COMMANDS)


@pytest.mark.parametrize("arguments", [(), ("nonsense",)])
def test_a_wrong_command_is_refused_with_the_choices(arguments):
    run = dev(*arguments)
    assert run.returncode == 2
    assert "command" in run.stderr


def test_an_old_python_gets_a_sentence():
    line = [sys.executable, "-c", OLD_PYTHON]
    run = subprocess.run(line, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.strip() == (
        "S2ST needs Python 3.10 or newer, this is Python 3.9; start dev.py with a newer one, "
        "for example: python3.12 dev.py"
    )


def test_the_test_command_checks_lint_format_types_and_tests():
    modules = [check.module[0] for check in CHECKS]
    assert modules == ["ruff", "ruff", "tools.type_check", "pytest"]


def test_a_check_that_fails_hides_no_other(capfd):
    wrong, right = Check("wrong", ("py_compile", "no such file")), Check("right", ("this",))
    assert run((wrong, right)) == 1
    shown = capfd.readouterr().out
    assert "Zen of Python" in shown
    assert shown.splitlines()[-2:] == ["wrong: FAILED", "right: passed"]
    assert run((right,)) == 0


def test_a_full_disk_gets_a_sentence():
    with pytest.raises(SetupError, match=r"needs about 2000000\.0 GB free .* only .* GB are"):
        _check_disk(1e6, 1e6)


def test_a_comfyui_that_is_not_there_gets_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("COMFYUI_PATH", str(tmp_path))
    with pytest.raises(SetupError, match="no ComfyUI is there .* correct it or unset it"):
        given()


def test_a_release_that_is_not_known_gets_a_sentence():
    with pytest.raises(SetupError, match=r"only 0\.3\.75, 0\.3\.52 are known; choose one"):
        obtain("0.1.0")


def layout_of_a_comfyui(folder):
    (folder / "comfy").mkdir(parents=True)
    (folder / "main.py").touch()
    (folder / "comfy" / "model_patcher.py").touch()
    return folder


def test_the_named_comfyui_comes_first(monkeypatch, tmp_path):
    host = layout_of_a_comfyui(tmp_path / "named")
    monkeypatch.setenv("COMFYUI_PATH", str(host))
    assert given() == host.resolve()


def test_a_pack_inside_custom_nodes_finds_its_host(monkeypatch, tmp_path):
    monkeypatch.delenv("COMFYUI_PATH", raising=False)
    host = layout_of_a_comfyui(tmp_path / "host")
    assert given(host / "custom_nodes" / "s2st") == host
    assert given(host / "elsewhere" / "s2st") is None
    assert given(tmp_path / "nothing" / "custom_nodes" / "s2st") is None


def test_a_base_directory_follows_the_pack_to_another_folder(tmp_path):
    link = tmp_path / "base" / "custom_nodes" / "s2st"
    for name in ("first", "second", "second"):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        prepare_base(tmp_path / "base", {"s2st": folder})
        assert link.samefile(folder)


def test_a_free_port_can_be_listened_on():
    assert port_is_free(free_port())
