"""How long and how large the scene network is trained: the only home of these numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from s2st.exemplar.design import Design
from s2st.exemplar.learning import LearningConfig
from s2st.kit.settings import Settings, number

from ..config import steps_within


@dataclass(frozen=True, kw_only=True)
class Training(Settings):
    """One run: networks, losses, what is drawn, and how long."""

    design: Design = Design()
    learning: LearningConfig = LearningConfig()
    steps: int = number(1600, 2, 10_000_000, "Lessons.")
    batch: int = number(8, 1, 1024, "Scenes of a lesson.")
    items: int = number(600, 2, 100_000, "Scenes that are rendered to learn from.")
    warm_up: int = number(60, 1, 1_000_000, "Steps in which the learning rate rises.")
    real: float = number(
        0.7, 0.0, 1.0, "Share of exemplars that show another scene; the others show the same."
    )
    given: float = number(0.9, 0.0, 1.0, "Share of scenes in which the prior is given the warp.")
    begun: float = number(
        0.5, 0.0, 1.0, "Share of noisy scenes in which noise is on the warp and not on the truth."
    )
    log_every: int = number(20, 1, 1_000_000, "Steps between two lines of the log.")
    save_every: int = number(100, 1, 1_000_000, "Steps between two checkpoints.")
    show_every: int = number(200, 1, 1_000_000, "Steps between two pictures.")


USUAL = Training()
TOOK = 33.0  # minutes of one CPU core, while the core beside it was at work too
SMOKE = Training(
    design=Design(size=32, width=16, features=16, blocks=1, prior_width=16),
    learning=LearningConfig(rate=4e-3, average=0.9),
    steps=60,
    batch=4,
    items=4,
    warm_up=5,
    log_every=10,
    save_every=30,
    show_every=30,
)


def with_budget(training: Training, minutes: float | None, cuda: bool) -> Training:
    """The same for as long as is asked."""
    return lasting(training, max(2, steps_within(minutes, training.steps, TOOK, cuda)))


def lasting(training: Training, steps: int) -> Training:
    """The same for another number of steps, of which at least one is not warming up."""
    return replace(training, steps=steps, warm_up=min(training.warm_up, steps - 1))
