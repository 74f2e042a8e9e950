"""Words for regions, held there by S2ST, by prompts mixed under masks, and by attention couple.

All phrases are asked for in one prompt. Where things belong says the renderer's label map; times of
day, which the demo model reads far better than names of things, have a half of the picture each.
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
from s2st.strokes.token_regions import HeldPrompt, Text, grid_of, held_prompt, layout_of

from .lab import Case, Family, Lab, Meter, Method, Setting
from .store import BULB, label_maps
from .stroke_methods import GUIDANCE, PLUS, drawn, painted

THINGS = {
    "trees": (Label.TREE,),
    "tall buildings": (Label.BUILDING, Label.WINDOW),
    "a car": (Label.CAR,),
}
TIMES = ("on a sunny day", "at night")
LEAST = 0.02  # of the picture that a thing must cover to be a region
USUAL = RegionConfig().strength
STRENGTHS = (0.0, 0.5, 1.0, 2.0, 4.0)
FORBIDDEN = -1e4  # added to a score, it leaves nothing of it
SIDE = 128
Masks = Mapping[str, Tensor]


class Subject(str, Enum):
    """What words are asked for."""

    THINGS = "things"  # where the renderer's label map has them
    TIMES = "times of day"  # one in each half of the picture

    @property
    def phrases(self) -> tuple[str, ...]:
        return tuple(THINGS) if self is Subject.THINGS else tuple(TIMES)

    def text(self, *phrases: str) -> str:
        """The prompt that names these phrases."""
        street, link = (prompt("day"), ", with ") if self is Subject.THINGS else ("a street", " ")
        return link.join(filter(None, [street, ", ".join(phrases)]))

    def masks(self, seeds: Sequence[int]) -> list[Masks]:
        """Where each phrase belongs in every scene."""
        if self is Subject.TIMES:
            return [halves(TIMES if seed % 2 else TIMES[::-1]) for seed in seeds]
        maps = label_maps(seeds)
        return [things_of(one) for one in maps.where(maps != BULB, Label.LAMP)]


def things_of(labels: Tensor) -> Masks:
    """The masks of those things that a scene has enough of."""
    masks = {name: torch.isin(labels, torch.tensor(one)).float() for name, one in THINGS.items()}
    return {name: mask for name, mask in masks.items() if mask.mean() >= LEAST}


def halves(phrases: Sequence[str]) -> Masks:
    """The first phrase on the left, the second on the right."""
    left = (torch.arange(SIDE) < SIDE // 2).float().expand(SIDE, SIDE)
    return dict(zip(phrases, (left, 1 - left), strict=True))


class Held(Joint):
    """S2ST's: each picture's prompt, whose words are more in their regions and less outside."""

    def __init__(
        self, lab: Lab, subject: Subject, every: Sequence[Masks], config: RegionConfig
    ) -> None:
        self._parts = lab.parts
        self._held = [held_words(lab, subject, masks, config) for masks in every]

    def denoise_all(self, queries: Sequence[Query], sigma: float) -> list[Tensor]:
        if not any(self._held):  # the node then hands on the model as it was
            return ask(self._parts.denoiser, queries, sigma)
        positive, *others = queries
        pictures = zip(positive.x.split(1), self._held, strict=True)
        answers = [self._alone(replace(positive, x=x), held, sigma) for x, held in pictures]
        return [torch.cat(answers), *ask(self._parts.denoiser, others, sigma)]

    def _alone(self, query: Query, held: HeldPrompt | None, sigma: float) -> Tensor:
        """One picture's answer, for pictures' prompts differ in length."""
        if held is None:
            return self._parts.denoiser.denoise(query.x, sigma, query.conditioning)
        call = held.in_call(held.embedding, sigma, size_of([query]))

        def bias(query: Tensor, key: Tensor, heads: int, _: Tensor) -> Tensor | None:
            return None if call is None else call.bias(query, key, heads)

        with attention_bias(self._parts.pipeline.unet, bias):
            return self._parts.denoiser.denoise(query.x, sigma, Conditioning(held.embedding))


def held_words(lab: Lab, subject: Subject, masks: Masks, config: RegionConfig) -> HeldPrompt | None:
    """The prompt of all phrases, each held to its mask; None where there is no mask."""
    layout = layout_of([Region(name, mask) for name, mask in masks.items()])
    whole = text_of(lab, subject.text(*subject.phrases))
    phrases = [text_of(lab, one.phrase) for one in layout.regions]
    others = [text_of(lab, one) for one in subject.phrases]
    return held_prompt(layout, whole, phrases, others, config)


def size_of(queries: Sequence[Query]) -> tuple[int, int]:
    return queries[0].x.shape[-2], queries[0].x.shape[-1]


class Apart(Joint):
    """A prompt for every phrase and one for the rest, in the place of the positive prompt."""

    def __init__(self, lab: Lab, subject: Subject, every: Sequence[Masks]) -> None:
        self._parts = lab.parts
        texts = [subject.text(), *map(subject.text, subject.phrases)]
        self._prompts = [lab.parts.encode_prompt(one) for one in texts]
        blank = torch.zeros(SIDE, SIDE)
        named = [[masks.get(name, blank) for name in subject.phrases] for masks in every]
        planes = torch.stack([torch.stack(one) for one in named])
        self._planes = torch.cat([1 - planes.sum(dim=1, keepdim=True), planes], dim=1)

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

    def model(
        self, lab: Lab, subject: Subject, every: Sequence[Masks], config: RegionConfig
    ) -> Denoiser:
        """The laboratory's model, which holds words to the masks of every picture of a batch."""
        match self:
            case Way.NOBODY:
                return lab.parts.denoiser
            case Way.HELD:
                return Held(lab, subject, every, config)
            case Way.MIXED:
                return Mixed(lab, subject, every)
            case Way.COUPLED:
                return Coupled(lab, subject, every)


