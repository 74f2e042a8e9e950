"""The studies' regions on the real model: who knows them, and what features make of them."""

import pytest
import torch

from bench.lab import Pair, make_case, open_lab
from bench.regions import Where, purity, regions_of, transfer
from demo_world import TUNING_SEEDS, Label


@pytest.fixture(scope="module")
def case():
    return make_case(open_lab(steps=2, references=4), Pair("day", "snow"), TUNING_SEEDS[:2])


def test_true_regions_are_the_renderers_own(case):
    found = regions_of(case, Where.TRUE, 8)
    assert found.source.shape == (2, 32, 32)
    assert found.references.shape == (1, 4, 32, 32)
    assert bool((found.source[:, 0] == Label.SKY).float().mean() > 0.5)
    assert purity(case, found) == 1


def test_features_know_labels_that_they_were_never_told(case):
    one_for_all = regions_of(case, Where.ROWS, 1)
    assert purity(case, regions_of(case, Where.FOUND, 8)) > purity(case, one_for_all) + 0.2
    assert transfer(case) > 0.75


def test_carried_regions_keep_the_sources(case):
    true, carried = (regions_of(case, one, 8) for one in (Where.TRUE, Where.CARRIED))
    assert torch.equal(carried.source, true.source)
    agreement = (carried.references[0] == true.references[0]).float().mean()
    assert float(agreement) > 0.6
