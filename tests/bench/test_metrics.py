"""Metrics, on pictures whose answer is known."""

import math

import numpy as np
import pytest
import torch

from bench import metrics


def flat(*levels, size=16):
    """One grey picture per level."""
    return torch.tensor(levels).view(-1, 1, 1, 1).expand(-1, 3, size, size).clone()


def striped(upright, size=16):
    pattern = (torch.arange(size) // 4 % 2).float()
    grid = pattern[None, :].expand(size, size) if upright else pattern[:, None].expand(size, size)
    return grid.expand(1, 3, size, size).clone()


def random_pictures(count, seed=0, size=16):
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(seed))


def test_psnr_of_a_known_error():
    values = metrics.psnr(flat(0.5, 0.6), flat(0.5, 0.5))
    assert values[1].item() == pytest.approx(20.0, abs=1e-4)
    assert values[0].item() == pytest.approx(100.0, abs=1e-4)  # its limit for equal pictures


def test_ssim_is_one_for_equal_pictures_and_low_for_unrelated_ones():
    one, other = random_pictures(2), random_pictures(2, seed=1)
    assert metrics.ssim(one, one) == pytest.approx([1.0, 1.0], abs=1e-5)
    assert (metrics.ssim(one, other) < 0.3).all()


def test_edge_agreement_ignores_contrast_and_sees_direction_of_edges():
    upright, level = striped(True), striped(False)
    assert metrics.edge_agreement(upright, 0.3 * upright + 0.2).item() == pytest.approx(1.0)
    assert metrics.edge_agreement(upright, level).item() < 0.7


def test_edge_agreement_is_what_the_nodes_report():
    """One definition in two rooms: bench may not import nodes, the product not bench."""
    one, other = random_pictures(3), random_pictures(3, seed=1)
    weights = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    kernel = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 8
    kernels = torch.stack([kernel, kernel.T])[:, None]

    def magnitudes(pictures):
        grey = (pictures * weights).sum(dim=1, keepdim=True)
        padded = torch.nn.functional.pad(grey, (1, 1, 1, 1), mode="replicate")
        return torch.nn.functional.conv2d(padded, kernels).square().sum(dim=1).sqrt().flatten(1)

    expected = torch.nn.functional.cosine_similarity(magnitudes(one), magnitudes(other), dim=1)
    assert torch.allclose(metrics.edge_agreement(one, other), expected, atol=1e-5)


def test_colour_distance_of_flat_pictures_is_their_difference():
    some, others = (
        metrics.colour_distribution(flat(0.2, 0.6)),
        metrics.colour_distribution(flat(0.4, 0.6)),
    )
    distances = metrics.distribution_distance(some, others)
    assert distances.tolist() == pytest.approx([51 / 255, 0.0])


def test_colour_distance_is_the_mean_distance_of_sorted_values():
    some = (random_pictures(2) * 255).round() / 255
    others = (random_pictures(2, seed=1).square() * 255).round() / 255
    measured = metrics.distribution_distance(
        metrics.colour_distribution(some), metrics.colour_distribution(others)
    )
    apart = some.flatten(2).sort().values - others.flatten(2).sort().values
    assert measured.tolist() == pytest.approx(apart.abs().mean(dim=(1, 2)).tolist(), abs=1e-6)


def test_pooled_colours_are_those_of_all_pictures_together():
    """Half black and half white together look like a domain of halves; each alone does not."""
    results, domain = flat(0.0, 1.0), torch.cat([flat(0.0), flat(1.0)], dim=3)
    mine, look = metrics.colour_distribution(results), metrics.colour_distribution(domain)
    assert metrics.distribution_distance(mine.mean(dim=0), look[0]).item() == pytest.approx(0.0)
    assert metrics.distribution_distance(mine, look).tolist() == pytest.approx([0.5, 0.5])


def test_blurring_moves_the_gradient_distribution():
    sharp = striped(True, size=32)
    blurred = torch.nn.functional.avg_pool2d(sharp, 5, stride=1, padding=2)
    some, others = metrics.slope_distribution(sharp), metrics.slope_distribution(blurred)
    assert metrics.distribution_distance(some, some).item() == 0
    assert metrics.distribution_distance(some, others).item() > 0.05


def test_label_agreement_counts_pixels():
    labels = torch.tensor([[[0, 1], [2, 3]], [[0, 0], [0, 0]]])
    found = torch.tensor([[[0, 1], [2, 0]], [[1, 1], [1, 1]]])
    assert metrics.label_agreement(found, labels).tolist() == [0.75, 0.0]


def test_brightness_is_compared_where_a_mask_holds():
    where = torch.zeros(2, 16, 16, dtype=torch.bool)
    where[0, :4] = True
    results = flat(0.5, 0.5)
    results[0, :, :4] = 0.2
    error = metrics.brightness_error(results, flat(0.3, 0.3), where)
    assert error[0].item() == pytest.approx(0.1)
    assert error[1].isnan()  # nothing of it is in the picture


def masks(*boxes):
    mask = np.zeros((32, 32), dtype=bool)
    for top, left, height, width in boxes:
        mask[top : top + height, left : left + width] = True
    return mask


def test_things_are_kept_lost_or_invented():
    one, other, small = (2, 2, 4, 4), (20, 20, 5, 5), (10, 2, 3, 3)
    assert metrics.tracked(masks(one, other), masks(one)) == (2, 1, 1, 0)
    assert metrics.tracked(masks(one), masks(other)) == (1, 0, 1, 1)
    assert metrics.tracked(masks(), masks(small)) == (0, 0, 0, 0)  # too small to tell
    assert metrics.tracked(masks(), masks(one)) == (0, 0, 1, 1)


@pytest.mark.parametrize(("moved", "kept"), [(2, 1), (3, 0)])
def test_half_of_the_smaller_one_makes_two_patches_one_thing(moved, kept):
    found = metrics.tracked(masks((2, 2, 4, 4)), masks((2, 2 + moved, 4, 4)))
    assert found == (1, kept, 1, 1 - kept)


def test_corners_that_touch_belong_together():
    assert len(metrics.patches(masks((2, 2, 4, 4), (6, 6, 4, 4)))) == 1


def test_frechet_distance_of_moved_and_stretched_gaussians():
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(4000, 3, generator=generator, dtype=torch.float64)
    features = (features - features.mean(dim=0)) / features.std(dim=0)
    moved = features + torch.tensor([3.0, 0.0, 4.0])
    assert metrics.frechet_distance(features, features).item() == pytest.approx(0, abs=1e-6)
    assert metrics.frechet_distance(features, moved).item() == pytest.approx(25.0, abs=1e-6)
    # Twice the spread: trace(S + 4 S - 2 * 2 S) = trace(S).
    assert metrics.frechet_distance(features, 2 * features).item() == pytest.approx(3.0, abs=1e-6)


def test_frechet_distance_of_fewer_samples_than_features_is_finite():
    features = torch.rand(4, 6, generator=torch.Generator().manual_seed(0))
    batch = torch.stack([features, features + 1.0])
    distances = metrics.frechet_distance(batch, features)
    assert distances.tolist() == pytest.approx([0.0, 6.0], abs=1e-4)
    assert math.isfinite(distances.sum())
