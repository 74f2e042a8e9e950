"""How long and how large the translators are trained: the only home of these numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from s2st.kit.settings import Settings, choice, number
from s2st.many_to_one.design import Design
from s2st.many_to_one.learning import LearningConfig
from s2st.many_to_one.switches import Preset, Switches

MORE_ON_CUDA = 10  # steps, where nothing else is asked for


class Data(str, Enum):
    """What is learnt from."""

    DIGITS = "colorized-mnist"
    SCENES = "scenes"
    LOOKS = "domains"


@dataclass(frozen=True, kw_only=True)
class Training(Settings):
    """One run: networks, losses and how long; pictures that show it go to the run's folder."""

    design: Design
    learning: LearningConfig = LearningConfig(rate=2e-4, mapping_rate=2e-6)
    steps: int = number(4000, 1, 10_000_000, "Each runs discriminator and generator twice.")
    batch: int = number(8, 1, 1024, "Pictures of a step.")
    items: int = number(2000, 1, 100_000, "Scenes that are rendered to learn from.")
    coarse: bool = choice(
        False,
        "bfloat16 in the networks where a machine has it; its rounding drowns hidden colours.",
    )
    log_every: int = number(25, 1, 1_000_000, "Steps between two lines of the log.")
    save_every: int = number(250, 1, 1_000_000, "Steps between two checkpoints.")
    show_every: int = number(250, 1, 1_000_000, "Steps between two pictures.")


USUAL = {
    Data.DIGITS: Training(design=Design(size=32, width=16, most_width=128, hidden=128)),
    # Small enough to be shipped beside the demo model. Label maps have edges at every pixel, which
    # a side of 16 inside loses; means over pixels hardly count beside what a discriminator says.
    Data.SCENES: Training(
        design=Design(size=64, width=16, most_width=72, hidden=48, inside=32),
        learning=LearningConfig(cycle=10, pairs=100, diversity=2, rate=1e-3, mapping_rate=1e-5),
        steps=2500,
    ),
    Data.LOOKS: Training(
        design=Design(size=128, width=16, most_width=128, hidden=128, inside=32),
        learning=LearningConfig(cycle=10, rate=4e-4, mapping_rate=4e-6),
        steps=1200,
        batch=4,
        coarse=True,
    ),
}
# Minutes of one CPU core that each took, while the core beside it was at work too.
TOOK = {Data.DIGITS: 16.0, Data.SCENES: 29.0, Data.LOOKS: 21.0}
SMOKE = Training(
    design=Design(size=32, width=8, most_width=16, style=8, latent=4, hidden=16),
    learning=LearningConfig(rate=3e-3, mapping_rate=3e-5, average=0.9),
    steps=40,
    batch=4,
    items=4,
    log_every=5,
    save_every=20,
    show_every=20,
)


def usual(data: Data, smoke: bool) -> Training:
    """The run of a kind of data when nothing else is asked for."""
    return SMOKE if smoke else USUAL[data]


def with_budget(training: Training, took: float, minutes: float | None, cuda: bool) -> Training:
    """The same for as long as is asked."""
    return replace(training, steps=steps_within(minutes, training.steps, took, cuda))


def steps_within(minutes: float | None, usual: int, took: float, cuda: bool) -> int:
    """As many steps as take so many minutes of one core, of which the usual number `took` some."""
    if minutes is None:
        return usual * MORE_ON_CUDA if cuda else usual
    if not minutes > 0:
        raise ValueError(f"The run is to take {minutes:g} minutes, but needs more than 0.")
    return max(1, round(usual * minutes / took))


def switched(preset: Preset, off: Sequence[str], on: Sequence[str]) -> Switches:
    """A preset's switches with some of them turned."""
    switches = preset.switches
    for names, wanted in ((off, False), (on, True)):
        for name in names:
            if getattr(switches, name) is wanted:
                state = "on" if wanted else "off"
                raise ValueError(
                    f"{name} is to be turned {state}, but {preset.value} has it {state}: leave it "
                    f"out, or take another preset."
                )
            switches = replace(switches, **{name: wanted})
    return switches
