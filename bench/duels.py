"""Does the claim hold? One rule, strict and mechanical, each pair of methods on the same scenes.

Better, equal and worse always mean: the 95 % interval of the paired difference lies above, around
or below zero.

The default is laid beside every rival that draws with the model, each at the best of its settings
and numbers of steps, with the source's detail restored on both sides. Three things are counted,
over six translations: where it is worse than no rival in truth (PSNR), source edges and colour
(wanted: all six); where it is better than every rival in truth (wanted: four); where it takes half
the evaluations of every rival or fewer (wanted: all six). The claim is reached if all three are.

The Fréchet distance is told but decides nothing. Rivals that recolour the source never ask the
model and cannot move an edge: they are rows, but no part of the claim, as little as bounds are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .axes import AXIS_OF, COLOUR, EDGES, PSNR, Axis
from .judging import advantage
from .lab import Family
from .methods import DEFAULT
from .rows import Duel, Findings, Row, Variant, shortened
from .statistics import Interval, Standing, independent_difference, standing

OURS = DEFAULT + Variant.RESTORED.value
DECIDING = (PSNR, EDGES, COLOUR)
PAIRS_AHEAD = 4 / 6  # of the translations


def meetings(rows: Sequence[Row]) -> list[tuple[Row, Row]]:
    """The default with every row of the same pair whose detail is restored as well."""
    ours = {one.pair: one for one in rows if one.name == OURS}
    met = [one for one in rows if one.variant is not Variant.PLAIN and one.name != OURS]
    return [(ours[one.pair], one) for one in met if one.pair in ours]


def duels_of(met: Sequence[tuple[Row, Row]], old: dict[tuple, Duel]) -> list[Duel]:
    """A duel for every meeting.

    `old` are duels by key, of rows that have not changed: paired once, they stand.
    """
    fought = [(old.get((*one.key, other.name)), one, other) for one, other in met]
    return [known if known and not _paired(*both) else duel_of(*both) for known, *both in fought]


def _paired(*rows: Row) -> bool:
    """Whether all were judged in this run, scene by scene."""
    return all(one.scores is not None for one in rows)


def duel_of(ours: Row, rival: Row) -> Duel:
    """Scene by scene where both were judged in this run, else from their intervals."""
    axes = {key: shortened(_ahead(ours, rival, AXIS_OF[key])) for key in ours.axes}
    names = {"pair": ours.pair, "ours": ours.name, "rival": rival.name}
    return Duel(**names, paired=_paired(ours, rival), axes=axes)


def _ahead(ours: Row, rival: Row, axis: Axis) -> Interval:
    if _paired(ours, rival):
        return advantage(ours.scores, rival.scores, axis)
    apart = independent_difference(ours.on(axis), rival.on(axis))
    return apart if axis.better > 0 else -apart


@dataclass(frozen=True)
class Verdict:
    """What the rule says of duels with rivals."""

    duels: Sequence[Duel]
    shares: Mapping[tuple, float]  # of a rival's evaluations that ours takes, by the duel's key

    @property
    def pairs(self) -> list[str]:
        return list(dict.fromkeys(duel.pair for duel in self.duels))

    def of(self, wanted: Standing, *axes: Axis) -> list[Duel]:
        """The duels with that standing on any of these axes."""
        found = {duel.key: [standing(duel.on(axis)) for axis in axes] for duel in self.duels}
        return [duel for duel in self.duels if wanted in found[duel.key]]

    @property
    def lost(self) -> list[Duel]:
        return self.of(Standing.WORSE, *DECIDING)

    @property
    def not_ahead(self) -> list[Duel]:
        ahead = self.of(Standing.BETTER, PSNR)
        return [duel for duel in self.duels if duel not in ahead]

    @property
    def dear(self) -> list[Duel]:
        """The rivals that take less than twice our evaluations."""
        return [one for one in self.duels if self.shares[one.key] > 0.5]

    def counts(self, rival: str) -> str:
        """In how many translations we are ahead of a rival in truth, level and behind."""
        found = (self.of(wanted, PSNR) for wanted in Standing)
        return ", ".join(str(sum(duel.rival == rival for duel in some)) for some in found)

    def free_of(self, losses: Sequence[Duel]) -> list[str]:
        """The pairs in which none of these happened."""
        touched = {one.pair for one in losses}
        return [pair for pair in self.pairs if pair not in touched]

    @property
    def reached(self) -> bool:
        ahead = len(self.free_of(self.not_ahead)) >= PAIRS_AHEAD * len(self.pairs)
        return ahead and not self.lost and not self.dear


def verdict(findings: Findings, variant: Variant = Variant.RESTORED) -> Verdict:
    """The rule on the rows of all rivals that draw."""
    rows, shares = {one.key: one for one in findings.rows}, {}
    for duel in findings.duels:
        ours, rival = rows[duel.pair, duel.ours], rows[duel.pair, duel.rival]
        if rival.family is Family.RIVAL and rival.variant is variant:
            shares[duel.key] = ours.evaluations / rival.evaluations
    return Verdict([one for one in findings.duels if one.key in shares], shares)


def mean(rows: Sequence[Row], axis: Axis) -> float:
    return sum(one.on(axis).value for one in rows) / len(rows)


def rows_by_name(findings: Findings, wanted: Callable[[Row], bool]) -> dict[str, list[Row]]:
    """The rows of every name that has run in all translations."""
    found: dict[str, list[Row]] = {}
    for one in filter(wanted, findings.rows):
        found.setdefault(one.name, []).append(one)
    return {name: rows for name, rows in found.items() if len(rows) == len(findings.pairs)}


def strongest(findings: Findings, count: int = 5) -> list[str]:
    """The rivals that draw, those nearest to the truth first, with the detail restored."""

    def rivals(one: Row) -> bool:
        return one.family is Family.RIVAL and one.compared

    found = rows_by_name(findings, rivals).values()
    return [rows[0].method for rows in sorted(found, key=lambda one: -mean(one, PSNR))[:count]]
