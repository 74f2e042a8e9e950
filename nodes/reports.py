"""What nodes tell their user, as text."""

from __future__ import annotations

from torch import Tensor

from ..s2st import NullText, StepRecord, Trajectory
from .comfy_model import guidance_patches


def noted(report: str, model) -> str:
    """The report, with a word on what the model carries and S2ST does not apply."""
    patches = guidance_patches(model)
    if not patches:
        return report
    return (
        f"{report}\nnote: the model carries {len(patches)} patch(es) of guidance "
        f"({', '.join(patches)}), which S2ST does not apply: its guidance is the plain one"
    )


def relative_error(result: Tensor, source: Tensor) -> float:
    """Root mean square error as a share of the source's own spread."""
    return float((result - source).square().mean().sqrt() / source.std().clamp_min(1e-12))


def verdict(error: float) -> str:
    """What a reconstruction error means for what follows."""
    if error < 0.1:
        return "the source is held well"
    if error < 0.3:
        return "small changes are to be expected; refine 3 or more steps help"
    return "the source is not held: check the source prompt, raise refine or steps"


def inversion_report(trajectory: Trajectory, returned: Tensor | None) -> str:
    schedule = trajectory.schedule
    lines = [
        f"DDIM inversion, {schedule.steps} steps from sigma 0 to {schedule.sigmas[0]:.2f}",
        f"{seed_line(trajectory.seed)} (pure noise: 0 and 1)",
    ]
    if returned is not None:
        error = relative_error(returned, trajectory.source)
        lines.append(f"reconstruction error {error:.4f} of the source's spread: {verdict(error)}")
    return "\n".join(lines)


def null_text_report(fitted: NullText, trajectory: Trajectory) -> str:
    error = relative_error(fitted.reconstruction.cpu(), trajectory.source)
    return "\n".join(
        [
            f"null text for guidance {fitted.scale:g}: {fitted.evaluations} evaluations, "
            f"{fitted.gradients} backward passes",
            f"reconstruction error {error:.4f} of the source's spread: {verdict(error)}",
        ]
    )


def optimisation_report(name: str, records: list[StepRecord]) -> str:
    losses = [float(one.loss.mean()) for one in records if one.loss is not None]
    last = records[-1] if records else None
    lines = [name]
    if last is not None:
        lines.append(f"{last.evaluations} evaluations, {last.gradients} backward passes")
    if losses:
        lines.append(f"loss {losses[0]:.4f} at first, {losses[-1]:.4f} at last")
    return "\n".join(lines)


def seed_line(seed: Tensor) -> str:
    return f"seed: mean {float(seed.mean()):+.3f}, spread {float(seed.std(correction=0)):.3f}"
