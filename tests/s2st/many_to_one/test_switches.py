from dataclasses import asdict, fields

import pytest

from s2st.many_to_one.switches import Preset, Switches


def test_presets_are_none_all_but_pairs_and_all():
    assert not any(asdict(Preset.STARGAN.switches).values())
    assert asdict(Preset.HMU.switches) | {"supervised": True} == asdict(Preset.HMS.switches)
    assert all(asdict(Preset.HMS.switches).values())


def test_each_of_five_switches_has_a_sentence():
    names = [one.name for one in fields(Switches)]
    assert len(names) == 5
    assert all(Switches.limits(name).meaning.endswith(".") for name in names)


def test_a_switch_is_true_or_false():
    with pytest.raises(ValueError, match="supervised is 1, but must be one of True, False"):
        Switches(supervised=1)
