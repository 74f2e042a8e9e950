"""Do the claims hold? Two rules, strict and mechanical, each pair of methods on the same scenes.

Better, equal and worse always mean: the 95 % interval of the paired difference lies above, around
or below zero. Appearance is judged by the pooled colour distance and, as a second opinion that no
method optimises, by the Fréchet distance.

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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .axes import AXES, COLOUR, EDGES, FRECHET, PSNR, Axis
from .judging import Trial, advantage, best
from .method import Family
from .rows import Duel, Row, shortened
from .statistics import Interval, Standing, independent_difference, standing

FAITHFUL, DEFAULT = "S2ST (paper)", "S2ST"
SHARP_RIVAL = "Difference path, detail restored"
PAIRS_WANTED = 5

Trials = Mapping[tuple[str, str], Sequence[Trial]]  # by pair and method


def meetings(rows: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Both claimants with every rival."""
    ours = [one for one in rows if one.method in (FAITHFUL, DEFAULT)]
    return [(one, other) for one in ours for other in rows if _meets(one, other)]


def _meets(ours: Row, other: Row) -> bool:
    rival = other.family is Family.RIVAL
    detailed = (ours.method, other.method) == (DEFAULT, SHARP_RIVAL)
    return ours.pair == other.pair and (rival or detailed)


def duels_of(met: Sequence[tuple[Row, Row]], trials: Trials, old: Mapping) -> list[Duel]:
    """A duel for every meeting.

    `old` are duels by key, of rows that have not changed: paired once, they stand.
    """
    fought = [(old.get((*one.key, other.method)), one, other) for one, other in met]
    return [
        known if known and not _paired(*sides) else duel_of(*sides, trials)
        for known, *sides in fought
    ]


def _paired(*rows: Row) -> bool:
    """Whether all were judged in this run, scene by scene."""
    return all(one.scores is not None for one in rows)


def duel_of(ours: Row, rival: Row, trials: Trials) -> Duel:
    """Scene by scene where both were judged in this run, else from their intervals."""
    axes = {axis.key: shortened(_ahead(ours, rival, axis)) for axis in AXES}
    told = {}
    if ours.method == FAITHFUL:
        tried = trials.get(ours.key, ()), trials.get(rival.key, ())
        told = {
            axis.key: structure_claim(axes[EDGES.key], axes[axis.key], *tried, axis)
            for axis in (COLOUR, FRECHET)
        }
    return Duel(
        pair=ours.pair,
        ours=ours.method,
        rival=rival.method,
        recolours=rival.recolours,
        paired=_paired(ours, rival),
        axes=axes,
        told=told,
    )


def _ahead(ours: Row, rival: Row, axis: Axis) -> Interval:
    if _paired(ours, rival):
        return advantage(ours.scores, rival.scores, axis)
    apart = independent_difference(ours.on(axis), rival.on(axis))
    return apart if axis.better > 0 else -apart


def structure_claim(
    structure: Interval,
    appearance: Interval,
    ours: Sequence[Trial],
    rivals: Sequence[Trial],
    axis: Axis = COLOUR,
) -> list[bool | str]:
    """Whether claim 1 holds against a rival, and how that was decided."""
    ahead, like = standing(structure), standing(appearance)
    if ahead is Standing.BETTER and like is not Standing.WORSE:
        return [True, "at the chosen settings"]
    if ahead is not Standing.BETTER and like is not Standing.BETTER:
        return [False, "at the chosen settings"]
    return _matched(ours, rivals, axis, we_are_behind=ahead is Standing.BETTER)


def _matched(
    ours: Sequence[Trial], rivals: Sequence[Trial], axis: Axis, *, we_are_behind: bool
) -> list[bool | str]:
    """Compare structure where the side behind in appearance reaches the other's chosen setting."""
    behind, before = (ours, rivals) if we_are_behind else (rivals, ours)
    if not behind or not before:
        return [False, "undecided: appearances differ, and no other settings were tried"]
    goal = best(before)
    reaching = [one for one in behind if one.on(axis) <= goal.on(axis)]
    if not reaching:
        who = "S2ST" if we_are_behind else "the rival"
        return [not we_are_behind, f"no setting of {who} reaches the other's appearance"]
    match = max(reaching, key=lambda one: one.on(EDGES))
    mine, theirs = (match, goal) if we_are_behind else (goal, match)
    return [mine.keeps_more(theirs), f"at equal appearance: S2ST {mine}, the rival {theirs}"]


@dataclass(frozen=True)
class Verdict:
    """A claim about one of our methods, over all pairs."""

    ours: str
    appearance: Axis
    duels: Sequence[Duel]

    @property
    def faithful(self) -> bool:
        return self.ours == FAITHFUL

    @property
    def claim(self) -> str:
        return (
            "structure at equal appearance"
            if self.faithful
            else "at least as good on all three axes"
        )

    @property
    def axes(self) -> list[Axis]:
        return [*([] if self.faithful else [PSNR]), EDGES, self.appearance]

    @property
    def pairs(self) -> list[str]:
        return list(dict.fromkeys(duel.pair for duel in self.duels))

    @property
    def lost(self) -> list[Duel]:
        return [duel for duel in self.duels if not self.holds(duel)]

    @property
    def reached(self) -> bool:
        return len(self.held()) >= PAIRS_WANTED

    def holds(self, duel: Duel) -> bool:
        if duel.told:
            return duel.told[self.appearance.key][0]
        standings = [standing(duel.axes[axis.key]) for axis in self.axes]
        return Standing.WORSE not in standings and Standing.BETTER in standings

    def held(self, *, drawing: bool = False) -> list[str]:
        """The pairs in which it holds against every rival (`drawing`: that asks the model)."""
        lost = {duel.pair for duel in self.lost if not (drawing and duel.recolours)}
        return [pair for pair in self.pairs if pair not in lost]


def verdict(duels: Sequence[Duel], ours: str, appearance: Axis) -> Verdict:
    """A claim against all rivals."""
    met = [one for one in duels if one.ours == ours and one.rival != SHARP_RIVAL]
    return Verdict(ours, appearance, met)


def fair_verdict(duels: Sequence[Duel]) -> Verdict:
    """Claim 2 against the strongest rival with the detail restored on both sides."""
    return Verdict(DEFAULT, COLOUR, [one for one in duels if one.rival == SHARP_RIVAL])
