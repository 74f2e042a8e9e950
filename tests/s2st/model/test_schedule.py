import pytest
import torch
from diffusers import DDIMScheduler

from s2st import Schedule, Spacing, make_schedule
from s2st.model.schedule import spaced_timesteps


@pytest.mark.parametrize("spacing", list(Spacing))
@pytest.mark.parametrize("steps", [2, 7, 20, 50, 999])
def test_timesteps_equal_diffusers(spacing, steps):
    theirs = DDIMScheduler(timestep_spacing=spacing.value, steps_offset=1)
    theirs.set_timesteps(steps)
    assert spaced_timesteps(1000, steps, spacing).tolist() == theirs.timesteps.tolist()


@pytest.mark.parametrize("spacing", list(Spacing))
@pytest.mark.parametrize("steps", [2, 50, 999, 1000])
def test_sigmas_fall_from_the_table_to_zero(spacing, steps, sigma_table):
    schedule = make_schedule(sigma_table, steps, spacing)
    assert schedule.steps == steps
    assert schedule.sigmas[-1] == 0
    assert set(schedule.sigmas[:-1]) <= set(sigma_table.tolist())


def test_all_thousand_steps_visit_every_timestep(sigma_table):
    schedule = make_schedule(sigma_table, 1000, Spacing.LEADING)
    assert schedule.sigmas[:-1] == tuple(sigma_table.flip(0).tolist())


def test_levels_are_counted_from_the_image(sigma_table):
    schedule = make_schedule(sigma_table, 10, Spacing.TRAILING)
    assert schedule.sigma(0) == 0
    assert schedule.sigma(10) == schedule.sigmas[0] == float(sigma_table[-1])
    assert schedule.pairs()[0] == (schedule.sigma(10), schedule.sigma(9))


def test_a_subsampled_schedule_keeps_both_ends(sigma_table):
    schedule = make_schedule(sigma_table, 50, Spacing.LEADING)
    coarse = schedule.subsampled(4)
    assert coarse.steps == 4
    assert (coarse.sigmas[0], coarse.sigmas[-1]) == (schedule.sigmas[0], 0)
    assert set(coarse.sigmas) <= set(schedule.sigmas)
    assert schedule.subsampled(60) is schedule


def test_the_table_is_read_in_float64(sigma_table):
    exact = make_schedule(sigma_table, 50, Spacing.LEADING)
    rounded = make_schedule(sigma_table.float(), 50, Spacing.LEADING)
    assert exact.sigmas[0] == float(sigma_table[981])
    assert rounded.sigmas[0] == pytest.approx(exact.sigmas[0], rel=1e-6)


@pytest.mark.parametrize("steps", [1, 0, -3, 1001, 2.0, True])
def test_steps_out_of_range_are_refused(steps, sigma_table):
    with pytest.raises(ValueError, match="whole number from 2 to 1000"):
        make_schedule(sigma_table, steps, Spacing.LEADING)


@pytest.mark.parametrize(
    ("sigmas", "sentence"),
    [
        ((1.0,), "needs at least 2"),
        ((1.0, 2.0, 0.0), "must fall strictly"),
        ((1.0, 1.0, 0.0), "must fall strictly"),
        ((2.0, 1.0), "append 0"),
        ((float("inf"), 1.0, 0.0), "must be finite"),
        ((float("nan"), 1.0, 0.0), "must fall strictly"),
    ],
)
def test_sigmas_out_of_order_are_refused(sigmas, sentence):
    with pytest.raises(ValueError, match=sentence):
        Schedule(sigmas)


@pytest.mark.parametrize("table", [torch.ones(3, 3), torch.ones(1), torch.tensor([2.0, 1.0])])
def test_foreign_tables_are_refused(table):
    with pytest.raises(ValueError, match="sigma of every training timestep|one for every training"):
        make_schedule(table, 2, Spacing.LEADING)
