"""Interleaved matching and denoising, on a model that sees what it is given."""

from dataclasses import replace

import pytest
from torch.testing import assert_close

from s2st import Spacing, make_schedule, structure_loss
from s2st.exemplar.interleaved import InterleavedConfig, interleaved

COLD = {"temperature": 1e-3}


@pytest.fixture
def schedule(sigma_table):
    return make_schedule(sigma_table, 10, Spacing.TRAILING)


def test_ones_own_source_as_exemplar_is_returned(seeing, led, own_exemplars, schedule):
    config = InterleavedConfig(**COLD, rematches=100, matched_until=1.0)
    own = replace(led, exemplars=own_exemplars)
    back = interleaved(seeing, own, schedule, config)
    assert_close(back, led.latent, atol=0.05, rtol=0.01)


def test_the_report_counts_every_evaluation(seeing, led, schedule):
    records = []
    config = InterleavedConfig(start=0.5, rematches=2)
    interleaved(seeing, led, schedule, config, on_step=records.append)
    assert [one.index for one in records] == [1, 2, 3, 4, 5]
    assert records[-1].evaluations == 1 + 5 + 2


def test_a_picture_of_a_batch_comes_out_as_it_does_alone(seeing, led, schedule):
    config = InterleavedConfig(iterations=2)
    both = interleaved(seeing, led, schedule, config)
    alone = replace(led, latent=led.latent[1:])
    assert_close(both[1:], interleaved(seeing, alone, schedule, config))


def test_updates_hold_the_sources_edges(seeing, led, schedule):
    def lost(count):
        config = InterleavedConfig(iterations=count, learning_rate=10.0)
        done = interleaved(seeing, led, schedule, config)
        return float(structure_loss(done, led.latent).mean())

    assert lost(5) < 0.9 * lost(0)


def test_outside_the_mask_the_source_is_kept(seeing, led, schedule, half_mask):
    masked = replace(led, mask=half_mask)
    done = interleaved(seeing, masked, schedule, InterleavedConfig(iterations=1))
    assert_close(done[..., 4:], led.latent[..., 4:])
    assert float((done - led.latent)[..., :4].abs().mean()) > 1


def test_a_task_without_exemplars_is_refused(seeing, task, schedule):
    with pytest.raises(ValueError, match="has no exemplars"):
        interleaved(seeing, task, schedule)
