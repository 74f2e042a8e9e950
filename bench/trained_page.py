"""What the pages say of the rival that was trained on the domains: its cost, and its standing."""

from __future__ import annotations

from .axes import COLOUR, EDGES, FRECHET, PSNR, Axis
from .cost_page import markdown_table
from .duels import OURS
from .rivals.trained import NAME
from .rows import Findings, Row
from .statistics import Interval, Standing, independent_difference, standing

HEAD = "## The trained rival"
AXES = {"truth": PSNR, "source edges": EDGES, "colour": COLOUR, "Fréchet distance": FRECHET}
NOT_RUN = (
    f"{NAME}, trained on the six domains, is a row of `bench quality` once its weights are there "
    f"and that bench has run with them; it has not yet."
)


def trained_part(findings: Findings | None) -> list[str]:
    """A sentence with all counts, and a line for each translation."""
    met = [] if findings is None else meetings(findings)
    if not met:
        return [HEAD, NOT_RUN]
    counts = []
    for name, axis in AXES.items():
        found = [standing(ahead(*both, axis)) for both in met]
        ahead_in, behind = (found.count(one) for one in (Standing.BETTER, Standing.WORSE))
        counts.append(f"{name} {ahead_in} times ahead and {behind} behind")
    rival = met[0][1]
    seconds = [sum(row.seconds for row in rows) / len(met) for rows in zip(*met, strict=True)]
    told = (
        f"{NAME} never asks the diffusion model: it was trained on the six domains "
        f"({rival.setting.get('training', 'how long is not known')}) and knows no others. Of "
        f"{len(met)} translations S2ST, which was trained on none of them, is in "
        f"{'; in '.join(counts)}, beyond doubt. A picture takes {seconds[0]:.2f} s with S2ST and "
        f"{seconds[1]:.3f} s with the rival."
    )
    heads = ["translation", *(f"{axis.head}: S2ST, rival" for axis in AXES.values())]
    lines = [[one.pair, *(cell(one, other, axis) for axis in AXES.values())] for one, other in met]
    return [HEAD, told, markdown_table(heads, lines)]


def meetings(findings: Findings) -> list[tuple[Row, Row]]:
    """S2ST as it is compared, and the rival, wherever both have run."""
    rivals = {one.pair: one for one in findings.rows if one.method == NAME}
    ours = [one for one in findings.rows if one.name == OURS]
    return [(one, rivals[one.pair]) for one in ours if one.pair in rivals]


def ahead(ours: Row, rival: Row, axis: Axis) -> Interval:
    """How far S2ST is ahead; as if of other scenes, which is cautious."""
    apart = independent_difference(ours.on(axis), rival.on(axis))
    return apart if axis.better > 0 else -apart


def cell(ours: Row, rival: Row, axis: Axis) -> str:
    return ", ".join(axis.shown(one.on(axis).value) for one in (ours, rival))
