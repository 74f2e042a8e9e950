from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from s2st import Counted, DifferenceConfig, Matcher, Spacing, difference_path, make_schedule
from s2st.look.drawn import Drawn, DrawnConfig, blurred, matchings, mixed
from s2st.look.exemplars import MatchConfig, Warp
from s2st.path.settings import expected_evaluations

COLD = {"temperature": 1e-3}
SHARP = MatchConfig(**COLD)


@pytest.fixture
def schedule(sigma_table):
    return make_schedule(sigma_table, 10, Spacing.TRAILING)


def test_what_is_finer_than_the_grain_stays(loud, normal):
    warp = Warp(loud + 7.0, torch.ones(2, 1, 8, 8))
    assert_close(mixed(loud, warp, DrawnConfig(matching=1.0, grain=2.0)), loud + 7.0)
    fine = 10 * (torch.arange(8) % 2 * 2 - 1.0)
    rough = Warp(loud + fine, torch.ones(2, 1, 8, 8))
    moved = mixed(loud, rough, DrawnConfig(matching=1.0, grain=2.0)) - loud
    assert float(moved.abs().max()) < 0.5
    assert_close(mixed(loud, rough, DrawnConfig(matching=1.0, grain=0.0)), loud + fine)


def test_what_is_not_trusted_stays_and_tells_others_nothing(loud, half_mask):
    lies = torch.where(half_mask > 0, 3.0, 1000.0)
    warp = Warp(loud + lies, half_mask.expand(2, -1, -1, -1))
    moved = mixed(loud, warp, DrawnConfig(matching=1.0, grain=1.5)) - loud
    assert_close(moved, 3.0 * half_mask.expand_as(loud), atol=1e-4, rtol=0)


def test_a_blur_fits_into_small_pictures(normal):
    assert blurred(normal(1, 2, 3, 2), 10.0).shape == (1, 2, 3, 2)


def test_matching_is_done_again_as_often_as_asked(seeing, exemplars, source, loud):
    for rematches, times in ((0, 1), (2, 3), (5, 4)):
        config, counted = (
            DrawnConfig(**COLD, matched_until=1.0, rematches=rematches),
            Counted(seeing),
        )
        drawn = Drawn(Matcher(counted, exemplars, source), loud, config)
        assert all(not torch.equal(drawn(step, 4, loud), loud) for step in range(4))
        assert counted.evaluations == times == matchings(config, 4)


def test_the_model_has_the_last_of_the_run_to_itself(seeing, exemplars, source, loud):
    counted = Counted(seeing)
    matcher = Matcher(counted, exemplars, source)
    drawn = Drawn(matcher, loud, DrawnConfig(**COLD, matched_until=0.5, rematches=9))
    moved = [not torch.equal(drawn(step, 4, loud), loud) for step in range(4)]
    assert moved == [True, True, False, False]
    assert counted.evaluations == 2


def test_the_difference_path_is_drawn_to_the_exemplars(seeing, led, matcher, schedule):
    records = []
    plain = difference_path(seeing, replace(led, exemplars=None), schedule)
    left = DifferenceConfig(matching=0.0)
    assert torch.equal(difference_path(seeing, led, schedule, left), plain)
    wanted = matcher.warp(led.latent, SHARP).latent
    config = DifferenceConfig(**COLD, matching=1.0, matched_until=1.0, grain=0.0, rematches=1)
    moved = difference_path(seeing, led, schedule, config, on_step=records.append)
    assert float((moved - wanted).abs().mean()) < 0.5 * float((plain - wanted).abs().mean())
    assert records[-1].evaluations == expected_evaluations(config, 1.0, 10, matched=True)
