"""The framework's five changes to StarGAN v2, each a switch, and the three models they make.

After arXiv 2402.12531, whose code is not public: HMU is trained without pairs, HMS with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..kit.settings import Settings, choice


@dataclass(frozen=True, kw_only=True)
class Switches(Settings):
    channel_mapping: bool = choice(
        True,
        "Each domain has layers of its own into and out of the shared space, so that domains may "
        "have different numbers of channels; without it all are made of three colours.",
    )
    style_zero: bool = choice(
        True,
        "A domain with one answer is reached by content alone: its style is 0, whatever the seed "
        "or the reference, and no style is asked back.",
    )
    diversity_where_many: bool = choice(
        True,
        "Answers are asked to differ only where many exist; without it also where one does, which "
        "counts only while that domain's style is not 0.",
    )
    supervised: bool = choice(
        False,
        "Where the one answer is known, the translation is asked to be it: the mean absolute "
        "distance to the paired picture.",
    )
    demodulation: bool = choice(
        True,
        "Styles scale the weights of convolutions, which are then brought to unit length, in the "
        "place of AdaIN, which brings every map to zero mean and unit spread.",
    )


class Preset(str, Enum):
    STARGAN = "StarGAN v2"
    HMU = "HMU"
    HMS = "HMS"

    @property
    def switches(self) -> Switches:
        match self:
            case Preset.STARGAN:
                return Switches(
                    channel_mapping=False,
                    style_zero=False,
                    diversity_where_many=False,
                    supervised=False,
                    demodulation=False,
                )
            case Preset.HMU:
                return Switches()
            case Preset.HMS:
                return Switches(supervised=True)
            case _:
                raise ValueError(f"The preset is {self!r}, but must be a Preset.")
