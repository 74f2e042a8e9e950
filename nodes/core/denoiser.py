"""A loaded model with its prompts as s2st's Denoiser: every evaluation is a call of the core's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

import comfy.model_base
import comfy.patcher_extension
import comfy.samplers
import torch
from torch import Tensor

from ...s2st import Conditioning
from ...s2st.model.contract import Joint, Made, Query
from ...s2st.model.parameterization import flow_time, to_flow
from .backward import Backward
from .canvas import Entries, Row, on_canvas, reason_to_part, rows_of, taken
from .progress import stop_if_interrupted
from .prompts import PreparedPrompt, PromptHandle
from .room import MOST_PICTURES, Room
from .shown import feature_block, showing

OnPart = Callable[[float], None]  # told of evaluations, of which a part of the pictures is a part


def unheard(evaluations: float) -> None:
    """The listener that does nothing."""


@dataclass
class Calls:
    """How many prompts a session evaluated, in how many model calls, and why not in fewer."""

    evaluations: int = 0
    model_calls: int = 0
    reasons: set[str] = field(default_factory=set)


class ComfyDenoiser(Joint):
    """s2st's Denoiser on a model that the core has loaded and prepared."""

    def __init__(
        self,
        model: comfy.model_base.BaseModel,
        prompts: Mapping[str, PreparedPrompt],
        options: dict,
        flow: bool,
        backward: Backward | None,
        room: Room,
    ) -> None:
        self.calls = Calls()
        self._model = model
        self._prompts = prompts
        self._options = self._counting(options)
        self._flow = flow
        self._backward = backward
        self._room = room
        self._made = 0  # model calls, those of backward passes included
        self._on_part: OnPart = unheard

    @contextmanager
    def told_to(self, on_part: OnPart) -> Iterator[ComfyDenoiser]:
        """The same, which tells of every part of the pictures that has gone through."""
        self._on_part = on_part
        try:
            yield self
        finally:
            self._on_part = unheard

    def denoise_all(self, queries: Sequence[Query], sigma: float) -> list[Tensor]:
        before = self._made
        answers = self._answers(rows_of(queries), sigma)
        self.calls.evaluations += len(queries)
        self.calls.model_calls += self._made - before
        return [answers[number] for number in range(len(queries))]

    def features(self, x: Tensor, sigma: float, conditioning: Conditioning, made: Made) -> Tensor:
        """Of what one evaluation shows of every picture, [b, channels, h, w], call by call."""
        found: list[Tensor] = []
        block, options = feature_block(self._model.diffusion_model), self._options
        self._options = showing(options, block, lambda one: found.append(made(one)))
        try:
            self.denoise(x, sigma, conditioning)
        finally:
            self._options = options
        features = torch.cat(found)
        assert len(features) == len(x)  # `check_features` lets no prompt of several parts through
        return features

    def _answers(self, rows: list[Row], sigma: float) -> dict[int, Tensor]:
        if self._flow:
            rows = [replace(row, state=to_flow(row.state, sigma)) for row in rows]
        level = flow_time(sigma) if self._flow else sigma
        answers: dict[int, Tensor] = {}
        for together in self._planned(rows):
            answers |= self._answers_together(together, level)
        return answers

    def _planned(self, rows: list[Row]) -> list[list[Row]]:
        """The rows of each question to the core: all, or one, or one prompt."""
        prompts = [self.prompt_of(one) for row in rows for one in row.asked.values()]
        reason = self._reason_to_ask_each_alone(prompts)
        if reason is not None:
            self.calls.reasons.add(reason)
            return [[alone] for row in rows for alone in row.alone()]
        if len(rows) == 1:
            return [rows]
        entries = [entry for prompt in prompts for entry in prompt.entries]
        reason = reason_to_part(entries, self._options, [row.state for row in rows])
        if reason is None:
            return [rows]
        self.calls.reasons.add(reason)
        return [[row] for row in rows]

    def _reason_to_ask_each_alone(self, prompts: list[PreparedPrompt]) -> str | None:
        if len(prompts) == 1:
            return None
        if any(prompt.has_hint_per_picture for prompt in prompts):
            return "a ControlNet with a hint for each picture"
        # A backward pass must find the weights of its own prompt.
        if self._backward is not None and len({one for each in prompts for one in each.hooks}) > 1:
            return "hooks"
        return None

    def prompt_of(self, conditioning: Conditioning) -> PreparedPrompt:
        """The prepared prompt that a conditioning stands for."""
        handle = conditioning.extra
        assert isinstance(handle, PromptHandle)  # a session hands out no others
        return self._prompts[handle.name]

    def _answers_together(self, rows: list[Row], level: float) -> dict[int, Tensor]:
        size, batch = self._pictures_at_once(rows), len(rows[0].state)
        if size < batch:
            self.calls.reasons.add("memory" if size < MOST_PICTURES else "many pictures")
        prompts, parts = sum(len(row.asked) for row in rows), []
        for part in _in_parts(rows, size):
            parts.append(self._evaluated(part, level))
            self._on_part(prompts * len(part[0].state) / batch)
        if len(parts) == 1:
            return parts[0]
        return {number: torch.cat([part[number] for part in parts]) for number in parts[0]}

    def _evaluated(self, rows: list[Row], level: float) -> dict[int, Tensor]:
        stop_if_interrupted()
        entries = [self._entries(row) for row in rows]
        state, conds = on_canvas(rows, entries)
        timestep = torch.full((len(state),), level, dtype=torch.float32, device=state.device)
        before = self._made
        answers = self._computed(conds, state, timestep)
        if self._made - before > 1:
            self.calls.reasons.add(_reason_for_several(conds, len(state)))
        return {
            number: one.clone() if one.is_inference() else one
            for number, one in taken(answers, rows).items()
        }

    def _computed(
        self, conds: list[Entries | None], state: Tensor, timestep: Tensor
    ) -> list[Tensor]:
        ask = partial(
            comfy.samplers.calc_cond_batch, self._model, conds, state, timestep, self._options
        )
        if self._backward is not None and torch.is_grad_enabled():
            return self._backward.computed(ask)
        with torch.inference_mode():  # as the core runs its own samplers
            return ask()

    def _entries(self, row: Row) -> dict[int, Entries]:
        return {
            side: self.prompt_of(one).with_embedding(one.embedding)
            for side, one in row.asked.items()
        }

    def _counting(self, options: dict) -> dict:
        """The options with a wrapper that counts calls of the model, whatever else wraps it."""

        def counted(executor, *args, **kwargs):
            self._made += 1
            return executor(*args, **kwargs)

        own = comfy.patcher_extension.copy_nested_dicts(options)
        kind = comfy.patcher_extension.WrappersMP.APPLY_MODEL
        comfy.patcher_extension.add_wrapper_with_key(
            kind, "s2st", counted, own, is_model_options=True
        )
        return own

    def _pictures_at_once(self, rows: list[Row]) -> int:
        """By the memory that was free at first, so that runs repeat exactly."""
        batch, prompts = len(rows[0].state), [one for row in rows for one in row.asked.values()]
        if not all(self.prompt_of(one).is_shared for one in prompts):
            return batch
        return self._room.at_once(batch, len(prompts) if self._backward else 0)


