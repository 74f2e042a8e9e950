"""DDIM inversion with the source prompt, then sampling with the target prompt (2010.02502).

Negative-prompt inversion (Miyake et al. 2305.16807) is the same with the source prompt in the
place of the empty one.
"""

from __future__ import annotations

from torch import Tensor

from s2st import Prompt, sample

from ..lab import Case, Meter
from ..method import Family, Method, Setting, trajectory_of


def run(case: Case, setting: Setting, meter: Meter) -> Tensor:
    return edited_from_seed(case, setting, meter, negative="")


def run_negative(case: Case, setting: Setting, meter: Meter) -> Tensor:
    return edited_from_seed(case, setting, meter, negative=case.pair.source)


def edited_from_seed(case: Case, setting: Setting, meter: Meter, negative: str) -> Tensor:
    lab, trajectory = case.lab, trajectory_of(case, meter)
    target = Prompt(lab.prompt(case.pair.target), lab.prompt(negative), setting["guidance"])
    return case.decoded(sample(lab.parts.denoiser, trajectory.seed, target, trajectory.schedule))


METHOD = Method(
    name="DDIM inversion",
    family=Family.RIVAL,
    run=run,
    settings=tuple({"guidance": scale} for scale in (1.0, 2.0, 3.0, 5.0)),
    source="2010.02502",
)
NEGATIVE_PROMPT = Method(
    name="Negative-prompt inversion",
    family=Family.RIVAL,
    run=run_negative,
    settings=tuple({"guidance": scale} for scale in (1.5, 2.0, 3.0, 5.0)),
    source="2305.16807",
)
