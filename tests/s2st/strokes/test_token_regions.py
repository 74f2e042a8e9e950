from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from s2st.strokes.token_regions import (
    MOST_PLACES,
    HeldPrompt,
    Region,
    RegionConfig,
    Text,
    grid_of,
    held_prompt,
    layout_of,
    mask_of_colour,
    region_bias,
    spread_of,
    token_masks,
    tokens_of,
)

SIDE = 20


def plane(left, right, value=1.0):
    """A mask of columns."""
    mask = torch.zeros(SIDE, SIDE)
    mask[:, left:right] = value
    return mask


def phrases(regions):
    return [one.phrase for one in regions]


def test_the_topmost_region_wins():
    below, above = Region("sky", plane(0, 12)), Region("tree", plane(8, 18))
    layout = layout_of([below, above])
    assert phrases(layout.regions) == ["sky", "tree"]
    sky, tree = layout.regions
    assert_close(tree.mask, plane(8, 18))
    assert_close(sky.mask, plane(0, 8))
    assert_close(layout.background, plane(18, 20))


def test_a_region_that_is_nearly_nothing_is_dropped():
    speck = torch.zeros(SIDE, SIDE)
    speck[:2, :3] = 1  # 1.5 %
    layout = layout_of([Region("road", plane(0, 10)), Region("bird", speck)])
    assert layout.dropped == ("bird",)
    assert phrases(layout.regions) == ["road"]
    assert_close(layout.regions[0].mask, plane(0, 10))  # and takes nothing from others


def test_what_lies_under_another_is_dropped_too():
    layout = layout_of([Region("wall", plane(5, 9)), Region("tree", plane(4, 10))])
    assert layout.dropped == ("wall",)


def test_a_region_of_nearly_everything_is_no_region():
    layout = layout_of([Region("fog", plane(0, 19)), Region("car", plane(2, 6))])
    assert phrases(layout.regions) == ["fog", "car"]  # what is left of the fog is no longer whole
    alone = layout_of([Region("fog", plane(0, 19))])
    assert alone.everywhere == ("fog",) and alone.regions == () and alone.background is None


def test_a_background_is_added_where_something_is_left():
    assert layout_of([Region("road", plane(0, 15))]).background is not None
    two = [Region("road", plane(0, 10)), Region("sky", plane(10, 20))]
    assert layout_of(two).background is None


def test_masks_of_other_sizes_are_brought_together():
    layout = layout_of([Region("sky", torch.ones(10, 10)), Region("road", plane(0, 10))])
    assert_close(layout.regions[0].mask, torch.cat([torch.zeros(10, 5), torch.ones(10, 5)], 1))


def test_a_phrase_of_two_places_belongs_to_both():
    """What lies on top of one of them stays there."""
    given = [
        Region("tree", plane(0, 6)),
        Region("car", plane(4, 10)),
        Region("tree", plane(14, 20)),
    ]
    layout = layout_of(given)
    assert [one.phrase for one in layout.regions] == ["tree", "car"]
    assert_close(layout.regions[0].mask, plane(0, 4) + plane(14, 20))
    masks = token_masks(layout, [[1], [2]], [-1, 5, 6])
    assert masks.wanted((1, 20), outside=0.0)[:, 1].sum() == 10


@pytest.mark.parametrize(("phrase", "mask"), [(" ", plane(0, 5)), ("sky", plane(0, 5)[None])])
def test_regions_without_words_or_of_several_planes_are_refused(phrase, mask):
    with pytest.raises(ValueError, match="must name what is there|pass one mask for one region"):
        Region(phrase, mask)


def test_a_colour_of_the_strokes_is_a_mask():
    strokes = torch.zeros(3, 4, 4)
    strokes[:, :, 2:] = torch.tensor([0.9, 0.1, 0.2])[:, None, None]
    strokes[0, 0, 2] = 0.95
    mask = mask_of_colour(strokes, torch.tensor([0.9, 0.1, 0.2]), 0.05)
    assert_close(mask, torch.tensor([0.0, 0, 1, 1]).expand(4, 4))


def test_a_phrase_of_several_tokens_is_found_wherever_it_stands():
    assert tokens_of([7, 8], [1, 7, 8, 2, 7, 8]) == [1, 2, 4, 5]
    assert tokens_of([7, 9], [1, 7, 8, 2]) == []
    assert tokens_of([], [1, 7]) == []


def masks_of():
    """Of a beginning, two words for the sky, one for the road, and padding."""
    layout = layout_of([Region("sky", plane(0, 10)), Region("road", plane(10, 16))])
    return token_masks(layout, [[1, 2], [3]], [-1, 5, 6, 7, -1]), layout


