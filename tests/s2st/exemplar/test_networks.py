import pytest
import torch

from s2st.exemplar.networks import Networks, Plan


def test_a_plan_comes_back_from_its_facts(plan):
    assert Plan.of(plan.facts) == plan


def test_a_legend_needs_two_classes(plan):
    with pytest.raises(ValueError, match="1 classes, but must have 2 to 64"):
        Plan(legend={"sky": (0, 0, 0)}, design=plan.design)


def test_weights_depend_on_the_generator_alone_and_leave_torchs_own_randomness(plan):
    state = torch.random.get_rng_state()
    one, other = (Networks(plan, torch.Generator().manual_seed(seed)) for seed in (1, 1))
    assert torch.equal(torch.random.get_rng_state(), state)
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    assert all(torch.equal(*pair) for pair in pairs)
