import torch
from torch.testing import assert_close

from s2st.exemplar.design import Design


def test_all_encoders_meet_on_the_latents_grid(networks, lesson):
    maps = networks.condition(lesson.shown)
    assert maps.shape == (3, 8, 8, 8)
    for seen in (
        networks.of_condition(maps),
        networks.of_photo(lesson.truth),
        networks.of_estimate(lesson.truth, maps),
    ):
        assert seen.shape == (3, 8, 8, 12)
        assert_close(seen.norm(dim=-1), torch.ones(3, 8, 8))
        assert_close(seen.mean(dim=-1), torch.zeros(3, 8, 8), atol=1e-6, rtol=0)


def test_an_estimate_is_seen_in_the_light_of_its_condition(networks, lesson):
    maps = networks.condition(lesson.shown)
    one, other = (networks.of_estimate(lesson.truth, given) for given in (maps, maps.flip(-1)))
    assert (one - other).abs().max() > 1e-3


def test_strides_of_other_autoencoders(plan, generator):
    from s2st.exemplar.encoders import ConditionEncoder

    encoder = ConditionEncoder(Design(stride=8, size=64, width=8), 3)
    assert encoder(torch.zeros(1, 3, 64, 32)).shape == (1, 8, 8, 4)