def test_words_are_wanted_inside_and_not_outside_and_free_ones_nowhere():
    masks, _ = masks_of()
    wanted = masks.wanted((1, 10), outside=0.5)
    sky, road = wanted[:, 1], wanted[:, 3]
    assert_close(sky, torch.tensor([1.0] * 5 + [-0.5] * 5))
    assert_close(wanted[:, 2], sky)  # the same word's second token
    assert_close(road, torch.tensor([-0.5] * 5 + [1.0] * 3 + [-0.5] * 2))
    assert_close(wanted[:, [0, 4]], torch.zeros(10, 2))


def test_thin_regions_count_in_part_on_coarse_grids():
    thin = token_masks(layout_of([Region("pole", plane(4, 5))]), [[1]], [-1, 5, -1])
    assert_close(thin.wanted((2, 4), outside=0.0)[:, 1], torch.tensor([0.2, 0, 0, 0] * 2))


def test_the_background_has_words_of_its_own():
    layout = layout_of([Region("sky", plane(0, 10))])
    masks = token_masks(layout, [[1], [3]], [-1, 5, 6, 7])
    assert_close(masks.wanted((1, 2), outside=1.0)[:, 3], torch.tensor([-1.0, 1.0]))


def test_without_a_word_in_a_region_there_is_nothing_to_add():
    assert token_masks(layout_of([Region("sky", plane(0, 10))]), [[]], [-1, 5, 6, 7]) is None
    assert token_masks(layout_of([Region("sky", plane(0, 20))]), [], [-1, 5, 6, 7]) is None


@pytest.mark.parametrize(
    ("queries", "grid"), [(4096, (64, 64)), (1024, (32, 32)), (64, (8, 8)), (77, None)]
)
def test_a_token_grid_is_known_by_its_count(queries, grid):
    assert grid_of(queries, 64, 64) == grid


def test_token_grids_round_up_as_networks_do():
    assert grid_of(5 * 3, 9, 6) == (5, 3)
    assert grid_of(3 * 2, 9, 6) == (3, 2)


def test_strength_follows_the_noise_and_nought_is_nought():
    config = RegionConfig(strength=2.0)
    levels = [config.at(sigma) for sigma in (14.6, 4.0, 1.0, 0.5, 0.1)]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] == pytest.approx(2 * 0.5 * 5.366, rel=1e-2)
    assert levels[3:] == [0.0, 0.0]
    assert RegionConfig(strength=0.0).at(14.6) == 0.0


def test_what_is_added_is_a_share_of_the_scores_own_spread(normal):
    masks, _ = masks_of()
    query, key = normal(2, 3, 10, 8), normal(2, 3, 5, 8, seed=1)
    wanted = masks.wanted((1, 10), outside=1.0)
    bias = region_bias(query, key, wanted, masks.words, 2.0)
    assert bias.shape == (2, 10, 5)
    scores = torch.einsum("bhqd,bhkd->bhqk", query, key) / 8**0.5
    assert_close(bias[1], 2.0 * scores[1, ..., 1:4].std(correction=0) * wanted)
    louder = key.clone()
    louder[:, :, 0] *= 100  # as the beginning of a prompt is
    assert_close(region_bias(query, louder, wanted, masks.words, 2.0), bias)
    assert_close(region_bias(3 * query, key, wanted, masks.words, 2.0), 3 * bias)


def test_words_move_into_their_region(normal):
    """Attention after the bias, against attention before it and against permuted masks."""
    masks, _ = masks_of()
    query, key = normal(1, 2, 10, 8), normal(1, 2, 5, 8, seed=1)
    scores = torch.einsum("bhqd,bhkd->bhqk", query, key) / 8**0.5

    def share(masks):
        bias = 0
        if masks is not None:
            bias = region_bias(query, key, masks.wanted((1, 10), 1.0), masks.words, 2.0)
        return float((scores + bias).softmax(dim=-1)[:, :, :5, 1:3].sum(-1).mean())

    permuted = replace(masks, masks=masks.masks.flip(0))
    assert share(permuted) < share(None) < share(masks)


def test_phrases_stand_behind_the_prompt_and_are_held_whole(normal):
    """A street (9), sky (5, 6) and road (7): each text begins, has its words, and is padded."""
    layout = layout_of([Region("sky", plane(0, 10)), Region("road", plane(10, 16))])
    texts = [[-1, 9, 5, 6, 7], [-1, 5, 6, -1], [-1, 7, -1, -1]]
    whole, *phrases = (Text(one, normal(1, len(one), 7)) for one in texts)
    held = held_prompt(layout, whole, phrases, [], RegionConfig())
    assert_close(held.embedding, torch.cat([one.embedding for one in (whole, *phrases)], dim=1))
    first, second, rest = 0, 1, 2
    expected = [-1, rest, first, first, second, -1, first, first, first, -1, second, second, second]
    assert held.masks.region_of.tolist() == expected
    assert held.masks.words.tolist() == [one >= 0 for text in texts for one in text]
    loose = held_prompt(layout, whole, phrases, [Text([9], normal(1, 1, 7))], RegionConfig())
    assert loose.masks.region_of[1] == -1
    assert held_prompt(layout, whole, phrases, [], RegionConfig(strength=0.0)) is None


