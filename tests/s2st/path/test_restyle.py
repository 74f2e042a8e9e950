from dataclasses import replace

import pytest

from s2st import DetailConfig
from s2st.path.restyle import BEST_STEPS, DRAFT_STEPS, Quality, RestyleConfig
from s2st.path.settings import PathSettings

PRESET = PathSettings(guidance=2.3, steps=9, appearance_weight=0.7, structure_weight=0.3)
SCALED = ("guidance", "appearance_weight", "matching")


@pytest.mark.parametrize("base", [PathSettings(), PRESET], ids=["the config", "a preset"])
def test_with_nothing_wished_the_base_stays_as_it_is(base):
    assert RestyleConfig().settings(base) == base
    assert RestyleConfig().detail(DetailConfig()) == DetailConfig()


def test_strength_moves_words_look_and_matches_and_nothing_else():
    base = PathSettings(guidance=2.5, appearance_weight=0.8, matching=0.4)
    double = RestyleConfig(strength=2.0).settings(base)
    assert [getattr(double, one) for one in SCALED] == [4.0, 1.6, 0.8]
    none = RestyleConfig(strength=0.0).settings(base)
    assert [getattr(none, one) for one in SCALED] == [1.0, 0.0, 0.0]
    for one in (double, none):
        assert replace(one, **{name: getattr(base, name) for name in SCALED}) == base


def test_keep_structure_moves_edges_and_detail_and_nothing_else():
    base, detail = PathSettings(structure_weight=0.3), DetailConfig(drawn=0.4)
    firm, loose = RestyleConfig(keep_structure=2.0), RestyleConfig(keep_structure=0.0)
    assert firm.settings(base) == replace(base, structure_weight=1.2)
    assert loose.settings(base) == replace(base, structure_weight=0.0)
    assert firm.detail(detail).drawn == pytest.approx(0.16)
    assert loose.detail(detail) == replace(detail, drawn=1.0)


def test_quality_is_a_number_of_steps_around_what_is_normal():
    default = PathSettings().steps
    steps = [RestyleConfig(quality=one).settings(PathSettings()).steps for one in Quality]
    assert steps == [DRAFT_STEPS, default, BEST_STEPS] == sorted(set(steps))
    short, long = PathSettings(steps=DRAFT_STEPS - 1), PathSettings(steps=BEST_STEPS + 1)
    for base, wanted in (
        (short, [short.steps] * 2 + [BEST_STEPS]),
        (long, [DRAFT_STEPS] + [long.steps] * 2),
    ):
        assert [RestyleConfig(quality=one).settings(base).steps for one in Quality] == wanted


def test_no_wish_leads_past_the_limits_of_a_setting():
    base = PathSettings(guidance=80.0, matching=0.9, structure_weight=900.0)
    most = RestyleConfig(strength=2.0, keep_structure=2.0).settings(base)
    assert (most.guidance, most.matching, most.structure_weight) == (100.0, 1.0, 1000.0)
    assert RestyleConfig(strength=2.0).settings(PathSettings(guidance=0.0)).guidance == 0.0


@pytest.mark.parametrize(
    "wrong", [{"strength": 2.1}, {"keep_structure": -1.0}, {"quality": "best"}]
)
def test_what_is_no_wish_is_refused_by_name(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=rf"RestyleConfig\.{name} is .* but must"):
        RestyleConfig(**wrong)
