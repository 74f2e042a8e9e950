"""What nodes tell their user, as text."""

from __future__ import annotations

from torch import Tensor

from ...s2st import NullText, NullTextMethod, StepRecord, Trajectory
from .denoiser import Calls
from .facts import guidance_patches
from .types import NullTextValue


def listed(lines: list[str]) -> str:
    """Lines as a list, for ComfyUI shows text as Markdown and would run them together."""
    return "\n".join(f"- {line}" for line in lines)


def reported(lines: list[str], model, calls: Calls) -> str:
    """A report, with what it took, and what the model carries and S2ST does not apply."""
    lines = [*lines, calls_line(calls)]
    patches = guidance_patches(model)
    if not patches:
        return listed(lines)
    note = (
        f"note: the model carries a patch of guidance ({', '.join(patches)}), which S2ST does "
        f"not apply: its guidance is the plain one"
    )
    return listed([*lines, note])


def calls_line(calls: Calls) -> str:
    """How many model calls a run took, and why prompts or pictures could not share them."""
    line = f"{calls.evaluations} evaluations in all, in {calls.model_calls} model calls"
    reasons = ", ".join(sorted(calls.reasons))
    return f"{line}; not fewer because of {reasons}" if reasons else line


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


def inversion_report(trajectory: Trajectory, returned: Tensor | None) -> list[str]:
    schedule = trajectory.schedule
    lines = [
        f"DDIM inversion, {schedule.steps} steps from sigma 0 to {schedule.sigmas[0]:.2f}",
        f"{seed_line(trajectory.seed)} (pure noise: 0 and 1)",
    ]
    if returned is not None:
        error = relative_error(returned, trajectory.source)
        lines.append(f"reconstruction error {error:.4f} of the source's spread: {verdict(error)}")
    return lines


def null_text_report(fitted: NullText, trajectory: Trajectory) -> list[str]:
    error = relative_error(fitted.returned.cpu(), trajectory.source)
    return [
        f"null text for guidance {fitted.scale:g}: {fitted.evaluations} evaluations, "
        f"{fitted.gradients} backward passes",
        f"reconstruction error {error:.4f} of the source's spread: {verdict(error)}",
    ]


def unread_negative(method: NullTextMethod) -> list[str]:
    """A line where a null-text method leaves the user's negative prompt out."""
    if not method.from_source:
        return []
    return [
        f"note: the method {method.value!r} takes the source prompt as the null prompt, so the "
        f"negative prompt is not read under it"
    ]


def replaced_negative(null_text: NullTextValue | None) -> list[str]:
    """A line where connected null text leaves the user's negative prompt out."""
    if null_text is None:
        return []
    return ["note: null text is connected and takes the place of the negative prompt, unread here"]


def optimisation_report(name: str, records: list[StepRecord]) -> list[str]:
    losses = [float(one.loss.mean()) for one in records if one.loss is not None]
    last = records[-1] if records else None
    lines = []
    if last is not None:
        spent = f"{last.evaluations} evaluations, {last.gradients} backward passes"
        lines.append(f"{name}: {spent}")
    if losses:
        lines.append(f"{name}: loss {losses[0]:.4f} at first, {losses[-1]:.4f} at last")
    return lines


def seed_line(seed: Tensor) -> str:
    return f"seed: mean {float(seed.mean()):+.3f}, spread {float(seed.std(correction=0)):.3f}"