@pytest.fixture
def held(normal):
    """A prompt of five tokens for latents of 4 x 6, on a grid of 2 x 3 where half as fine."""
    masks, _ = masks_of()
    return HeldPrompt(normal(1, 5, 7), masks, RegionConfig(strength=1.0))


def test_a_prompt_is_known_among_others_by_its_own_numbers(held, normal):
    own, other = held.embedding, normal(1, 5, 7, seed=1)
    assert held.in_call(torch.cat([other, own, own]), 4.0, (4, 6)).rows == [1, 2]
    assert held.in_call(other, 4.0, (4, 6)) is None
    assert held.in_call(own[..., :6], 4.0, (4, 6)) is None
    assert held.in_call(own, 0.1, (4, 6)) is None  # under the level at which words are free


def test_only_its_rows_and_words_are_changed(held, normal):
    context = torch.cat([normal(1, 5, 7, seed=1), held.embedding])
    call = held.in_call(context, 4.0, (4, 6))
    bias = call.bias(normal(2, 6, 8), normal(2, 9, 8, seed=1), 2)
    assert bias.shape == (2, 6, 9)
    assert not bias[0].any() and not bias[1, :, [0, 4, 5, 6, 7, 8]].any()
    assert bias[1, :, 1:4].any()


def test_a_prompt_read_twice_over_is_held_twice(held, normal):
    call = held.in_call(held.embedding.repeat(1, 2, 1), 4.0, (4, 6))
    bias = call.bias(normal(1, 24, 8), normal(1, 10, 8, seed=1), 2)
    assert_close(bias[:, :, :5], bias[:, :, 5:])


def test_a_part_of_the_latent_has_its_part_of_the_masks():
    """A picture of 1 x 10 whose latent is 2 x 10: the sky is its left half."""
    masks, _ = masks_of()
    held = HeldPrompt(torch.zeros(1, 5, 7), masks, RegionConfig())
    part = held.within((1, 4, 1, 3), (2, 10))
    assert part.masks.wanted((1, 4), outside=0.5)[:, 1].tolist() == [1.0, 1.0, -0.5, -0.5]
    assert part.embedding is held.embedding


def test_places_of_different_regions_look_past_each_other(held, normal):
    """A grid of 2 x 3 over 20 columns: sky to column 10, road to 16, then what none covers."""
    call = held.in_call(held.embedding, 4.0, (4, 6))
    query, key = normal(1, 24, 8), normal(1, 24, 8, seed=1)
    bias = call.bias(query, key, 2).reshape(4, 6, 4, 6)
    assert not bias[0, 0, :, :3].any()  # sky to sky, in every row
    spread = float(spread_of(*(one.reshape(1, 24, 2, 4).transpose(1, 2) for one in (query, key))))
    assert_close(bias[0, 0, 0, 4], torch.tensor(-held.config.at(4.0) * spread))
    assert_close(bias[2, 4], bias[2, 4].flip(0))
    assert bias[0, 3, 0, 4] > bias[0, 0, 0, 4]  # mostly road, on its edge


def test_places_look_freely_where_that_is_asked_for_or_there_are_too_many(held, normal):
    free = replace(held, config=replace(held.config, apart=0.0))
    assert free.in_call(held.embedding, 4.0, (4, 6)).bias(*[normal(1, 24, 8)] * 2, 2) is None
    many = normal(1, MOST_PLACES + 64, 2)
    assert held.in_call(held.embedding, 4.0, (64, 65)).bias(many, many, 1) is None


def test_the_spread_of_scores_is_known_without_them(normal):
    query, key = normal(2, 3, 10, 8) + 0.5, normal(2, 3, 7, 8, seed=1) - 0.3
    scores = torch.einsum("bhqd,bhkd->bhqk", query, key) / 8**0.5
    assert_close(spread_of(query, key), scores.std(dim=(1, 2, 3), correction=0))


def test_other_attention_among_places_is_left_alone(held, normal):
    call = held.in_call(held.embedding, 4.0, (4, 6))
    assert call.bias(normal(1, 24, 8), normal(1, 48, 8), 2) is None  # another picture's beside
    assert call.bias(normal(1, 7, 8), normal(1, 5, 8), 2) is None  # no grid of the latent
    tiles = normal(4, 6, 8)  # of one picture of 24 places, which has a grid of 6
    assert call.bias(tiles, tiles, 2) is None
