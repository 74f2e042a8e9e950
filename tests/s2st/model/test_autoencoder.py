import pytest
import torch
from ideal import MixingAutoencoder
from torch.testing import assert_close

from s2st import GradientError, verify_decoder
from s2st.model.autoencoder import LEAST, Tiled, decoded, padded, recomputed
from s2st.model.gradients import loss_and_gradient


@pytest.fixture
def autoencoder():
    return MixingAutoencoder()


class InHalf:
    """The same decoder in float16, which loses gradients below 6e-8."""

    stride = 2

    def __init__(self, autoencoder):
        self.inner = autoencoder

    def decode(self, latents):
        return self.inner.decode(latents.half())


class Counting:
    """Counts the latents it was given, and how large the largest was."""

    stride = 2

    def __init__(self, autoencoder):
        self.inner, self.sides = autoencoder, []

    def encode(self, pictures):
        return self.inner.encode(pictures)

    def decode(self, latents):
        self.sides.append(max(latents.shape[-2:]))
        return self.inner.decode(latents)


def test_half_precision_keeps_gradients_that_would_underflow(autoencoder, latent):
    def faint(decode):
        return lambda z: (decode(z) * 1e-9).flatten(1).sum(dim=1)

    half = InHalf(autoencoder)
    _, lost = loss_and_gradient(faint(lambda z: half.decode(z).float()), latent)
    _, kept = loss_and_gradient(faint(lambda z: decoded(half, z)), latent)
    _, exact = loss_and_gradient(faint(autoencoder.decode), latent)
    assert float(lost.abs().max()) == 0
    assert_close(kept, exact, rtol=1e-2, atol=0)
    assert decoded(half, latent).dtype is torch.float32


def test_tiles_give_what_the_whole_gives(autoencoder, normal):
    """This decoder looks at one pixel at a time, so that tiles change nothing."""
    latent = normal(2, 4, 37, 21)
    tiled = Tiled(autoencoder, tile=16, overlap=4)
    assert_close(tiled.decode(latent), autoencoder.decode(latent))
    assert_close(
        tiled.encode(autoencoder.decode(latent)), autoencoder.encode(autoencoder.decode(latent))
    )

    def losses(decode):
        return lambda z: decode(z).square().flatten(1).mean(dim=1)

    _, in_tiles = loss_and_gradient(losses(tiled.decode), latent)
    _, whole = loss_and_gradient(losses(autoencoder.decode), latent)
    assert_close(in_tiles, whole)


def test_no_tile_is_larger_than_asked_and_small_latents_go_whole(autoencoder, normal):
    counting = Counting(autoencoder)
    Tiled(counting, tile=16, overlap=4).decode(normal(1, 4, 40, 16))
    assert counting.sides == [16, 16, 16]
    Tiled(counting, tile=16, overlap=4).decode(normal(1, 4, 9, 16))
    assert counting.sides[3:] == [16]


def test_a_tile_is_computed_again_instead_of_kept(autoencoder, normal):
    counting = Counting(autoencoder)
    tiled = Tiled(counting, tile=8, overlap=2)
    loss_and_gradient(lambda z: tiled.decode(z).flatten(1).sum(dim=1), normal(1, 4, 14, 8))
    assert len(counting.sides) == 2 * 2


def test_recomputing_without_gradients_runs_once(autoencoder, latent):
    counting = Counting(autoencoder)
    recomputed(counting.decode, latent)
    assert len(counting.sides) == 1


def test_an_overlap_as_large_as_the_tile_is_refused(autoencoder):
    with pytest.raises(ValueError, match="overlap is 8, .* less than the tile, 8"):
        Tiled(autoencoder, tile=8, overlap=8)


def test_a_true_decoder_passes(autoencoder, latent):
    verify_decoder(autoencoder, latent, torch.Generator().manual_seed(0))


def test_a_wrong_decoder_is_refused(autoencoder, latent):
    class Wrong:
        stride = 2

        def decode(self, latents):
            right = autoencoder.decode(latents)
            return right + 0.5 * (right.flip(-1) - right.flip(-1).detach())

    with pytest.raises(GradientError, match="decoder's gradient .* cannot be trusted"):
        verify_decoder(Wrong(), latent, torch.Generator().manual_seed(0))


def test_a_decoder_without_a_gradient_is_refused(autoencoder, latent):
    class Forgetful:
        stride = 2

        def decode(self, latents):
            return autoencoder.decode(latents.detach())

    with pytest.raises(GradientError, match="decoder has no gradient .*: load the VAE in float32"):
        verify_decoder(Forgetful(), latent, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("size, wanted", [((32, 48), (32, 48)), ((33, 41), (36, 44))])
def test_pictures_are_padded_to_whole_latents(normal, size, wanted):
    picture = normal(1, 3, *size)
    whole = padded(picture, 4)
    assert whole.shape[-2:] == wanted
    assert torch.equal(whole[..., : size[0], : size[1]], picture)
    assert torch.equal(whole[..., -1, -1], picture[..., -1, -1])


def test_small_pictures_are_padded_to_as_many_latents_as_every_network_takes(normal):
    assert padded(normal(1, 3, 3, 50), 4).shape == (1, 3, 4 * LEAST, 52)
