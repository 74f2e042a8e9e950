import pytest

from s2st.cli.program import COMMANDS, main
from s2st.kit.version import VERSION


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.strip() == VERSION


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_its_help(capsys, name):
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert COMMANDS[name].HELP.split(";")[0] in capsys.readouterr().out.replace("\n", " ")


def test_what_a_command_refuses_is_one_sentence(capsys):
    assert main(["calibrate", "--steps", "1", "--demo", "day", "night"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("s2st calibrate: PathSettings.steps is 1, but must lie within 2 to 1000")
    assert told.count("\n") == 1
