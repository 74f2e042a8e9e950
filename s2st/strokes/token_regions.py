"""Words for regions: a phrase of the prompt is seen where its mask is, and less elsewhere.

Cross-attention asks at every place of the picture which words matter there. To the scores of a
phrase's words something is added inside its region and taken outside, most where noise is high and
the layout forms (after eDiff-I's paint-with-words, Balaji et al. 2211.01324, with its size taken
from the scores' own spread). The paper announces such control and never released it.

Words of one prompt know each other, and its end and padding know all of them: so each phrase also
stands behind the prompt in one of its own, which is held as a whole. And places see one another:
night on one side would darken the other, so that what lies in different regions looks at each other
less, by the same measure. That is ours.

Nothing is trained, no score of other words is touched, and strength 0 adds nothing at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from ..kit.settings import Settings, number
from ..model.checks import check_finite, check_tensor

TINY, WHOLE, COVERED = 0.02, 0.9, 0.95  # shares of the picture, as Krita's plug-in takes them
COARSEST = 64  # the largest step from a latent to a network's token grid
MOST_PLACES = 4096  # of a grid whose places are kept apart: finer ones draw no layout, and cost


@dataclass(frozen=True, kw_only=True)
class RegionConfig(Settings):
    strength: float = number(
        1.0, 0.0, 20.0, "How strongly words keep to their regions; 0 changes nothing."
    )
    outside: float = number(
        1.0, 0.0, 1.0, "How strongly a region's words are kept from the rest, as a share of that."
    )
    end: float = number(
        0.5, 0.0, 100.0, "The noise level (sigma) under which words are free again."
    )
    apart: float = number(
        1.0,
        0.0,
        20.0,
        "How strongly places of different regions look past each other, as a share of that.",
    )

    def at(self, sigma: float) -> float:
        """w log(1 + sigma^2) / 2, about log sigma where noise is high; 0 from `end` down."""
        if sigma <= self.end:
            return 0.0
        return self.strength * 0.5 * math.log1p(sigma**2)


@dataclass(frozen=True)
class Region:
    """A phrase and where it belongs."""

    phrase: str
    mask: Tensor  # [H, W] in 0..1

    def __post_init__(self) -> None:
        if not self.phrase.strip():
            raise ValueError("A region has no words, but its phrase must name what is there.")
        check_tensor("The region's mask", self.mask)
        if self.mask.ndim != 2:
            raise ValueError(
                f"The mask of {self.phrase!r} has shape {tuple(self.mask.shape)}, but a region has "
                f"one plane, [height, width]: pass one mask for one region."
            )
        check_finite(f"The mask of {self.phrase!r}", self.mask)

    @property
    def share(self) -> float:
        """Of the picture that it covers."""
        return float(self.mask.clamp(0, 1).mean())


@dataclass(frozen=True)
class Layout:
    """Which regions count, and what became of the others."""

    regions: tuple[Region, ...]  # without overlap; their phrases are part of the prompt
    everywhere: tuple[str, ...]  # phrases that belong to the whole picture
    dropped: tuple[str, ...]  # phrases whose region is too small
    background: Tensor | None  # [H, W], where the prompt's own words belong; None is everywhere


def layout_of(regions: Sequence[Region]) -> Layout:
    """The topmost (last) region wins where several are; tiny ones go, a whole one is no region.

    Regions of one phrase become one.
    """
    kept: list[Region] = []
    everywhere: list[str] = []
    dropped: list[str] = []
    covered = None
    for one in reversed(regions):
        mask = one.mask.clamp(0, 1).float()
        if covered is not None:
            covered = _as_large(covered, mask)
            mask = mask * (1 - covered)
        seen = Region(one.phrase, mask)
        if seen.share < TINY:
            dropped.append(one.phrase)
            continue
        if seen.share > WHOLE:
            everywhere.append(one.phrase)
            continue
        kept.append(seen)
        covered = mask if covered is None else (covered + mask).clamp(max=1)
    full = covered is None or float(covered.mean()) > COVERED
    background = None if full or covered is None else 1 - covered
    return Layout(
        regions=_united(reversed(kept)),
        everywhere=tuple(reversed(everywhere)),
        dropped=tuple(reversed(dropped)),
        background=background,
    )


def _united(regions: Iterable[Region]) -> tuple[Region, ...]:
    masks: dict[str, Tensor] = {}
    for one in regions:
        before = masks.get(one.phrase, torch.zeros_like(one.mask))
        masks[one.phrase] = (_as_large(before, one.mask) + one.mask).clamp(max=1)
    return tuple(Region(phrase, mask) for phrase, mask in masks.items())


def _as_large(mask: Tensor, other: Tensor) -> Tensor:
    if mask.shape == other.shape:
        return mask
    return F.interpolate(mask[None, None], other.shape, mode="area")[0, 0]


def mask_of_colour(strokes: Tensor, colour: Tensor, tolerance: float) -> Tensor:
    """[H, W]: where a stroke picture [3, H, W] has this colour [3], all in 0..1."""
    apart = (strokes - colour.to(strokes)[:, None, None]).square().mean(dim=0).sqrt()
    return (apart <= tolerance).to(strokes.dtype)


def tokens_of(phrase: Sequence[int], prompt: Sequence[int]) -> list[int]:
    """The places of all of a phrase's tokens in the prompt's, wherever it stands; none if nowhere.

    Both without beginning, end and padding: those are no words, and keep to no region.
    """
    length = len(phrase)
    if not length:
        return []
    starts = range(len(prompt) - length + 1)
    found = [at for at in starts if list(prompt[at : at + length]) == list(phrase)]
    return sorted({at + step for at in found for step in range(length)})


@dataclass(frozen=True)
class TokenMasks:
    """Where each token of a prompt belongs."""

    masks: Tensor  # [R, H, W] in 0..1
    region_of: Tensor  # [tokens]: which mask, or -1 for none
    words: Tensor  # [tokens]: whether it is a word; beginnings, ends and padding are none

    @property
    def count(self) -> int:
        return len(self.region_of)

    def to(self, device: torch.device) -> TokenMasks:
        moved = (one.to(device) for one in (self.masks, self.region_of, self.words))
        return TokenMasks(*moved)

    def wanted(self, grid: tuple[int, int], outside: float) -> Tensor:
        """[queries, tokens] on a grid of tokens: 1 inside, -outside outside, 0 for free tokens."""
        signed = self._on(grid) * (1 + outside) - outside
        free = signed.new_zeros(len(signed), 1)
        return torch.cat([signed, free], dim=1)[:, self.region_of]

    def between(self, grid: tuple[int, int]) -> Tensor:
        """[places, places]: 0 within a region, or within what none covers, and -1 between two."""
        shares = self._on(grid)
        rest = (1 - shares.sum(dim=1, keepdim=True)).clamp(min=0)
        shares = torch.cat([shares, rest], dim=1)
        return shares @ shares.T - 1

    def _on(self, grid: tuple[int, int]) -> Tensor:
        """[places, R] on a grid of tokens."""
        small = F.interpolate(self.masks[:, None].float(), grid, mode="area")[:, 0]
        return rearrange(small, "r h w -> (h w) r")


def token_masks(
    layout: Layout, places: Sequence[Sequence[int]], tokens: Sequence[int]
) -> TokenMasks | None:
    """Masks of a prompt's tokens, -1 for no word; None where none of them belongs to a region.

    `places` are the tokens of each of the layout's regions, and last those of its background.
    """
    masks = [one.mask for one in layout.regions]
    if layout.background is not None:
        masks.append(layout.background)
    region_of = torch.full((len(tokens),), -1, dtype=torch.long)
    for place, own in enumerate(places[: len(masks)]):
        region_of[list(own)] = place
    if (region_of < 0).all():
        return None
    planes = torch.stack([_as_large(one, masks[0]) for one in masks])
    return TokenMasks(planes, region_of, torch.tensor(tokens) >= 0)


@dataclass(frozen=True)
class HeldPrompt:
    """A prompt's embedding, and where its tokens belong."""

    embedding: Tensor  # [1, tokens, width]
    masks: TokenMasks
    config: RegionConfig

    def within(self, area: tuple[int, int, int, int], size: tuple[int, int]) -> HeldPrompt:
        """The same for a part (height, width, top, left) of a latent of this size."""
        height, width, top, left = area
        whole = F.interpolate(self.masks.masks[:, None].float(), size, mode="area")[:, 0]
        part = whole[:, top : top + height, left : left + width]
        return replace(self, masks=replace(self.masks, masks=part))

    def in_call(self, context: Tensor, sigma: float, size: tuple[int, int]) -> HeldRows | None:
        """What it holds in a call that reads these embeddings; None where it holds nothing.

        A call may read several prompts: this one is known by its own numbers, all others are left
        as they are. One beside a longer prompt may be read several times over.
        """
        own, strength = self.embedding.to(context), self.config.at(sigma)
        if not strength or context.shape[1] % own.shape[1] or context.shape[2] != own.shape[2]:
            return None
        same = (context[:, : own.shape[1]] == own).flatten(1).all(dim=1)
        rows = same.nonzero().flatten().tolist()
        repeats = context.shape[1] // own.shape[1]
        if not rows:
            return None
        masks = self.masks.to(context.device)
        return HeldRows(rows, len(context), masks, repeats, strength, self.config, size)


