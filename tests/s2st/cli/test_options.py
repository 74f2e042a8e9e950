import argparse

import pytest

from s2st import Spacing, StructureForm
from s2st.cli.options import add_settings, chosen
from s2st.explore.grid import VARIED
from s2st.path.settings import PathSettings


@pytest.fixture
def read():
    """read("--steps 5"): what the options of all settings make of a line."""

    def parsed(line, several=False):
        parser = argparse.ArgumentParser()
        add_settings(parser, PathSettings, VARIED, several=several)
        return chosen(parser.parse_args(line.split()), VARIED)

    return parsed


def test_what_is_not_given_is_left_to_the_config(read):
    assert read("") == {}


def test_values_have_their_settings_types(read):
    line = "--steps 5 --guidance 2 --structure l1 --spacing leading --learning-rate 1e-3"
    assert read(line) == {
        "steps": 5,
        "guidance": 2.0,
        "structure": StructureForm.L1,
        "spacing": Spacing.LEADING,
        "learning_rate": 0.001,
    }


def test_several_values_are_a_list(read):
    assert read("--steps 5 7 --guidance 2", several=True) == {"steps": [5, 7], "guidance": [2.0]}


@pytest.mark.parametrize("line", ["--steps 5.5", "--structure l3", "--guidance two"])
def test_what_cannot_be_read_is_refused(read, line, capsys):
    with pytest.raises(SystemExit):
        read(line)
    assert f"argument {line.split()[0]}: invalid" in capsys.readouterr().err


def test_the_help_tells_limits_and_defaults(capsys):
    parser = argparse.ArgumentParser()
    add_settings(parser, PathSettings, ("steps", "structure"))
    text = " ".join(parser.format_help().split())
    assert "Steps along the path; 4 make a draft. 2 to 1000; default 7" in text
    assert "One of scale-free, l1; default scale-free" in text
