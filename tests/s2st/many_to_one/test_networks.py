"""What each switch does to the networks."""

import pytest
import torch
from torch.testing import assert_close

from s2st.many_to_one.design import Design
from s2st.many_to_one.domains import Domain, Kind
from s2st.many_to_one.networks import Networks, Plan, discriminator_of
from s2st.many_to_one.switches import Preset

PHOTO = Domain(name="photo")
GREY = Domain(name="grey", kind=Kind.GREY, many=False)


def numbers(*values):
    return torch.tensor(values)


def made(plan, generator, pictures, styles, sources, targets):
    networks = Networks(plan, generator)
    return networks(plan.into(0, pictures), sources, targets, styles)


@pytest.mark.parametrize("demodulation", [True, False])
def test_pictures_keep_their_size_and_a_style_changes_them(
    plan_of, generator, pictures, demodulation
):
    plan = plan_of(demodulation=demodulation)
    networks = Networks(plan, generator)
    styles = torch.randn(2, 6, generator=generator)
    there = numbers(0, 0, 0)
    one, other = (
        networks(plan.into(0, pictures), there, there, style.expand(3, -1)) for style in styles
    )
    assert one.shape == (3, 4, 32, 32)  # as many channels as the label map has
    assert (one - other).abs().mean() > 0.01
    assert not one[:, 3:].any()  # which a photo has not


def test_every_domain_has_its_own_layers_and_one_batch_may_mix_them(plan_of, generator, pictures):
    plan = plan_of(PHOTO, GREY)
    networks = Networks(plan, generator)
    mixed = torch.cat([plan.into(0, pictures[:1]), plan.into(1, pictures[:1])])
    styles = torch.zeros(2, 6)
    together = networks(mixed, numbers(0, 1), numbers(1, 0), styles)
    alone = [
        networks(mixed[place : place + 1], numbers(place), numbers(1 - place), styles[:1])
        for place in range(2)
    ]
    assert_close(together, torch.cat(alone), atol=1e-5, rtol=1e-4)
    assert not together[0, 1:].any() and together[1, 1:].any()


def test_without_channel_mapping_all_are_colours_and_domains_share_their_layers(
    plan_of, generator, pictures
):
    plan = plan_of(PHOTO, GREY, channel_mapping=False)
    styles = torch.zeros(3, 6)
    results = [
        made(plan, generator.manual_seed(1), pictures, styles, there, other)
        for there, other in [(numbers(0, 0, 0), numbers(1, 1, 1)), (numbers(1, 1, 1),) * 2]
    ]
    assert results[0].shape == (3, 3, 32, 32)
    assert torch.equal(*results)
    assert_close(plan.out(1, plan.into(1, pictures)), pictures)


def test_style_zero_hides_styles_from_domains_with_one_answer(plan_of, generator, pictures):
    noise, there = torch.randn(3, 4, generator=generator), numbers(1, 1, 0)
    for switch in (True, False):
        plan = plan_of(PHOTO, GREY, style_zero=switch)
        networks = Networks(plan, generator)
        drawn = networks.drawn(noise, there)
        read = networks.read(plan.into(0, pictures), there)
        for styles in (drawn, read):
            assert styles[2].any()
            assert bool(styles[:2].any()) is not switch
        assert [plan.takes_style(number) for number in (0, 1)] == [True, not switch]


def test_every_weight_of_every_network_learns(plan_of, generator, pictures):
    plan = plan_of(PHOTO, GREY)
    networks, judge = Networks(plan, generator), discriminator_of(plan, generator)
    sources, targets = numbers(0, 1, 0), numbers(1, 0, 0)
    seen = plan.into(0, pictures)
    styles = networks.drawn(torch.randn(3, 4, generator=generator), numbers(0, 0, 0))
    styles = styles + networks.read(seen, numbers(0, 0, 0))
    judge(networks(seen, sources, targets, styles), targets).sum().backward()
    own = "mapping.own.1"  # a domain with one answer draws no style
    for name, one in networks.named_parameters():
        reached = one.grad is not None and bool(one.grad.any())
        assert reached or name.startswith((own, "encoder.entrance.layers.1")), name
    assert all(one.grad.any() for one in judge.parameters())


def test_presets_have_nearly_as_many_weights():
    domains = (PHOTO, GREY)
    design = Design(size=32, width=32, most_width=128, hidden=128)
    counts = []
    for preset in Preset:
        plan = Plan(domains=domains, design=design, switches=preset.switches)
        parts = (Networks(plan, torch.Generator()), discriminator_of(plan, torch.Generator()))
        counts.append(sum(one.numel() for part in parts for one in part.parameters()))
    assert max(counts) < 1.03 * min(counts)


def test_building_leaves_global_randomness_alone_and_a_seed_decides(plan_of):
    before = torch.random.get_rng_state()
    one, other, third = (Networks(plan_of(), torch.Generator().manual_seed(n)) for n in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    weights = [part.generator.entrance.layers[0].weight for part in (one, other, third)]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


def test_a_plan_comes_back_from_its_facts(plan_of):
    plan = plan_of(supervised=True)
    assert Plan.of(plan.facts) == plan


def test_a_single_domain_is_refused(plan_of):
    with pytest.raises(ValueError, match="at least 2 of different names"):
        plan_of(PHOTO)