@dataclass
class HeldRows:
    """What holds in one call of a model."""

    rows: list[int]
    batch: int  # rows of the call
    masks: TokenMasks
    repeats: int
    strength: float
    config: RegionConfig
    size: tuple[int, int]  # of the latent
    _wanted: dict[tuple[int, int], Tensor] = field(default_factory=dict)
    _between: dict[tuple[int, int], Tensor] = field(default_factory=dict)

    def bias(self, query: Tensor, key: Tensor, heads: int) -> Tensor | None:
        """[B, queries, keys] to add to the scores of [B, queries or keys, heads x width].

        None where places attend neither to words nor to one another, or to parts of themselves.
        """
        queries, keys = query.shape[1], key.shape[1]
        grid, words = grid_of(queries, *self.size), self.masks.count * self.repeats
        if grid is None or len(query) != self.batch:  # as with HyperTile
            return None
        # Places may also attend to another picture's, several times as many.
        to_words = keys % queries and keys >= words
        to_places = self.config.apart and keys == queries != words and queries <= MOST_PLACES
        if not (to_words or to_places):
            return None
        # Whatever stands behind the words, such as an image prompt, stays as it is.
        held = words if to_words else keys
        places, known = (
            rearrange(one, "b n (h d) -> b h n d", h=heads)
            for one in (query[self.rows], key[self.rows, :held])
        )
        added = (self._to_words if to_words else self._to_places)(places, known, grid)
        bias = query.new_zeros(len(query), queries, keys)
        bias[self.rows, :, :held] = added.to(bias)
        return bias

    def _to_words(self, places: Tensor, words: Tensor, grid: tuple[int, int]) -> Tensor:
        if grid not in self._wanted:
            wanted = self.masks.wanted(grid, self.config.outside)
            self._wanted[grid] = wanted.repeat(1, self.repeats)
        named = self.masks.words.repeat(self.repeats)
        return region_bias(places, words, self._wanted[grid], named, self.strength)

    def _to_places(self, places: Tensor, others: Tensor, grid: tuple[int, int]) -> Tensor:
        strength = self.strength * self.config.apart
        if grid not in self._between:
            self._between[grid] = self.masks.between(grid)
        return strength * spread_of(places, others)[:, None, None] * self._between[grid]


