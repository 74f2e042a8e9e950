"""The trained variant of MIDMs: its interleaving against the same network without it.

Label maps of held-out scenes, each with an exemplar of another scene in a look of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor

from demo_world import DOMAINS
from demo_world.kinds import Label
from s2st.exemplar.sampling import SceneConfig
from s2st.exemplar.scene_network import SUFFIX, SceneNetwork
from s2st.kit.legend import painted
from s2st.look.exemplars import ANYWHERE
from s2st.look.matching import matches
from tools.environment import NETWORKS
from translators.scenes import LABEL_MAP

from .class_style import class_style_error
from .cost_page import markdown_table
from .judges import SMALL, Judge, open_judge
from .judging import features_of, set_frechet
from .lab import TARGET_REFERENCES, Lab
from .metrics import label_agreement, psnr
from .statistics import bootstrap_interval, mean_interval
from .store import BULB, POOL_SEEDS, label_maps, rendered

SHIPPED = NETWORKS / f"streets{SUFFIX}"
PUBLISHED = SceneConfig(polish=5)
ONCE, MIDMS, BARE = "matched once", "matched again twice (MIDMs)", "MIDMs, not polished"
ARMS = {
    ONCE: replace(PUBLISHED, rematches=0),
    "matched again once": replace(PUBLISHED, rematches=1),
    MIDMS: PUBLISHED,
    "matched again four times, 8 steps": replace(PUBLISHED, steps=8, rematches=4),
    "matched once, 8 steps": replace(PUBLISHED, steps=8, rematches=0),
    "MIDMs, every match trusted": replace(PUBLISHED, stray=ANYWHERE),
    "MIDMs, the prior told and nothing mixed in": replace(PUBLISHED, matching=0.0),
    BARE: replace(PUBLISHED, polish=0),
    "matched once, not polished": replace(PUBLISHED, rematches=0, polish=0),
}
HEADS = ("made", "Frechet", "±", "style relevance", "±", "style by class", "±", "labels", "±")
HEADS += ("PSNR to truth", "±", "classes matched at first", "at last")


@dataclass(frozen=True)
class Street:
    """One scene to make: its label map, its look, and the exemplar that shows this look."""

    look: str
    classes: Tensor  # [1, H, W]
    truth: Tensor  # [1, 3, H, W]
    exemplar: Tensor
    exemplar_classes: Tensor

    @property
    def labels(self) -> Tensor:
        return painted(self.classes, LABEL_MAP.legend)


@dataclass
class Results:
    """What one arm has made of all streets, and how well it has matched."""

    pictures: list[Tensor] = field(default_factory=list)
    right: list[list[float]] = field(default_factory=list)  # share at the first and last match


def streets(seeds: Sequence[int]) -> list[Street]:
    """Looks by turns."""
    found = []
    for number, seed in enumerate(seeds):
        look = str(DOMAINS[number % len(DOMAINS)])
        other = TARGET_REFERENCES[number % len(TARGET_REFERENCES)]
        maps = [known_classes([one]) for one in (seed, other)]
        shown = [rendered([one], look) for one in (seed, other)]
        found.append(Street(look, maps[0], shown[0], shown[1], maps[1]))
    return found


def known_classes(seeds: Sequence[int]) -> Tensor:
    maps = label_maps(seeds)
    return maps.where(maps != BULB, int(Label.LAMP))


def trained(lab: Lab, seeds: Sequence[int], weights: Path | None, quick: bool) -> str:
    """What the table says, and the table: of the pack's network where no other is named."""
    network, some = SceneNetwork.load(weights or SHIPPED), streets(seeds)
    judge = open_judge(SMALL if quick else None).judge
    look = look_of(judge, 12 if quick else len(POOL_SEEDS))
    rows = bounds(lab, network, some)
    for name, config in ARMS.items():
        rows[name] = arm(lab, network, some, config)
    lines = {name: row_of(name, results, some, judge, look) for name, results in rows.items()}
    how = ", ".join(f"{name} {value}" for name, value in network.made.items())
    told = (
        f"Trained: {how}. Interleaving, beside the same network without it: "
        f"{moves(lines[ONCE], lines[MIDMS])}. Without MIDMs' polish, as the node has it at first: "
        f"{moves(lines[MIDMS], lines[BARE])}."
    )
    return f"{told}\n\n{markdown_table(HEADS, list(lines.values()))}"


def moves(before: Sequence[str], after: Sequence[str]) -> str:
    """How every measure goes from one line to another, and where their intervals overlap."""
    told = []
    for at, head in enumerate(HEADS):
        if HEADS[at + 1 : at + 2] == ("±",):
            (was, its), (now, own) = (map(float, one[at : at + 2]) for one in (before, after))
            doubt = "" if abs(now - was) > its + own else " (intervals overlap)"
            told.append(f"{head} {before[at]} to {after[at]}{doubt}")
    return ", ".join(told)


