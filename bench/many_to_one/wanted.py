"""Which runs the page tells of, and those of them that are finished."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from s2st.many_to_one.switches import Preset
from translators.config import Data
from translators.runs import Run

STARGAN, HMU, HMS = (one.value for one in Preset)
SEEDS = 3
# One switch less than HMS has, or one more than StarGAN v2: HMS without supervised is HMU, and
# without diversity_where_many it is HMS itself, for a style of 0 makes no two answers differ.
TURNED = (
    (Preset.HMS, ("channel_mapping",), ()),
    (Preset.HMS, ("style_zero",), ()),
    (Preset.HMS, ("demodulation",), ()),
    (Preset.STARGAN, (), ("diversity_where_many",)),
    (Preset.STARGAN, (), ("supervised",)),
)


def wanted(data: Sequence[Data], seeds: int = SEEDS) -> Iterator[Run]:
    """Presets with all seeds, then single switches; of the six domains one run, the rival."""
    for seed in range(seeds):
        for one in data:
            if one is Data.LOOKS:
                if seed == 0:
                    yield Run(data=one, preset=Preset.STARGAN)
                continue
            for preset in Preset:
                yield Run(data=one, preset=preset, seed=seed)
    if Data.DIGITS in data:
        for seed in range(seeds):
            for preset, off, on in TURNED:
                yield Run(data=Data.DIGITS, preset=preset, off=off, on=on, seed=seed)
