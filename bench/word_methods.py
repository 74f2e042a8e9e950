"""Words for regions, held there by S2ST, by prompts mixed under masks, and by attention couple.

All things are asked for in one prompt; where each belongs says the renderer's label map.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from demo_world import prompt
from demo_world.kinds import Label
from s2st import Conditioning, Denoiser, Prompt, Region, RegionConfig, Task
from s2st.adapters.diffusers import attention_bias
from s2st.model.contract import Joint, Query, ask
from s2st.strokes.token_regions import (
    HeldPrompt,
    grid_of,
    layout_of,
    token_masks,
    tokens_of,
)

from .lab import Case, Family, Lab, Meter, Method, Setting
from .store import BULB, label_maps
from .stroke_methods import GUIDANCE, PLUS, drawn, painted

STREET = prompt("day")
THINGS = {
    "trees": (Label.TREE,),
    "tall buildings": (Label.BUILDING, Label.WINDOW),
    "a car": (Label.CAR,),
}
WORDS = f"{STREET}, with {', '.join(THINGS)}"
LEAST = 0.02  # of the picture that a thing must cover to be a region
USUAL = RegionConfig().strength
STRENGTHS = (0.0, 0.5, 1.0, 2.0, 4.0)
FORBIDDEN = -1e4  # added to a score, it leaves nothing of it
Masks = Mapping[str, Tensor]


class Asked(str, Enum):
    """What is asked for where."""

    OWN = "its own"
    ANOTHER = "another scene's"
    TURNED = "turned"  # each thing where the next one's strokes are, so that colours contradict


def asked_of(seeds: Sequence[int], asked: Asked) -> list[Masks]:
    """The masks of every scene."""
    maps = label_maps(seeds)
    own = [things_of(one) for one in maps.where(maps != BULB, Label.LAMP)]
    if asked is Asked.ANOTHER:
        return [*own[1:], own[0]]
    return [turned(one) for one in own] if asked is Asked.TURNED else own


def things_of(labels: Tensor) -> Masks:
    """The masks of those things that a scene has enough of."""
    masks = {name: torch.isin(labels, torch.tensor(one)).float() for name, one in THINGS.items()}
    return {name: mask for name, mask in masks.items() if mask.mean() >= LEAST}


def turned(masks: Masks) -> Masks:
    """Each thing in the next one's place; nothing where there is no other."""
    places = [*masks.values()]
    return dict(zip(masks, [*places[1:], places[0]], strict=True)) if len(places) > 1 else {}


class Held(Joint):
    """S2ST's: one prompt, whose words' scores are raised in their regions and lowered outside."""

    def __init__(self, lab: Lab, every: Sequence[Masks], strength: float) -> None:
        self._parts = lab.parts
        self._held = [held_prompt(lab, masks, strength) for masks in every]

    def denoise_all(self, queries: Sequence[Query], sigma: float) -> list[Tensor]:
        size = size_of(queries)

        def bias(query: Tensor, key: Tensor, heads: int, words: Tensor) -> Tensor | None:
            calls = [
                replace(call, rows=[row])
                for row, held in enumerate(self._held)  # the positive prompt is asked first
                if held and (call := held.in_call(words[row : row + 1], sigma, size))
            ]
            found = [call.bias(query, key, heads) for call in calls]
            return torch.stack(found).sum(dim=0) if found else None

        with attention_bias(self._parts.pipeline.unet, bias):
            return ask(self._parts.denoiser, queries, sigma)


def held_prompt(lab: Lab, masks: Masks, strength: float) -> HeldPrompt | None:
    """The prompt of all things, each held to its mask; None where there is no mask."""
    layout = layout_of([Region(name, mask) for name, mask in masks.items()])
    tokens = words_of(lab, WORDS)
    places = [tokens_of(phrase_of(lab, one.phrase), tokens) for one in layout.regions]
    named = {at for name in THINGS for at in tokens_of(phrase_of(lab, name), tokens)}
    free = [at for at, one in enumerate(tokens) if one >= 0 and at not in named]
    found = token_masks(layout, [*places, free], len(tokens))
    if found is None:
        return None
    config = RegionConfig(strength=strength)
    return HeldPrompt(lab.parts.encode_prompt(WORDS).embedding, found, config)


def size_of(queries: Sequence[Query]) -> tuple[int, int]:
    return queries[0].x.shape[-2], queries[0].x.shape[-1]


class Apart(Joint):
    """A prompt for every thing and one for the rest, in the place of the positive prompt."""

    def __init__(self, lab: Lab, every: Sequence[Masks]) -> None:
        self._parts = lab.parts
        texts = [STREET, *(f"{STREET}, with {name}" for name in THINGS)]
        self._prompts = [lab.parts.encode_prompt(one) for one in texts]
        blank = torch.zeros(128, 128)
        planes = [torch.stack([one.get(name, blank) for name in THINGS]) for one in every]
        things = torch.stack(planes)
        self._planes = torch.cat([1 - things.sum(dim=1, keepdim=True), things], dim=1)

    def shares(self, size: tuple[int, int]) -> Tensor:
        """[B, prompts, height, width]: how much each counts where, 1 together."""
        return F.interpolate(self._planes, size, mode="area")