def look_of(judge: Judge, count: int) -> Tensor:
    """Features [n, D] of real scenes in all looks by turns, none of which any arm has seen."""
    pool = POOL_SEEDS[:count]
    parts = [rendered(pool[at :: len(DOMAINS)], str(one)) for at, one in enumerate(DOMAINS)]
    return features_of(judge, torch.cat(parts))


def bounds(lab: Lab, network: SceneNetwork, some: Sequence[Street]) -> dict[str, Results]:
    """What real pictures reach, and what needs no denoising."""
    real, other, once = Results(), Results(), Results()
    for street in some:
        back = lab.parts.decode_latent(lab.parts.encode_image(street.truth))
        real.pictures.append(back)
        other.pictures.append(street.exemplar)
        warps: list[Tensor] = []
        exemplars = network.exemplars(lab.parts.encode_image(street.exemplar))
        config = SceneConfig(rematches=0, polish=0, steps=1)
        network.scenes(
            street.labels,
            exemplars,
            config,
            on_match=lambda _, warp, warps=warps: warps.append(warp.latent),
        )
        once.pictures.append(lab.parts.decode_latent(warps[0]))
    return {
        "the truth, by the autoencoder": real,
        "the exemplar itself": other,
        "the exemplar warped once, no prior": once,
    }


def arm(lab: Lab, network: SceneNetwork, some: Sequence[Street], config: SceneConfig) -> Results:
    """One setting of the network on every street."""
    found = Results()
    for street in some:
        exemplars = network.exemplars(lab.parts.encode_image(street.exemplar))
        heard: list[Tensor] = []
        latents = network.scenes(
            street.labels,
            exemplars,
            config,
            on_match=lambda own, _, heard=heard: heard.append(own[0]),
        )
        found.pictures.append(lab.parts.decode_latent(latents))
        ends = [rightly(heard[at], exemplars.directions, street) for at in (0, -1)]
        found.right.append(ends)
    return found


def rightly(own: Tensor, others: Tensor, street: Street) -> float:
    """Share of cells that are matched to a cell of their own class."""
    mine = at_cells(street.classes, own.shape[:2]).flatten()
    theirs = at_cells(street.exemplar_classes, others.shape[1:3]).flatten()
    return float((theirs[matches(own, others).places] == mine).double().mean())


def at_cells(classes: Tensor, size: Sequence[int]) -> Tensor:
    """The class in the middle of every cell."""
    height, width = classes.shape[-2:]
    down, across = height // size[0], width // size[1]
    return classes[0, down // 2 :: down, across // 2 :: across]


def row_of(
    name: str, results: Results, some: Sequence[Street], judge: Judge, look: Tensor
) -> list[str]:
    """A line of the table: means over scenes, but for the distance of the set."""
    pictures = torch.cat(results.pictures).clamp(0, 1)
    truth, exemplars = (
        torch.cat([getattr(one, side) for one in some]) for side in ("truth", "exemplar")
    )
    classes = torch.cat([one.classes for one in some])
    by_class = [
        class_style_error(one, street.exemplar[0], street.classes[0], street.exemplar_classes[0])
        for one, street in zip(pictures, some, strict=True)
    ]
    distance = bootstrap_interval(set_frechet(features_of(judge, pictures), look))
    cells = [f"{distance.value:.3f}", f"{distance.half_width:.3f}"]
    for values, digits in (
        (style_relevance(judge, pictures, exemplars), 4),
        (torch.tensor(by_class), 4),
        (label_agreement(judge.label_maps(pictures), classes), 3),
        (psnr(pictures, truth), 2),
    ):
        found = mean_interval(values[values.isfinite()].double())
        cells += [f"{found.value:.{digits}f}", f"{found.half_width:.{digits}f}"]
    means = torch.tensor(results.right).mean(dim=0).tolist() if results.right else ()
    matched = [f"{one:.1%}" for one in means] or ["", ""]
    return [name, *cells, *matched]


@torch.no_grad()
def style_relevance(judge: Judge, results: Tensor, exemplars: Tensor) -> Tensor:
    """[B]: cosine of mean and spread of the judge's first two maps, colours and textures."""
    pairs = zip(judge.maps(results)[:2], judge.maps(exemplars)[:2], strict=True)
    alike = [torch.cosine_similarity(moments(one), moments(other), dim=1) for one, other in pairs]
    return torch.stack(alike).mean(dim=0)


def moments(maps: Tensor) -> Tensor:
    return torch.cat([maps.mean(dim=(2, 3)), maps.std(dim=(2, 3))], dim=1)
