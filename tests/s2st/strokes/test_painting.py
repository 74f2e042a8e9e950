import pytest
import torch
from kornia.filters import gaussian_blur2d
from torch.testing import assert_close

from s2st.model.gradients import loss_and_gradient
from s2st.strokes.painting import (
    Painting,
    blurred,
    median,
    painting_of,
    palette_of,
    quantised,
    strokes_of,
)


@pytest.fixture
def pictures():
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(2, 3, 5, 4, generator=generator)
    return torch.nn.functional.interpolate(coarse, (64, 48), mode="bicubic").clamp(0, 1)


@pytest.mark.parametrize(("side", "kernel", "sigma"), [(512, 35, 7.0), (128, 9, 1.75)])
def test_the_blur_is_the_released_one_scaled_with_the_picture(normal, side, kernel, sigma):
    picture = normal(1, 3, side, side)
    assert_close(blurred(picture), gaussian_blur2d(picture, (kernel,) * 2, (sigma,) * 2))


@pytest.mark.parametrize("size", [(3, 200), (1, 1), (5, 5)])
def test_any_size_can_be_painted(normal, size):
    picture = normal(1, 3, *size).sigmoid()
    for painting in Painting:
        assert painting_of(painting, picture, 2)(picture).shape == picture.shape


def test_a_blur_keeps_flat_colour_and_its_gradient_is_a_blur(pictures):
    flat = torch.full_like(pictures, 0.3)
    assert_close(blurred(flat), flat)
    _, gradient = loss_and_gradient(lambda at: blurred(at).flatten(1).sum(dim=1), pictures)
    assert_close(gradient[:, :, 20:40, 15:30], torch.ones(2, 3, 20, 15))


def test_a_median_drops_what_is_thin_and_keeps_edges():
    picture = torch.zeros(1, 3, 64, 64)
    picture[..., 32:] = 1
    picture[:, :, 10] = 0.5  # a thin line
    assert_close(median(picture)[..., 36:], torch.ones(1, 3, 64, 28))
    assert_close(median(picture)[..., :28], torch.zeros(1, 3, 64, 28))
    assert set(median(picture)[:, :, 20:].unique().tolist()) == {0.0, 1.0}


def test_a_palette_finds_the_colours_that_are_there(pictures):
    colours = torch.tensor([[0.1, 0.2, 0.3], [0.9, 0.8, 0.1], [0.5, 0.1, 0.7]])
    picture = colours[torch.arange(48) % 3].T.reshape(1, 3, 1, 48).expand(1, 3, 8, 48)
    found = palette_of(picture, 3)[0]
    assert_close(torch.cdist(found, colours).amin(dim=0), torch.zeros(3), atol=1e-3, rtol=0)
    assert palette_of(pictures, 5).shape == (2, 5, 3)


def test_a_palette_of_one_is_the_mean(pictures):
    assert_close(palette_of(pictures, 1)[:, 0], pictures.mean((2, 3)))


def test_a_batch_is_painted_as_its_pictures_are(pictures):
    both = strokes_of(pictures, colours=4, blur=0.5)
    assert_close(both, torch.cat([strokes_of(one[None], colours=4, blur=0.5) for one in pictures]))


def test_strokes_have_few_colours(pictures):
    painted = strokes_of(pictures, colours=4)
    for one in painted:
        assert 1 < len(one.flatten(1).T.unique(dim=0)) <= 4
    finer = strokes_of(pictures, colours=16)
    assert (finer - pictures).abs().mean() < 0.8 * (painted - pictures).abs().mean()


def test_a_palette_passes_gradients_straight(pictures):
    palette = palette_of(pictures, 3)

    def losses(at):
        return (quantised(at, palette) - 0.25).square().flatten(1).sum(dim=1)

    _, gradient = loss_and_gradient(losses, pictures)
    assert_close(gradient, 2 * (quantised(pictures, palette) - 0.25))


def test_strokes_of_strokes_are_nearly_themselves(pictures):
    painted = strokes_of(pictures, colours=4)
    paint = painting_of(Painting.PALETTE, painted, 4)
    assert float((paint(painted) - painted).abs().mean()) < 0.02


@pytest.mark.parametrize("colours", [0, 65])
def test_a_palette_of_no_or_too_many_colours_is_refused(pictures, colours):
    with pytest.raises(ValueError, match=f"{colours} colours .* a palette has 1 to 64"):
        palette_of(pictures, colours)
