"""Prompt-to-prompt (Hertz et al. 2208.01626) on direct inversion.

For a first part of the steps the target branch takes the source's cross-attention maps for all
words that the prompts share ("attention refinement"), and, shorter, its self-attention maps.
"""

from __future__ import annotations

from difflib import SequenceMatcher

import torch
from diffusers.models.attention_processor import Attention
from torch import Tensor

from demo_world import prompt

from ..lab import Case, Lab, Meter
from ..method import Family, Method, Setting, trajectory_of
from .direct_inversion import (
    SOURCE,
    TARGET,
    SelfInjection,
    Switch,
    attended,
    edited_beside,
    queries_keys_values,
)
from .pipelines import kept_processors


class CrossInjection:
    """An attention processor that gives the target the source's maps of the words they share."""

    def __init__(self, switch: Switch, origin: Tensor) -> None:
        self.switch = switch
        self.shared = origin >= 0
        self.origin = origin.clamp(min=0)

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
    ) -> Tensor:
        queries, keys, values = queries_keys_values(attn, hidden_states, encoder_hidden_states)
        probabilities = attn.get_attention_scores(queries, keys, attention_mask)
        if self.switch.on:
            parts = list(probabilities.chunk(3))
            moved = parts[SOURCE][..., self.origin]
            parts[TARGET] = torch.where(self.shared, moved, parts[TARGET])
            probabilities = torch.cat(parts)
        return attended(attn, probabilities, values)


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


def run(case: Case, setting: Setting, meter: Meter) -> Tensor:
    trajectory, unet = trajectory_of(case, meter), case.lab.parts.pipeline.unet
    crossing, looking = Switch(), Switch()
    origin = origins(tokens(case.lab, case.pair.source), tokens(case.lab, case.pair.target))
    cross, itself = CrossInjection(crossing, origin), SelfInjection(looking, (TARGET,))

    def begin_step(index: int) -> bool:
        crossing.on = index < setting["cross"] * case.lab.steps
        looking.on = index < setting["self"] * case.lab.steps
        return crossing.on or looking.on

    with kept_processors(unet):
        names = unet.attn_processors
        unet.set_attn_processor({name: cross if "attn2" in name else itself for name in names})
        return case.decoded(edited_beside(case, trajectory, setting["guidance"], begin_step))


METHOD = Method(
    name="Prompt-to-prompt",
    family=Family.RIVAL,
    run=run,
    settings=(
        {"guidance": 2.0, "cross": 0.2, "self": 0.4},
        {"guidance": 3.0, "cross": 0.2, "self": 0.4},
        {"guidance": 3.0, "cross": 0.1, "self": 0.8},
        {"guidance": 5.0, "cross": 0.1, "self": 0.4},
        {"guidance": 3.0, "cross": 0.8, "self": 0.4},
    ),
    source="2208.01626, 2310.01506",
)
