"""How long and how fast the two stages learn: the only home of these numbers."""

from dataclasses import dataclass, replace

from ..model import Prediction


@dataclass(frozen=True, kw_only=True)
class StageConfig:
    """One stage of training; the learning rate warms up, stays, and falls to zero at `steps`."""

    steps: int
    batch: int
    learning_rate: float
    warm_up: int
    average_decay: float
    cool_down: float = 1.0
    log_every: int = 25
    save_every: int = 250

    def __post_init__(self):
        if self.steps <= self.warm_up:
            raise ValueError(f"steps is {self.steps}, but must exceed warm_up {self.warm_up}")
        if not 0 < self.batch <= 4096:
            raise ValueError(f"batch is {self.batch}, but must lie in 1..4096")
        if not 0 < self.cool_down <= 1:
            raise ValueError(f"cool_down is {self.cool_down}, but must lie in (0, 1]")
        if not 0 <= self.average_decay < 1:
            raise ValueError(f"average_decay is {self.average_decay}, but must lie in [0, 1)")


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """A whole run: which scenes are rendered, and the two stages."""

    first_scene: int = 0
    scenes: int = 2000
    size: int = 128
    seed: int = 20240
    prediction: Prediction = Prediction.V
    workers: int = 2
    compiled: bool = False
    autoencoder: StageConfig = StageConfig(
        steps=2200, batch=16, learning_rate=2.5e-3, warm_up=60, average_decay=0.995
    )
    diffusion: StageConfig = StageConfig(
        steps=3000, batch=16, learning_rate=2e-3, warm_up=100, average_decay=0.998, cool_down=0.5
    )

    def __post_init__(self):
        if not 1 <= self.scenes <= 100_000 - self.first_scene:
            raise ValueError(
                f"scenes is {self.scenes}, but must lie in 1..{100_000 - self.first_scene}"
            )


def scaled(stage, factor):
    """A stage with its steps multiplied, its warm-up kept in proportion."""
    return replace(
        stage,
        steps=max(2, round(stage.steps * factor)),
        warm_up=max(1, round(stage.warm_up * min(factor, 1.0))),
    )


def with_budget(config, factor):
    """A run `factor` times as long."""
    if factor <= 0:
        raise ValueError(f"the budget is {factor} of the usual one, but must be above 0")
    return replace(
        config,
        autoencoder=scaled(config.autoencoder, factor),
        diffusion=scaled(config.diffusion, factor),
    )


FURTHER = TrainingConfig(
    first_scene=2000,
    diffusion=StageConfig(
        steps=2600, batch=32, learning_rate=2e-3, warm_up=100, average_decay=0.999, cool_down=0.6
    ),
)

SMOKE = TrainingConfig(
    scenes=16,
    size=64,
    workers=1,
    autoencoder=StageConfig(
        steps=80, batch=16, learning_rate=2e-3, warm_up=10, average_decay=0.9, log_every=10
    ),
    diffusion=StageConfig(
        steps=80, batch=16, learning_rate=2e-3, warm_up=10, average_decay=0.9, log_every=10
    ),
)
