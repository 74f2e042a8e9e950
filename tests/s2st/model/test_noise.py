"""Noise that a seed names."""

from itertools import islice

import torch

from s2st.model.noise import noises_for

LATENT = torch.zeros(2, 4, 3, 4)


def test_a_seed_names_a_sequence_of_different_noises():
    first, second = islice(noises_for(LATENT, 3), 2)
    assert first.shape == LATENT.shape and not torch.equal(first, second)
    assert all(map(torch.equal, (first, second), noises_for(LATENT, 3)))
    assert not torch.equal(first, next(noises_for(LATENT, 4)))


def test_pictures_of_a_batch_share_it_and_get_what_each_gets_alone():
    shared, alone = next(noises_for(LATENT, 3)), next(noises_for(LATENT[:1], 3))
    assert torch.equal(*shared) and torch.equal(shared[:1], alone)


def test_pictures_can_have_noise_of_their_own_the_first_as_alone():
    own = next(noises_for(LATENT, 3, shared=False))
    assert not torch.equal(*own)
    assert torch.equal(own[:1], next(noises_for(LATENT[:1], 3)))
