from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from s2st import Regions, regional_look, regions_of_masks
from s2st.look.regions import MOST_REGIONS, at_size


def mask_of(*columns):
    """[1, 4, 4]: white in these columns."""
    mask = torch.zeros(1, 4, 4)
    mask[..., list(columns)] = 1
    return mask


def halves(count=1):
    """[count, 8, 8]: region 0 on the left, 1 on the right."""
    labels = torch.zeros(count, 8, 8, dtype=torch.long)
    labels[..., 4:] = 1
    return labels


def test_what_no_mask_covers_is_a_region_too():
    labels = regions_of_masks(torch.stack([mask_of(0), mask_of(3)]))
    assert labels.shape == (1, 4, 4)
    assert labels[0, 0].tolist() == [1, 0, 0, 2]


def test_of_masks_that_overlap_the_later_one_lies_on_top():
    labels = regions_of_masks(torch.stack([mask_of(0, 1, 2), mask_of(1)]))
    assert labels[0, 0].tolist() == [1, 2, 1, 0]


def test_a_mask_covers_what_it_covers_by_half():
    masks = torch.stack([0.5 * mask_of(0, 1), 0.4 * mask_of(1, 2), mask_of(3)])
    assert regions_of_masks(masks)[0, 0].tolist() == [1, 1, 0, 3]


@pytest.mark.parametrize(
    ("masks", "sentence"),
    [
        (torch.zeros(2, 1, 4, 4), "masks cover nothing, but at least one"),
        (torch.ones(100, 1, 4, 4), "There are 100 masks, but at most 63"),
        (torch.ones(4, 4), r"shape \(4, 4\), but must be \[regions, pictures"),
        (torch.full((1, 1, 4, 4), torch.nan), "NaN or infinite"),
    ],
)
def test_masks_that_make_no_regions_are_refused(masks, sentence):
    with pytest.raises(ValueError, match=sentence):
        regions_of_masks(masks)


def test_labels_of_another_size_are_what_most_of_a_pixel_was():
    labels = torch.tensor([[[0, 0, 3, 3], [0, 1, 3, 1], [2, 2, 1, 1], [2, 2, 1, 1]]])
    assert at_size(labels, 2, 2).tolist() == [[[0, 3], [2, 1]]]
    assert at_size(labels, 4, 4) is labels


@pytest.mark.parametrize(
    ("spoiled", "sentence"),
    [
        ({"source": torch.zeros(1, 8, 8)}, "must be whole numbers"),
        ({"source": torch.full((1, 8, 8), MOST_REGIONS)}, "must lie within 0 to 63"),
        ({"references": -halves(1)[None]}, "from -1 to 0"),
        ({"references": 2 + halves(1)[None]}, "No region of the source is in any reference"),
    ],
)
def test_regions_are_checked_when_they_are_made(spoiled, sentence):
    with pytest.raises(ValueError, match=sentence):
        replace(Regions(halves(), halves(3)[None]), **spoiled)


def test_a_reference_with_a_few_pixels_of_a_region_says_nothing_of_it(normal):
    references = torch.zeros(1, 3, 8, 8, dtype=torch.long)
    references[0, 0, 0, :3] = 1
    references[0, 1, 0, :4] = 1
    look = regional_look(Regions(halves(), references), normal(3, 4, 8, 8))
    assert look.has.tolist() == [[[True] * 3, [False, True, False]]]
    assert look.known.tolist() == [[True, True]]


def test_each_region_is_seen_on_its_own(normal):
    latents = normal(2, 4, 8, 8)
    latents[..., 4:] += 10
    look = regional_look(Regions(halves(), halves(2)[None]), latents)
    means = look.quantiles.mean(dim=-1)
    assert bool((means[0, 0] < 1).all() and (means[0, 1] > 9).all())
    assert_close(
        look.quantiles[0, 0, 0, 0, 127:129].mean(), latents[0, 0, :, :4].median(), atol=0.2, rtol=0
    )


def test_the_references_must_be_those_that_the_regions_were_made_for(normal):
    with pytest.raises(ValueError, match="make the regions of the same references"):
        regional_look(Regions(halves(), halves(2)[None]), normal(3, 4, 8, 8))
