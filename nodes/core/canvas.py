"""Several queries as one question to the core: states under each other, prompts on both sides.

The core answers prompts at one state, and puts those it may into one model call. Here several
states become one canvas, and each prompt gets the core's own `area` of its state there; the core
slices the area out, batches what has one shape, and writes each answer back to its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import comfy.conds
import torch
from torch import Tensor

from ...s2st import Conditioning
from ...s2st.model.contract import Query

SIDES = POSITIVE, NEGATIVE = 0, 1  # as the core tells its patches in `cond_or_uncond`
ROW = "s2st_row"  # in an entry: its area is a row of a canvas, and so a whole state
Entries = list[dict]


@dataclass(frozen=True)
class Row:
    """One state, and what is asked there: at most one prompt on each side of guidance."""

    state: Tensor
    asked: Mapping[int, Conditioning] = field(default_factory=dict)  # side -> prompt
    numbers: Mapping[int, int] = field(default_factory=dict)  # side -> which query it is

    def alone(self) -> list[Row]:
        """The same, each prompt on a row of its own."""
        return [
            Row(self.state, {side: self.asked[side]}, {side: number})
            for side, number in self.numbers.items()
        ]


def rows_of(queries: Sequence[Query]) -> list[Row]:
    """A row for each query, but one for the two sides of one state."""
    rows: list[Row] = []
    for number, query in enumerate(queries):
        side = NEGATIVE if query.negative else POSITIVE
        place = _row_for(query.x, side, rows)
        row = Row(query.x) if place is None else rows.pop(place)
        taken = replace(
            row,
            asked={**row.asked, side: query.conditioning},
            numbers={**row.numbers, side: number},
        )
        rows.insert(len(rows) if place is None else place, taken)
    return rows


def _row_for(state: Tensor, side: int, rows: list[Row]) -> int | None:
    free = (n for n, row in enumerate(rows) if row.state is state and side not in row.asked)
    return next(free, None)


def reason_to_part(entries: Entries, options: Mapping, states: Sequence[Tensor]) -> str | None:
    """Why these states cannot stand on one canvas, looked up before; None where they can."""
    if len({(one.shape, one.dtype, one.device) for one in states}) > 1:
        return "latents of different size"
    if options.get("context_handler") is not None:
        return "context windows"
    if any("area" in one or "default" in one for one in entries):
        return "areas"
    kinds = [one for entry in entries for one in entry["model_conds"].values()]
    if any(isinstance(one, comfy.conds.CONDNoiseShape) for one in kinds):
        return "a picture beside the latent"
    return None


def on_canvas(rows: Sequence[Row], entries: Sequence[Mapping[int, Entries]]):
    """(the state, the entries of each side or None) to ask of the core for all rows at once."""
    state = torch.cat([row.state for row in rows], dim=2) if len(rows) > 1 else rows[0].state
    return state, [_side(side, rows, entries) for side in SIDES]


def _side(
    side: int, rows: Sequence[Row], entries: Sequence[Mapping[int, Entries]]
) -> Entries | None:
    found = [
        entry if len(rows) == 1 else _placed(entry, number, len(rows), rows[number].state)
        for number, given in enumerate(entries)
        for entry in given.get(side, ())
    ]
    # As the core has it for a prompt that is not asked.
    return found if any(side in given for given in entries) else None


def _placed(entry: dict, number: int, rows: int, state: Tensor) -> dict:
    """The entry where its state stands; masked, for the borders of bare areas are softened."""
    height, width = state.shape[2:]
    mask = entry.get("mask")
    strength = entry.get("mask_strength", 1.0) if mask is not None else 1.0
    own = state.new_ones((1, height, width)) if mask is None else mask
    around = own.new_zeros((len(own), rows * height, width))
    around[:, number * height : (number + 1) * height] = own
    area = (height, width, number * height, 0)
    return {**entry, "area": area, "mask": around, "mask_strength": strength, ROW: True}


def taken(answers: Sequence[Tensor], rows: Sequence[Row]) -> dict[int, Tensor]:
    """Query number -> its part of what the core answered for each side."""
    height = rows[0].state.shape[2]
    return {
        number: answers[side][:, :, place * height : (place + 1) * height]
        for place, row in enumerate(rows)
        for side, number in row.numbers.items()
    }