def _in_parts(rows: list[Row], size: int) -> list[list[Row]]:
    """The rows for some pictures of the batch after the other."""
    batch = len(rows[0].state)
    if size >= batch:
        return [rows]
    return [[_some(row, first, size) for row in rows] for first in range(0, batch, size)]


def _some(row: Row, first: int, size: int) -> Row:
    batch, some = len(row.state), slice(first, first + size)
    asked = {
        side: one.with_embedding(one.embedding[some]) if len(one.embedding) == batch else one
        for side, one in row.asked.items()
    }
    return replace(row, state=row.state[some], asked=asked)


def _reason_for_several(conds: Sequence[Entries | None], batch: int) -> str:
    """Why the core took several model calls for one question, by its own rules."""
    first, *others = (entry for side in conds for entry in side or ())
    if any(one.get("hooks") != first.get("hooks") for one in others):
        return "hooks"
    if any(one.get("control") is not first.get("control") for one in others):
        return "ControlNets"
    if any(_size(one) != _size(first) for one in others):
        return "areas"
    read = [_as_read(one, batch) for one in (first, *others)]
    if not all(comfy.samplers.cond_equal_size(one, read[0]) for one in read):
        return "prompts that differ in length"
    return "memory"


def _size(entry: dict) -> tuple[int, ...]:
    area = entry.get("area", ())
    return tuple(area[: len(area) // 2])


def _as_read(entry: dict, batch: int) -> dict:
    kinds = entry["model_conds"].items()
    return {name: one.process_cond(batch_size=batch, area=None) for name, one in kinds}
