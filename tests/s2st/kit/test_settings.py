from dataclasses import FrozenInstanceError

import pytest

from s2st import (
    CorrelationConfig,
    DifferenceConfig,
    InversionConfig,
    NullTextConfig,
    SeedConfig,
    Spacing,
    TrajectoryConfig,
)
from s2st.explore.choice import ChoiceConfig
from s2st.path.settings import PathSettings

CONFIGS = [
    InversionConfig,
    NullTextConfig,
    CorrelationConfig,
    DifferenceConfig,
    SeedConfig,
    TrajectoryConfig,
    PathSettings,
    ChoiceConfig,
]


@pytest.mark.parametrize("config", CONFIGS)
def test_every_setting_has_a_default_within_its_limits_and_a_meaning(config):
    defaults = config()
    for name in config.__dataclass_fields__:
        limits = config.limits(name)
        assert getattr(defaults, name) == limits.default
        assert len(limits.meaning) > 10
        if limits.low is not None:
            assert limits.low <= limits.default <= limits.high


@pytest.mark.parametrize("config", CONFIGS)
def test_both_ends_of_a_range_are_allowed_and_beyond_is_refused(config):
    for name in config.__dataclass_fields__:
        limits = config.limits(name)
        if limits.low is None or name in ("start", "end"):
            continue
        for allowed in (limits.low, limits.high):
            assert getattr(config(**{name: allowed}), name) == allowed
        for beyond in (limits.low - 1, limits.high + 1):
            with pytest.raises(ValueError, match=f"{name} is .* but must lie within"):
                config(**{name: beyond})


def test_a_config_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        InversionConfig().steps = 3


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: InversionConfig(steps=20.5), "must be a whole number"),
        (lambda: InversionConfig(steps=True), "must be a whole number"),
        (lambda: InversionConfig(spacing="leading"), "one of Spacing.LEADING"),
        (lambda: SeedConfig(learning_rate=float("nan")), "must lie within"),
        (lambda: SeedConfig(keep_shell=1), "one of True, False"),
        (lambda: TrajectoryConfig(start=0.8, end=0.2), "start must not come after end"),
    ],
)
def test_bad_settings_are_refused_in_a_sentence(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


def test_a_setting_that_does_not_exist_is_named():
    with pytest.raises(ValueError, match="InversionConfig has no setting 'stepz'"):
        InversionConfig.limits("stepz")


def test_only_a_number_has_a_span():
    assert SeedConfig.limits("iterations").span[0] == 0
    with pytest.raises(ValueError, match="default of a choice, which has no limits"):
        InversionConfig.limits("spacing").span  # noqa: B018


def test_a_whole_number_is_a_number():
    assert SeedConfig(appearance_weight=2).appearance_weight == 2
    assert InversionConfig(spacing=Spacing.TRAILING).spacing is Spacing.TRAILING
