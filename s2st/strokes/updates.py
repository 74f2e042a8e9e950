"""Gradient steps towards strokes: L(f(x), y) of a decoded latent, without asking the model.

The user's strokes y are compared as they are; f paints the picture. S2ST's terms may join: the
encoded strokes are then the structure's source, and a look is taken from photos.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from torch import Tensor

from ..kit.settings import choice, number
from ..look.look import NearestLook
from ..look.objective import LossConfig, Objective
from ..look.task import Task
from ..model.autoencoder import Autoencoder, decoded
from ..model.contract import OnUpdate
from ..model.gradients import Adam, level, loss_and_gradient
from .painting import MOST_COLOURS, PALETTE, Painting, painting_of
from .strokes import Strokes

ADAM_EPSILON = 1e-8


class Clamp(str, Enum):
    """Where decoded pictures are held within 0..1; what lies outside has no gradient there."""

    BEFORE = "before f"  # as released
    AFTER = "after f"
    NEVER = "never"


class Length(str, Enum):
    """How far an update moves what hardly matters to the strokes."""

    ADAM = "adam"  # as released: as far as all else
    LEVEL = "level"  # hardly: it rests


@dataclass(frozen=True, kw_only=True)
class UpdateConfig(LossConfig):
    """What the gradient steps do; both methods share it."""

    noise_seed: int = number(0, 0, 2**53, "Seed of the noise.")
    shared_noise: bool = choice(
        True, "Whether all pictures of a batch get the same noise, so that each is as it is alone."
    )
    updates: int = number(12, 0, 500, "Updates in every optimised step; 0 is plain sampling.")
    learning_rate: float = number(0.1, 1e-5, 10.0, "Length of an update, in latent units.")
    strength: float = number(
        0.8, 0.0, 1.0, "Where the strokes begin to count: 1 at pure noise, 0 at the end."
    )
    stroke_weight: float = number(
        1.0, 0.0, 1000.0, "How firmly the strokes are asked for, beside the other terms."
    )
    structure_weight: float = number(
        0.0, 0.0, 1000.0, "lambda_s: how firmly edges follow those of the strokes."
    )
    appearance_weight: float = number(
        0.1, 0.0, 1000.0, "lambda_a: how strongly the references' look is asked for."
    )
    painting: Painting = choice(Painting.BLUR, "How a picture is painted before it is compared.")
    colours: int = number(PALETTE, 1, MOST_COLOURS, "Colours of the palette, where one is used.")
    clamp: Clamp = choice(Clamp.BEFORE, "Where decoded pictures are held within 0..1.")
    length: Length = choice(Length.LEVEL, "Whether an update moves what hardly matters.")
    neighbours: int = number(3, 1, 64, "How many of the nearest references set the look.")
    tolerance: float = number(
        0.5, 0.0, 10.0, "How much of the references' own spread is left alone."
    )

    def begins(self, steps: int) -> int:
        """i = int(T (1 - strength)), the index of the first step that is optimised."""
        return int(steps * (1 - self.strength))

    def returns_at(self, steps: int) -> int:
        """The step from which a picture that was noised again is denoised: one at least."""
        return min(self.begins(steps), steps - 1)


class Updates:
    """Moves clean latents until their pictures, painted, are the strokes."""

    def __init__(
        self,
        autoencoder: Autoencoder,
        task: Task,
        strokes: Strokes,
        config: UpdateConfig,
        on_update: OnUpdate,
    ) -> None:
        self._autoencoder, self._task, self._strokes = autoencoder, task, strokes
        self._config, self._on_update = config, on_update
        self._paint = painting_of(config.painting, strokes.picture, config.colours)
        self._look = None
        if task.look is not None and config.appearance_weight:
            self._look = NearestLook(task.look, task.latent, config.neighbours, config.tolerance)

    def optimised(
        self, latent: Tensor, also: Callable[[Tensor], Tensor] | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """The latent after the updates and its last losses [B]; `also` is added to them."""
        config, losses = self._config, None
        terms = self._terms(latent)

        def losses_of(at: Tensor) -> Tensor:
            total = config.stroke_weight * self.distance(at) + terms(at)
            return total if also is None else total + also(at)

        rests = config.length is Length.LEVEL
        epsilon = Adam.LEVEL_EPSILON if rests else ADAM_EPSILON
        adam = Adam(latent, config.learning_rate, epsilon)
        for _ in range(config.updates):
            losses, gradient = loss_and_gradient(losses_of, latent)
            latent = adam.step(latent, level(gradient) if rests else gradient)
            self._on_update()
        return latent, losses

    def distance(self, latent: Tensor) -> Tensor:
        """L(f(x), y), [B]: mean squared distance over what was painted."""
        config, wanted = self._config, self._strokes.picture
        picture = decoded(self._autoencoder, latent)
        if config.clamp is Clamp.BEFORE:
            picture = picture.clamp(0, 1)
        painted = self._paint(picture)
        if config.clamp is Clamp.AFTER:
            painted = painted.clamp(0, 1)
        squared = (painted - wanted.to(painted)).square().mean(dim=1, keepdim=True)
        if self._strokes.painted is None:
            return squared.mean(dim=(1, 2, 3))
        counted = self._strokes.painted.to(squared)
        return (squared * counted).sum(dim=(1, 2, 3)) / counted.sum(dim=(1, 2, 3))

    def _terms(self, latent: Tensor) -> Callable[[Tensor], Tensor]:
        """S2ST's own two, where they are asked for."""
        config = self._config
        distances = None if self._look is None else self._look.around(latent)
        objective = Objective(self._task, config, distances)
        if config.structure_weight:
            return objective
        if distances is None:
            return lambda at: at.new_zeros(len(at))
        return lambda at: config.appearance_weight * objective.appearance(at)
