"""Direct inversion (Ju et al. 2310.01506): the source branch simply *is* the stored trajectory.

Beside it runs an edit from the same seed, into which attention of the source branch is injected;
how is what tells prompt-to-prompt from plug-and-play.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from diffusers.models.attention_processor import Attention
from torch import Tensor

from s2st import Conditioning, Trajectory, ddim_step
from s2st.model.guidance import combine

from ..lab import Case
from .pipelines import embedding


@dataclass
class Switch:
    """Whether an injection happens in the present step."""

    on: bool = False


SOURCE, NULL, TARGET = range(3)  # the order of the rows while a source branch runs


@torch.no_grad()
def edited_beside(
    case: Case, trajectory: Trajectory, scale: float, begin_step: Callable[[int], bool]
) -> Tensor:
    """The edited latent; `begin_step(index)` sets the switches and tells if any is on.

    Without an injection nobody looks at the source branch, and it is left out.
    """
    model, schedule, x = case.lab.parts.denoiser, trajectory.schedule, trajectory.states[-1]
    source = embedding(case, case.pair.source)
    guided = torch.cat([embedding(case, ""), embedding(case, case.pair.target)])
    together = Conditioning(torch.cat([source, guided]))
    for index, (sigma, next_sigma) in enumerate(schedule.pairs()):
        if begin_step(index):
            rows = torch.cat([trajectory.state(schedule.steps - index), x, x])
            _, unconditional, conditional = model.denoise(rows, sigma, together).chunk(3)
        else:
            rows = torch.cat([x, x])
            unconditional, conditional = model.denoise(rows, sigma, Conditioning(guided)).chunk(2)
        x = ddim_step(x, combine(unconditional, conditional, scale), sigma, next_sigma)
    return x


def queries_keys_values(attention: Attention, hidden: Tensor, context: Tensor | None) -> list:
    """[rows * heads, tokens, width] each."""
    context = hidden if context is None else context
    projected = (attention.to_q(hidden), attention.to_k(context), attention.to_v(context))
    return [attention.head_to_batch_dim(one) for one in projected]


def attended(attention: Attention, probabilities: Tensor, values: Tensor) -> Tensor:
    """What an attention layer gives for its attention map."""
    gathered = attention.batch_to_head_dim(torch.bmm(probabilities, values))
    return attention.to_out[1](attention.to_out[0](gathered)) / attention.rescale_output_factor


class SelfInjection:
    """An attention processor whose chosen rows look where the source looks (its q and k)."""

    def __init__(self, switch: Switch, receivers: tuple[int, ...]) -> None:
        self.switch, self.receivers = switch, receivers

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
    ) -> Tensor:
        queries, keys, values = queries_keys_values(attn, hidden_states, encoder_hidden_states)
        if self.switch.on:
            queries = with_source_rows(queries, self.receivers)
            keys = with_source_rows(keys, self.receivers)
        probabilities = attn.get_attention_scores(queries, keys, attention_mask)
        return attended(attn, probabilities, values)


def with_source_rows(rows: Tensor, receivers: tuple[int, ...]) -> Tensor:
    """Rows (source, null, target) with the source's in the place of the receivers'."""
    parts = list(rows.chunk(3))
    for receiver in receivers:
        parts[receiver] = parts[SOURCE]
    return torch.cat(parts)
