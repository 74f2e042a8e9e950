from dataclasses import replace

import torch
from torch.testing import assert_close

from s2st.exemplar.sampling import SceneConfig, sampled, sigma_at
from s2st.kit.legend import one_hot
from s2st.look.exemplars import Exemplars

CONFIG = SceneConfig(polish=5)  # as published


def known(networks, latents):
    return Exemplars(latents, networks.of_photo(latents))


def made(networks, classes, exemplars, config=CONFIG, **listeners):
    return sampled(networks, one_hot(classes, 3), exemplars, config, **listeners)


def matches_of(networks, classes, exemplars, config):
    heard = []
    made(networks, classes, exemplars, config, on_match=lambda own, warp: heard.append(warp))
    return heard


def test_it_begins_at_the_paper_s_noise_and_ends_at_none():
    assert [round(one, 2) for one in CONFIG.sigmas] == [0.87, 0.69, 0.54, 0.40, 0.26]
    assert [round(one, 3) for one in replace(CONFIG, steps=2).sigmas] == [0.865, 0.541, 0.258]
    assert CONFIG.polishing[0] == sigma_at(101) and CONFIG.polishing[-1] == 0
    assert replace(CONFIG, polish=20).polishing[-2] < 0.1
    assert replace(CONFIG, polish=0).polishing == [0.0]


def test_it_matches_again_after_the_first_steps(networks, classes, latents):
    exemplars = known(networks, latents[:1])
    for rematches, count in ((0, 1), (1, 2), (2, 3), (9, 4)):
        config = replace(CONFIG, rematches=rematches)
        assert len(matches_of(networks, classes, exemplars, config)) == count


def test_the_first_match_is_the_condition_s_and_the_others_the_estimate_s(
    networks, classes, latents
):
    exemplars, heard = known(networks, latents[:1]), []
    made(networks, classes, exemplars, on_match=lambda own, _: heard.append(own))
    maps = networks.condition(one_hot(classes, 3))
    assert_close(heard[0], networks.of_condition(maps))
    assert (heard[0] - heard[1]).abs().max() > 1e-3
    assert (heard[1] - heard[2]).abs().max() > 1e-4


def test_every_evaluation_is_told(networks, classes, latents):
    exemplars = known(networks, latents[:1])
    for config in (CONFIG, replace(CONFIG, polish=0), replace(CONFIG, steps=1, polish=1)):
        told = []
        last = made(networks, classes, exemplars, config, on_step=told.append)
        assert [one.index for one in told] == list(range(1, config.evaluations + 1))
        assert {one.total for one in told} == {config.evaluations}
        assert torch.equal(told[-1].denoised, last)


def test_what_is_mixed_in_counts(networks, classes, latents):
    exemplars = known(networks, latents[:1])
    results = [
        made(networks, classes, exemplars, replace(CONFIG, polish=0, **changes))
        for changes in ({}, {"matching": 0.0}, {"rematches": 0}, {"stray": 0.0})
    ]
    for place, one in enumerate(results):
        for other in results[place + 1 :]:
            assert (one - other).abs().max() > 1e-3


def test_a_picture_of_a_batch_is_what_it_is_alone(networks, classes, latents):
    exemplars = known(networks, latents)
    together = made(networks, classes, exemplars)
    assert_close(together[1:2], made(networks, classes[1:2], exemplars), atol=2e-3, rtol=0)


def test_the_seed_decides(networks, classes, latents):
    exemplars = known(networks, latents[:1])
    one, again, other = (
        made(networks, classes, exemplars, replace(CONFIG, noise_seed=seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(one, again)
    assert (one - other).abs().max() > 1e-3