@dataclass(frozen=True)
class Text:
    """A text as a model reads it."""

    tokens: Sequence[int]  # -1 for what is no word: beginning, end and padding
    embedding: Tensor  # [1, tokens, width]

    @property
    def words(self) -> list[int]:
        return [one for one in self.tokens if one >= 0]


def held_prompt(
    layout: Layout,
    whole: Text,
    phrases: Sequence[Text],
    everywhere: Sequence[Text],
    config: RegionConfig,
) -> HeldPrompt | None:
    """A prompt and behind it its phrases, held to the layout's regions; None if nothing is held.

    `phrases` are those of the regions; what is named `everywhere` belongs to the whole picture.
    """
    places, tokens = [], list(whole.tokens)
    for phrase in phrases:
        own = [len(tokens) + at for at in _from_first_word(phrase)]
        places.append([*tokens_of(phrase.words, whole.tokens), *own])
        tokens += phrase.tokens
    named = {at for one in (*phrases, *everywhere) for at in tokens_of(one.words, whole.tokens)}
    free = [at for at, one in enumerate(whole.tokens) if one >= 0 and at not in named]
    masks = token_masks(layout, [*places, free], tokens) if config.strength else None
    if masks is None:
        return None
    embedding = torch.cat([one.embedding for one in (whole, *phrases)], dim=1)
    return HeldPrompt(embedding, masks, config)


def _from_first_word(text: Text) -> list[int]:
    """All but the beginning, which means the same in every text."""
    words = [at for at, one in enumerate(text.tokens) if one >= 0]
    return list(range(words[0], len(text.tokens))) if words else []


def grid_of(queries: int, height: int, width: int) -> tuple[int, int] | None:
    """The token grid of that many queries over a latent, or None where there is none such."""
    step = 1
    while step <= COARSEST:
        grid = (-(-height // step), -(-width // step))
        if grid[0] * grid[1] == queries:
            return grid
        step *= 2
    return None


def region_bias(
    query: Tensor, key: Tensor, wanted: Tensor, words: Tensor, strength: float
) -> Tensor:
    """[B, queries, tokens] to add to the scores of heads [B, heads, queries or tokens, width].

    Its size is the spread of each picture's own scores of the words that are held, so that one
    strength serves every layer. Beginning and padding are left out of it: their scores are far
    larger.
    """
    held = wanted.any(dim=0) & words
    if not held.any():
        return query.new_zeros(len(query), *wanted.shape)
    return strength * spread_of(query, key[:, :, held])[:, None, None] * wanted.to(query.device)


def spread_of(query: Tensor, key: Tensor) -> Tensor:
    """[B]: the standard deviation of all scores q.k / sqrt(d), which are never computed.

    Their mean is that of the mean query and key; their mean square is tr(Q K), of the mean outer
    products of queries and of keys.
    """
    query, key = query.float(), key.float()
    outer = [torch.einsum("bhnd,bhne->bhde", one, one) / one.shape[2] for one in (query, key)]
    squares = (outer[0] * outer[1]).sum(dim=(2, 3)).mean(dim=1)
    means = (query.mean(dim=2) * key.mean(dim=2)).sum(dim=2).mean(dim=1)
    return ((squares - means**2).clamp(min=1e-12) / query.shape[-1]).sqrt()