def in_words(case: Case, setting: Setting, spent: Meter) -> Tensor:
    """By a model that holds words to their regions, over strokes or from noise."""
    case, lab, subject = drawn(case), case.lab, Subject(setting["subject"])
    every = subject.masks(case.seeds)
    every = [*every[1:], every[0]] if setting["shifted"] else every
    config = RegionConfig(strength=setting["strength"], apart=setting.get("apart", 0.0))
    model = Way(setting["way"]).model(lab, subject, every, config)
    words = lab.parts.encode_prompt(subject.text(*subject.phrases))
    task = Task(latent=case.latents, target=Prompt(words, lab.prompt(""), GUIDANCE))
    painting = PLUS if setting["strokes"] else replace(PLUS, updates=0)
    return painted(model, case, task, painting, spent)


def text_of(lab: Lab, text: str) -> Text:
    tokenizer = lab.parts.pipeline.tokenizer
    ids = tokenizer(text, padding="max_length", truncation=True).input_ids
    special = set(tokenizer("", padding="max_length").input_ids)
    tokens = [-1 if one in special else one for one in ids]
    return Text(tokens, lab.parts.encode_prompt(text).embedding)


def method(
    subject: Subject,
    name: str,
    way: Way,
    strength: float = 0.0,
    *,
    apart: float = RegionConfig().apart,
    shifted: bool = False,
    strokes: bool = False,
) -> Method:
    """`shifted` takes every scene's masks from the next one."""
    setting = {"subject": subject.value, "way": way.value, "strength": strength}
    if way is Way.HELD:
        setting["apart"] = apart
    return Method(
        name=f"{subject.value}, {name}",
        family=Family.OURS if way is Way.HELD else Family.RIVAL,
        run=in_words,
        settings=({**setting, "shifted": int(shifted), "strokes": int(strokes)},),
    )


def from_noise(subject: Subject) -> Iterator[Method]:
    """The prompt alone, ours by strength, another scene's masks, and others' ways."""
    yield method(subject, "the prompt alone", Way.NOBODY)
    for strength in STRENGTHS:
        yield method(subject, f"regions of strength {strength:g}", Way.HELD, strength)
    yield method(subject, "regions, places not kept apart", Way.HELD, USUAL, apart=0.0)
    yield method(subject, "another scene's regions", Way.HELD, USUAL, shifted=True)
    yield method(subject, "masked prompts", Way.MIXED)
    yield method(subject, "attention couple", Way.COUPLED)


def over_strokes(subject: Subject) -> Iterator[Method]:
    """The same over the strokes of day scenes: things have their colours, and night has not."""
    over = partial(method, subject, strokes=True)
    yield over("over strokes, the prompt alone", Way.NOBODY)
    yield over("over strokes, regions", Way.HELD, USUAL)
    yield over("over strokes, regions, places not kept apart", Way.HELD, USUAL, apart=0.0)
    yield over("over strokes, attention couple", Way.COUPLED)