class Mixed(Apart):
    """As the core's masked prompts: the predictions of all are mixed under their masks."""

    def denoise_all(self, queries: Sequence[Query], sigma: float) -> list[Tensor]:
        positive, *others = queries
        every = [replace(positive, conditioning=one) for one in self._prompts]
        answers = ask(self._parts.denoiser, [*every, *others], sigma)
        told = torch.stack(answers[: len(every)], dim=1)
        mixed = (told * self.shares(size_of(queries))[:, :, None]).sum(dim=1)
        return [mixed, *answers[len(every) :]]


class Coupled(Apart):
    """Attention couple: in one call each place attends to its own region's prompt alone."""

    def denoise_all(self, queries: Sequence[Query], sigma: float) -> list[Tensor]:
        positive, *others = queries
        words = [one.embedding for one in self._prompts]
        owner = torch.arange(len(words)).repeat_interleave(words[0].shape[1])

        def bias(query: Tensor, key: Tensor, _: int, words: Tensor) -> Tensor | None:
            grid = grid_of(query.shape[1], *size_of(queries))
            if words.shape[1] != len(owner) or grid is None:
                return None
            places = self.shares(grid).argmax(dim=1).flatten(1)
            return FORBIDDEN * (places[..., None] != owner).to(query)

        asked = replace(positive, conditioning=Conditioning(torch.cat(words, dim=1)))
        with attention_bias(self._parts.pipeline.unet, bias):
            return ask(self._parts.denoiser, [asked, *others], sigma)


class Way(str, Enum):
    """Who holds words to their regions."""

    NOBODY = "nobody"
    HELD = "S2ST"
    MIXED = "masked prompts"
    COUPLED = "attention couple"

    def model(self, lab: Lab, every: Sequence[Masks], strength: float) -> Denoiser:
        """The laboratory's model, which holds words to the masks of every picture of a batch."""
        match self:
            case Way.NOBODY:
                return lab.parts.denoiser
            case Way.HELD:
                return Held(lab, every, strength)
            case Way.MIXED:
                return Mixed(lab, every)
            case Way.COUPLED:
                return Coupled(lab, every)


def in_words(case: Case, setting: Setting, spent: Meter) -> Tensor:
    """By a model that holds words to their regions, over strokes or from noise."""
    case, lab = drawn(case), case.lab
    every = asked_of(case.seeds, Asked(setting["asked"]))
    model = Way(setting["way"]).model(lab, every, setting["strength"])
    target = Prompt(lab.parts.encode_prompt(WORDS), lab.prompt(""), GUIDANCE)
    config = PLUS if setting["strokes"] else replace(PLUS, updates=0)
    return painted(model, case, Task(latent=case.latents, target=target), config, spent)


def words_of(lab: Lab, text: str) -> list[int]:
    tokenizer = lab.parts.pipeline.tokenizer
    ids = tokenizer(text, padding="max_length", truncation=True).input_ids
    special = set(tokenizer("", padding="max_length").input_ids)
    return [-1 if one in special else one for one in ids]


def phrase_of(lab: Lab, text: str) -> list[int]:
    return [one for one in words_of(lab, text) if one >= 0]


def method(
    name: str, way: Way, strength: float = 0.0, asked: Asked = Asked.OWN, strokes: bool = False
) -> Method:
    setting = {"way": way.value, "strength": strength, "asked": asked.value}
    return Method(
        name=name,
        family=Family.OURS if way is Way.HELD else Family.RIVAL,
        run=in_words,
        settings=({**setting, "strokes": int(strokes)},),
    )


def regions() -> Iterator[Method]:
    """From noise: the prompt alone, ours by strength, another scene's masks, and others' ways."""
    yield method("the prompt alone", Way.NOBODY)
    for strength in STRENGTHS:
        yield method(f"regions, strength {strength:g}", Way.HELD, strength)
    yield method("regions of another scene", Way.HELD, USUAL, Asked.ANOTHER)
    yield method("masked prompts", Way.MIXED)
    yield method("attention couple", Way.COUPLED)


def over_strokes() -> Iterator[Method]:
    """Over strokes by GradOP+, where words agree with colours."""
    yield method("over strokes, the prompt alone", Way.NOBODY, strokes=True)
    yield method("over strokes, regions", Way.HELD, USUAL, strokes=True)


def against_strokes() -> Iterator[Method]:
    """The same where words contradict the colours of their places."""
    against = partial(method, asked=Asked.TURNED, strokes=True)
    yield against("against strokes, the prompt alone", Way.NOBODY)
    yield against("against strokes, regions", Way.HELD, USUAL)
    yield against("against strokes, attention couple", Way.COUPLED)
