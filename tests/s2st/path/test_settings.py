from dataclasses import replace

import pytest

from s2st import DifferenceConfig, Prompt, Spacing, difference_path, make_schedule
from s2st.path.settings import PathSettings, expected_evaluations


def test_without_anything_said_it_is_the_paths_own_config():
    settings = PathSettings()
    names = DifferenceConfig.__dataclass_fields__
    assert {one: getattr(settings, one) for one in names} == vars(DifferenceConfig())


def test_its_schedule_is_the_one_that_its_fields_say(sigma_table):
    settings = PathSettings(steps=6, spacing=Spacing.LEADING)
    assert settings.schedule(sigma_table) == make_schedule(sigma_table, 6, Spacing.LEADING)


@pytest.mark.parametrize("guidance", [1.0, 2.0])
@pytest.mark.parametrize("steps", [2, 5, 7])
def test_as_many_evaluations_are_expected_as_the_path_takes(
    curved_model, task, target, source, sigma_table, guidance, steps
):
    settings, records = PathSettings(steps=steps, guidance=guidance, iterations=0), []
    task = replace(task, target=Prompt(target, source, guidance))
    schedule = settings.schedule(sigma_table)
    difference_path(curved_model, task, schedule, settings, on_step=records.append)
    assert records[-1].evaluations == settings.evaluations
    assert settings.evaluations == expected_evaluations(settings, guidance, steps)


@pytest.mark.parametrize("wrong", [{"steps": 1}, {"steps": 7.5}, {"guidance": -1.0}])
def test_what_lies_outside_the_limits_is_refused_by_name(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=rf"PathSettings\.{name} is .* but must"):
        PathSettings(**wrong)


def test_a_translation_asks_half_of_what_plain_sampling_does_and_a_draft_a_third():
    # Guided sampling in 20 steps asks 40 times; matching is asked for once.
    normal, draft = PathSettings(), PathSettings(steps=4)
    assert expected_evaluations(normal, normal.guidance, normal.steps, matched=True) == 20
    assert expected_evaluations(draft, draft.guidance, draft.steps, matched=True) == 13
