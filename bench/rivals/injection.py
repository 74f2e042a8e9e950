"""Rivals that inject attention, on direct inversion (Ju et al. 2310.01506): the source branch
simply *is* the stored trajectory. Beside it runs an edit from the same seed, which takes for a
first part of the steps from the source

- prompt-to-prompt (Hertz et al. 2208.01626): the cross-attention maps of all words that the prompts
  share ("attention refinement"), and, shorter, the self-attention maps;
- plug-and-play (Tumanyan et al. 2211.12572), guided and unguided rows alike: queries and keys in
  the decoder's self-attention and the features of one decoder residual block. Which block of this
  small UNet stands for the published fourth layer is open, so it is a setting: the coarsest (0) or
  the next (1), which carries colour too and so is taken for a shorter time.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import SequenceMatcher

import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import Attention
from torch import Tensor

from demo_world import prompt
from s2st import Conditioning, Trajectory, ddim_step
from s2st.model.guidance import combine

from ..lab import Case, Family, Lab, Meter, Method, Setting, settings

SOURCE, NULL, TARGET = range(3)  # the order of the rows while a source branch runs
EDIT = (NULL, TARGET)


@dataclass
class Switch:
    """Whether an injection happens in the present step."""

    on: bool = False


@torch.no_grad()
def edited_beside(
    case: Case, trajectory: Trajectory, scale: float, begin_step: Callable[[int], bool]
) -> Tensor:
    """The edited latent; `begin_step(index)` sets the switches and tells if any is on.

    Without an injection nobody looks at the source branch, and it is left out.
    """
    model, schedule, x = case.lab.parts.denoiser, trajectory.schedule, trajectory.states[-1]
    guided = torch.cat([case.embedding(""), case.embedding(case.pair.target)])
    together = Conditioning(torch.cat([case.embedding(case.pair.source), guided]))
    for index, (sigma, next_sigma) in enumerate(schedule.pairs()):
        if begin_step(index):
            rows = torch.cat([trajectory.state(schedule.steps - index), x, x])
            _, unconditional, conditional = model.denoise(rows, sigma, together).chunk(3)
        else:
            rows = torch.cat([x, x])
            unconditional, conditional = model.denoise(rows, sigma, Conditioning(guided)).chunk(2)
        x = ddim_step(x, combine(unconditional, conditional, scale), sigma, next_sigma)
    return x


@contextmanager
def kept_processors(unet: UNet2DConditionModel):
    """Give the UNet its own attention processors back afterwards."""
    before = dict(unet.attn_processors)
    try:
        yield before
    finally:
        unet.set_attn_processor(before)


class Injection:
    """An attention processor in whose rows (source, null, target) others look as the source does.

    `maps` changes what is attended to, `exchanged` the queries, keys and values before.
    """

    def __init__(self, switch: Switch) -> None:
        self.switch = switch

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
    ) -> Tensor:
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        projected = (attn.to_q(hidden_states), attn.to_k(context), attn.to_v(context))
        queries, keys, values = (attn.head_to_batch_dim(one) for one in projected)
        if self.switch.on:
            queries, keys, values = self.exchanged(queries, keys, values)
        maps = attn.get_attention_scores(queries, keys, attention_mask)
        gathered = torch.bmm(self.maps(maps) if self.switch.on else maps, values)
        shown = attn.to_out[1](attn.to_out[0](attn.batch_to_head_dim(gathered)))
        return shown / attn.rescale_output_factor

    def exchanged(
        self, queries: Tensor, keys: Tensor, values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        return queries, keys, values

    def maps(self, rows: Tensor) -> Tensor:
        return rows


class SelfInjection(Injection):
    """The receivers look where the source looks (its queries and keys)."""

    def __init__(self, switch: Switch, receivers: tuple[int, ...]) -> None:
        super().__init__(switch)
        self.receivers = receivers

    def exchanged(
        self, queries: Tensor, keys: Tensor, values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        seen = (with_source_rows(one, self.receivers) for one in (queries, keys))
        return *seen, values


class CrossInjection(Injection):
    """The target gets the source's maps of the words they share."""

    def __init__(self, switch: Switch, origin: Tensor) -> None:
        super().__init__(switch)
        self.shared, self.origin = origin >= 0, origin.clamp(min=0)

    def maps(self, rows: Tensor) -> Tensor:
        parts = list(rows.chunk(3))
        parts[TARGET] = torch.where(self.shared, parts[SOURCE][..., self.origin], parts[TARGET])
        return torch.cat(parts)


