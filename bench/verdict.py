"""Do the claims hold? Two rules, strict and mechanical, each pair of methods on the same scenes.

Better, equal and worse always mean: the 95 % interval of the paired difference lies above, around
or below zero. Appearance is judged by the pooled colour distance and, as a second opinion that no
method optimises, by the Frechet distance.

Claim 1, the faithful S2ST beats a rival on structure at equal appearance: at the chosen settings
its edge agreement with the source is better and its appearance not worse. Where one of the two has
bought its structure by staying short in appearance, the settings that were tried on the tuning
scenes decide: the one behind in appearance takes the most structured of its settings that reach
the other's appearance, and the structure is compared there; if no setting of it reaches that
appearance, it is beaten.

Claim 2, the default is at least as good as a rival: worse on none of distance to truth (PSNR),
structure and appearance, and better on at least one.

A claim holds for a pair if it holds against every rival, and is reached if it holds in at least
five of the six translations. Bounds are no rivals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from .axes import AXES, COLOUR, EDGES, FRECHET, PSNR, Axis, Side
from .judging import Result
from .lab import Pair
from .method import Family
from .statistics import Interval, Standing, mean_interval, standing
from .tuning import Choices, Trial, best

FAITHFUL, DEFAULT = "S2ST (paper)", "S2ST"
AS_DECODED, SHARP_RIVAL = "S2ST (detail as decoded)", "Difference path, detail restored"
PAIRS_WANTED = 5


@dataclass(frozen=True)
class Duel:
    """Ours against one rival on one pair: who is ahead where, and what the claim says of it."""

    pair: Pair
    rival: str
    advantages: dict[str, Interval]  # by an axis' key; positive is ours
    holds: bool
    note: str = ""
    recolours: bool = False  # the rival never asks the model: it only moves the source's values

    def standing(self, axis: Axis) -> Standing:
        return standing(self.advantages[axis.key])


@dataclass(frozen=True)
class Verdict:
    """A claim about one of our methods, over all pairs."""

    claim: str
    ours: str
    appearance: Axis
    duels: tuple[Duel, ...]
    structure: Axis = EDGES

    @property
    def pairs(self) -> list[Pair]:
        return list(dict.fromkeys(duel.pair for duel in self.duels))

    @property
    def held(self) -> list[Pair]:
        """The pairs in which the claim holds against every rival."""
        lost = {duel.pair for duel in self.lost}
        return [pair for pair in self.pairs if pair not in lost]

    @property
    def held_against_editors(self) -> list[Pair]:
        """The pairs in which it holds against every rival that draws with the model."""
        lost = {duel.pair for duel in self.lost if not duel.recolours}
        return [pair for pair in self.pairs if pair not in lost]

    @property
    def lost(self) -> list[Duel]:
        return [duel for duel in self.duels if not duel.holds]

    @property
    def reached(self) -> bool:
        return len(self.held) >= PAIRS_WANTED


def verdicts(results: Sequence[Result], choices: Choices) -> list[Verdict]:
    """Both claims, as far as our methods are among the results."""
    found = []
    for appearance in (COLOUR, FRECHET):
        found.append(structure_verdict(results, choices, appearance))
        found.append(overall_verdict(results, appearance))
    return [verdict for verdict in found if verdict.duels]


def structure_verdict(results: Sequence[Result], choices: Choices, appearance: Axis) -> Verdict:
    """Claim 1."""
    duels = []
    for ours, rival in meetings(results, FAITHFUL):
        advantages = compared(ours, rival, (EDGES, appearance))
        trials = (
            choices[ours.pair, FAITHFUL].trials,
            choices[rival.pair, rival.method.name].trials,
        )
        holds, note = structure_claim(
            advantages[EDGES.key], advantages[appearance.key], *trials, appearance
        )
        duels.append(Duel(ours.pair, rival.method.name, advantages, holds, note, recolours(rival)))
    return Verdict("structure at equal appearance", FAITHFUL, appearance, tuple(duels))


def overall_verdict(
    results: Sequence[Result],
    appearance: Axis,
    structure: Axis = EDGES,
    *,
    name: str = DEFAULT,
    opponent: str | None = None,
) -> Verdict:
    """Claim 2, for the method called `name`; against one `opponent` or all rivals."""
    duels = []
    for ours, rival in meetings(results, name, opponent):
        advantages = compared(ours, rival, (PSNR, structure, appearance))
        holds = overall_claim([standing(one) for one in advantages.values()])
        duels.append(
            Duel(ours.pair, rival.method.name, advantages, holds, recolours=recolours(rival))
        )
    claim = "at least as good on all three axes"
    return Verdict(claim, name, appearance, tuple(duels), structure)


def overall_verdicts(results: Sequence[Result]) -> list[Verdict]:
    """Claim 2 under every measure of structure and of appearance."""
    return [
        overall_verdict(results, appearance, structure)
        for structure in measures(Side.STRUCTURE)
        for appearance in measures(Side.APPEARANCE)
    ]


def measures(side: Side) -> list[Axis]:
    return [axis for axis in AXES if axis.side is side]


def meetings(
    results: Sequence[Result], name: str, opponent: str | None = None
) -> list[tuple[Result, Result]]:
    """Our method with every rival, or with the one opponent, pair by pair."""
    every = [one for one in results if one.method.family is Family.RIVAL]
    named = [one for one in results if one.method.name == opponent]
    rivals = named if opponent else every
    ours = {one.pair: one for one in results if one.method.name == name}
    return [(ours[rival.pair], rival) for rival in rivals if rival.pair in ours]


def recolours(rival: Result) -> bool:
    return rival.spent.evaluations == 0


def compared(ours: Result, rival: Result, axes: Sequence[Axis]) -> dict[str, Interval]:
    return {axis.key: ours.scores.advantage(rival.scores, axis) for axis in axes}


def overall_claim(standings: Sequence[Standing]) -> bool:
    return Standing.WORSE not in standings and Standing.BETTER in standings


def structure_claim(
    structure: Interval,
    appearance: Interval,
    ours: Sequence[Trial],
    rivals: Sequence[Trial],
    axis: Axis = COLOUR,
) -> tuple[bool, str]:
    """Whether claim 1 holds against a rival, and how that was decided."""
    ahead, like = standing(structure), standing(appearance)
    if ahead is Standing.BETTER and like is not Standing.WORSE:
        return True, "at the chosen settings"
    if ahead is not Standing.BETTER and like is not Standing.BETTER:
        return False, "at the chosen settings"
    return _matched(ours, rivals, axis, we_are_behind=ahead is Standing.BETTER)


def _matched(
    ours: Sequence[Trial], rivals: Sequence[Trial], axis: Axis, *, we_are_behind: bool
) -> tuple[bool, str]:
    """Compare structure where the side behind in appearance reaches the other's chosen setting."""
    behind, before = (ours, rivals) if we_are_behind else (rivals, ours)
    if not behind or not before or best(before).appearance(axis) is None:
        return False, "undecided: appearances differ, and no other settings were tried"
    goal = best(before)
    reaching = [one for one in behind if one.appearance(axis) <= goal.appearance(axis)]
    if not reaching:
        who = "S2ST" if we_are_behind else "the rival"
        return not we_are_behind, f"no setting of {who} reaches the other's appearance"
    match = max(reaching, key=lambda one: one.edges)
    mine, theirs = (match, goal) if we_are_behind else (goal, match)
    difference = torch.tensor(mine.scene_edges) - torch.tensor(theirs.scene_edges)
    holds = standing(mean_interval(difference)) is Standing.BETTER
    return holds, f"at equal appearance: S2ST {shown(mine)}, the rival {shown(theirs)}"


def shown(one: Trial) -> str:
    """A trial's setting and structure, in few letters."""
    setting = ", ".join(f"{name} {value}" for name, value in one.setting.items())
    return f"{one.edges:.2f} ({setting or 'its one setting'})"
