import math

import torch
import torch.nn.functional as F
from torch.testing import assert_close

from s2st.exemplar.losses import (
    UNKNOWN,
    Met,
    class_loss,
    cycle_loss,
    domain_loss,
    place_loss,
)


def unit(generator, count=2):
    return F.normalize(torch.randn(count, 4, 4, 32, generator=generator), dim=-1)


def test_a_picture_that_is_its_exemplar_s_mirror_is_warped_to_it_and_back(generator):
    own = unit(generator)
    met = Met(own, own.flip(2), 0.005)
    values = torch.randn(2, 3, 4, 4, generator=generator)
    warp = met.warp(values)
    assert_close(warp, values.flip(-1), atol=1e-3, rtol=0)
    assert_close(cycle_loss(met, warp, values), torch.zeros(2), atol=1e-3, rtol=0)


def test_a_warp_that_mixes_does_not_come_back(generator):
    same = torch.ones(1, 4, 4, 32) / 32**0.5
    met = Met(same, same, 0.005)
    values = torch.randn(1, 3, 4, 4, generator=generator)
    warp = met.warp(values)
    assert_close(warp, values.mean(dim=(2, 3), keepdim=True).expand_as(values))
    assert cycle_loss(met, warp, values) > 0.5


def test_each_picture_has_its_own_exemplar(generator):
    own = unit(generator)
    values = torch.randn(2, 3, 4, 4, generator=generator)
    both = Met(own, own.flip(0), 0.1).warp(values)
    alone = Met(own[:1], own[1:], 0.1).warp(values[:1])
    assert_close(both[:1], alone)


def test_domains_are_apart_by_their_features(generator):
    own = unit(generator)
    assert domain_loss(own, own).tolist() == [0, 0]
    assert_close(domain_loss(own, -own), 2 * own.abs().flatten(1).mean(dim=1))


def test_known_places_cost_what_is_missed(generator):
    own = unit(generator, 1)
    places = torch.arange(16)[None]
    assert place_loss(Met(own, own, 0.005), places) < 1e-3
    same = torch.ones_like(own) / 32**0.5
    half = places.where(places % 2 == 0, UNKNOWN)
    assert_close(place_loss(Met(same, same, 1.0), half), torch.tensor([math.log(16)]))
    unknown = torch.full_like(places, UNKNOWN)
    assert place_loss(Met(own, own, 0.005), unknown).tolist() == [0]


def test_classes_that_the_exemplar_lacks_are_not_asked_for():
    own = torch.zeros(1, 3, 2, 2)
    own[:, 0, 0], own[:, 1, 1] = 1, 1
    exemplar = torch.zeros_like(own)
    exemplar[:, 0] = 1  # nothing but the first class
    brought = exemplar
    assert class_loss(brought, own, exemplar).tolist() == [0]
    right, wrong = (class_loss(one, own, own) for one in (own, own.flip(1)))
    assert right == 0 and wrong > 1