def with_source_rows(rows: Tensor, receivers: tuple[int, ...]) -> Tensor:
    """Rows (source, null, target) with the source's in the place of the receivers'."""
    parts = list(rows.chunk(3))
    for receiver in receivers:
        parts[receiver] = parts[SOURCE]
    return torch.cat(parts)


def origins(source: list[int], target: list[int]) -> Tensor:
    """Where each target token stands in the source, or -1 for a word of its own."""
    origin = torch.full((len(target),), -1)
    matcher = SequenceMatcher(None, source, target, autojunk=False)
    for block in matcher.get_matching_blocks():
        places = torch.arange(block.a, block.a + block.size)
        origin[block.b : block.b + block.size] = places
    return origin


def tokens(lab: Lab, domain: str) -> list[int]:
    return lab.parts.pipeline.tokenizer(prompt(domain), padding="max_length").input_ids


def run_prompt_to_prompt(case: Case, setting: Setting, meter: Meter) -> Tensor:
    trajectory, crossing, looking = case.inverted(meter), Switch(), Switch()
    origin = origins(tokens(case.lab, case.pair.source), tokens(case.lab, case.pair.target))
    cross, itself = CrossInjection(crossing, origin), SelfInjection(looking, (TARGET,))

    def begin_step(index: int) -> bool:
        crossing.on = index < setting["cross"] * case.lab.steps
        looking.on = index < setting["self"] * case.lab.steps
        return crossing.on or looking.on

    unet = case.lab.parts.pipeline.unet
    with kept_processors(unet) as names:
        unet.set_attn_processor({name: cross if "attn2" in name else itself for name in names})
        return case.decoded(edited_beside(case, trajectory, setting["guidance"], begin_step))


@contextmanager
def plugged(unet: UNet2DConditionModel, block: int, looking: Switch, features: Switch):
    """Both injections, for as long as the context lasts; features are those of a decoder block."""

    def replace(_, __, output: Tensor) -> Tensor | None:
        return with_source_rows(output, EDIT) if features.on else None

    processor = SelfInjection(looking, EDIT)
    # Before the residual block's own shortcut, as published.
    handle = unet.up_blocks[block].resnets[1].conv2.register_forward_hook(replace)
    try:
        with kept_processors(unet) as before:
            decoder = {name for name in before if name.startswith("up_blocks") and "attn1" in name}
            chosen = {name: processor if name in decoder else old for name, old in before.items()}
            unet.set_attn_processor(chosen)
            yield
    finally:
        handle.remove()


def run_plug_and_play(case: Case, setting: Setting, meter: Meter) -> Tensor:
    trajectory, looking, features = case.inverted(meter), Switch(), Switch()

    def begin_step(index: int) -> bool:
        looking.on = index < setting["self"] * case.lab.steps
        features.on = index < setting["features"] * case.lab.steps
        return looking.on or features.on

    with plugged(case.lab.parts.pipeline.unet, setting["block"], looking, features):
        return case.decoded(edited_beside(case, trajectory, setting["guidance"], begin_step))


PROMPT_TO_PROMPT = Method(
    name="Prompt-to-prompt",
    family=Family.RIVAL,
    run=run_prompt_to_prompt,
    settings=settings(
        "guidance cross self",
        *((2.0, 0.2, 0.4), (3.0, 0.2, 0.4), (3.0, 0.1, 0.8), (5.0, 0.1, 0.4), (3.0, 0.8, 0.4)),
    ),
    source="2208.01626, 2310.01506",
)
PLUG_AND_PLAY = Method(
    name="Plug-and-play",
    family=Family.RIVAL,
    run=run_plug_and_play,
    settings=settings(
        "guidance block self features",
        *((2.0, 1, 0.5, 0.1), (2.0, 1, 0.25, 0.4), (3.0, 1, 0.25, 0.4)),
        *((2.0, 0, 0.5, 0.8), (3.0, 0, 0.5, 0.8)),
    ),
    source="2211.12572, 2310.01506",
)
