import pytest
import torch
from torch.testing import assert_close

from s2st import FindConfig, carried_over, found_regions
from s2st.look.found import clustered

SIZE = (8, 8)


def labels_of(picture):
    """Three stripes whose widths are the picture's own."""
    labels = torch.zeros(SIZE, dtype=torch.long)
    labels[2 + picture % 3 :] = 1
    labels[6:] = 2
    return labels


@pytest.fixture
def kinds(normal):
    """What each of the three stripes looks like to the network, [3, F]."""
    return 3 * normal(3, 12, seed=7)


@pytest.fixture
def seen(normal, kinds):
    """seen(pictures, shift): labels and features of pictures of one domain."""

    def of(pictures, shift=0.0, scale=1.0):
        labels = torch.stack([labels_of(one) for one in pictures])
        noise = 0.3 * normal(len(pictures), 12, *SIZE, seed=int(10 * shift))
        return labels, scale * (kinds[labels].movedim(-1, 1) + noise) + shift

    return of


def agreement(found, labels):
    """The share of pixels whose region is of the kind that most of it is."""
    right = sum(int(labels[found == one].bincount().max()) for one in found.unique())
    return right / labels.numel()


def test_regions_are_found_across_domains(seen):
    (labels, source), (others, references) = seen(range(2)), seen(range(5), 4.0, 0.2)
    found = found_regions(source, references, SIZE, SIZE, FindConfig(count=3))
    assert found.source.shape == (2, 8, 8)
    assert found.references.shape == (2, 5, 8, 8)
    assert agreement(found.source[0], labels[0]) > 0.97
    both = torch.cat([found.source[:1], found.references[0]])
    assert agreement(both, torch.cat([labels[:1], others])) > 0.97


def test_a_picture_of_a_batch_has_the_regions_that_it_has_alone(seen):
    (_, source), (_, references) = seen(range(2)), seen(range(5), 4.0)
    together = found_regions(source, references, SIZE, SIZE)
    alone = found_regions(source[1:], references, SIZE, SIZE)
    assert torch.equal(together.source[1:], alone.source)
    assert torch.equal(together.references[1:], alone.references)


def test_latents_may_be_finer_than_features_and_of_two_sizes(seen):
    (_, source), (_, references) = seen(range(1)), seen(range(2), 4.0)
    found = found_regions(source, references, (16, 20), (8, 24))
    assert found.source.shape == (1, 16, 20)
    assert found.references.shape == (1, 2, 8, 24)


def test_labels_are_carried_over_to_another_domain(seen):
    (labels, source), (others, references) = seen(range(1)), seen(range(5), 4.0, 0.2)
    carried = carried_over(labels, source, references, SIZE)
    assert float((carried == others).float().mean()) > 0.97
    larger = carried_over(labels, source, references, (16, 16))
    assert larger.shape == (5, 16, 16)


def test_clusters_are_the_same_every_time_and_as_many_as_points_allow(normal):
    points = normal(100, 5)
    one, other = (clustered(points, 7, torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(one, other)
    assert len(one) == 7
    same = torch.ones(20, 5)
    assert_close(clustered(same, 7, torch.Generator()), same[:1])


def test_clusters_lie_where_the_points_do(normal):
    middles = 10 * normal(4, 3)
    points = torch.cat([one + 0.1 * normal(50, 3, seed=2) for one in middles])
    found = clustered(points, 4, torch.Generator().manual_seed(0))
    assert float(torch.cdist(middles, found).amin(dim=1).max()) < 0.1
