"""How well features find what is what, against the renderer's truth.

A scene is seen twice: by a moved camera, mirrored, or in another domain too. Where each cell of the
one picture is in the other is known from the geometry, to the fraction of a cell; sky has no places
of its own and counts for its label only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from demo_world import render, scene
from demo_world.geometry import rasterise
from demo_world.kinds import Label
from s2st import read_features
from s2st.look.matching import Matches, directions, matches, picture_directions, strayed
from s2st.model.features import FEATURE_SEED, FEATURE_SIGMA

from .lab import Lab

CELLS = 32  # of the demo model's latents on a side
WITHIN = (1, 2, 4)  # cells, of PCK
SAME_DEPTH = 0.03  # of the distance; a larger difference is another thing in front
BOTH_SIDES = (Label.BUILDING, Label.WINDOW, Label.LAMP, Label.PAVEMENT)  # easily confused
GOOD = 2.0  # cells from the truth at which a match that was trusted was rightly so
HEADS = ("features", *(f"PCK {one}" for one in WITHIN), "error", "labels", "wrong side")
HEADS += ("trusted", "rightly", "of the right")


@dataclass(frozen=True)
class Sight:
    """Two pictures of one scene, and where each cell of the first is in the second."""

    first: Tensor  # [3, H, W]
    second: Tensor
    rows: Tensor  # [h, w] of the second
    columns: Tensor
    known: Tensor  # [h, w], where the second shows the same thing
    labels: Tensor  # [h, w] of the first
    others: Tensor  # of the second

    @property
    def places(self) -> Tensor:
        """[h * w]: the number of the true cell."""
        rows, columns = (
            one.floor().clamp(0, CELLS - 1).long() for one in (self.rows, self.columns)
        )
        return (rows * CELLS + columns).flatten()


def moved(seed: int, rng: np.random.Generator):
    """The scene of a seed under a camera that looks elsewhere, from a little higher or lower."""
    place = scene(seed)
    camera = place.camera
    turned = replace(
        camera,
        centre=camera.centre + rng.uniform(-0.15, 0.15),
        horizon=camera.horizon + rng.uniform(-0.08, 0.08),
        focal=camera.focal * rng.uniform(0.85, 1.15),
        height=camera.height * rng.uniform(0.85, 1.15),
    )
    return replace(place, camera=turned)


def sights(seeds: Sequence[int], domains: tuple[str, str], mirrored: bool) -> list[Sight]:
    """A sight of every scene: its own camera and a moved one, or its own and the mirror's."""
    return [_sight(seed, domains, mirrored) for seed in seeds]


def _sight(seed: int, domains: tuple[str, str], mirrored: bool) -> Sight:
    here = scene(seed)
    there = here if mirrored else moved(seed, np.random.default_rng(seed))
    first, second = rasterise(here, CELLS, 1), rasterise(there, CELLS, 1)
    rows, columns, known = found_again(first, second)
    other = _labels(second)
    picture = torch.from_numpy(render(there, domains[1])).movedim(-1, 0)
    if mirrored:
        columns, other, picture = CELLS - columns, other.flip(-1), picture.flip(-1)
    return Sight(
        first=torch.from_numpy(render(here, domains[0])).movedim(-1, 0),
        second=picture,
        rows=torch.from_numpy(rows).float(),
        columns=torch.from_numpy(columns).float(),
        known=torch.from_numpy(known),
        labels=_labels(first),
        others=other,
    )


def _labels(canvas) -> Tensor:
    table = torch.tensor([one.label for one in canvas.surfaces])
    return table[torch.from_numpy(canvas.index).long()]


def found_again(first, second) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(rows, columns, whether it is to be seen) of the first canvas' cells in the second."""
    camera, z = first.camera, first.depth
    x = first.across * z / camera.focal
    y = camera.height - first.down * z / camera.focal
    columns, rows = second.project(x, y, z)
    inside = (rows >= 0) & (rows < CELLS) & (columns >= 0) & (columns < CELLS)
    at = tuple(np.clip(np.floor(one), 0, CELLS - 1).astype(int) for one in (rows, columns))
    same = second.index[at] == first.index
    near = np.abs(second.depth[at] - z) <= SAME_DEPTH * z + 0.05
    sky = np.array([one.label == Label.SKY for one in first.surfaces])[first.index]
    return rows, columns, inside & same & near & ~sky


# What is known of every cell: [B, F, h, w] of pictures and their latents
Features = Callable[[Lab, Tensor, Tensor], Tensor]


def of_position(_: Lab, pictures: Tensor, __: Tensor) -> Tensor:
    """Knows nothing but where a cell is."""
    line = torch.linspace(-1, 1, CELLS)
    grid = torch.stack(torch.meshgrid(line, line, indexing="ij"))
    waves = [torch.sin(scale * grid) for scale in (1, 2, 4)]
    waves += [torch.cos(scale * grid) for scale in (1, 2, 4)]
    return torch.cat(waves).expand(len(pictures), -1, -1, -1)


def of_nothing(_: Lab, pictures: Tensor, __: Tensor) -> Tensor:
    generator = torch.Generator().manual_seed(int(1000 * pictures[..., 0].sum()))  # each its own
    return torch.randn(len(pictures), 64, CELLS, CELLS, generator=generator)


def of_colours(_: Lab, pictures: Tensor, __: Tensor) -> Tensor:
    """Three by three cells' colours."""
    return around(F.adaptive_avg_pool2d(pictures, CELLS))


def of_latents(_: Lab, __: Tensor, latents: Tensor) -> Tensor:
    return around(latents)


def around(values: Tensor) -> Tensor:
    padded = F.pad(values, (1, 1, 1, 1), mode="replicate")
    return F.unfold(padded, 3).unflatten(2, values.shape[-2:])


def of_block(block: str, sigma: float = FEATURE_SIGMA, draws: int = 1) -> Features:
    """What leaves a block of the UNet under noise, the mean of several draws."""

    def read(lab: Lab, _: Tensor, latents: Tensor) -> Tensor:
        unet, found = lab.parts.pipeline.unet, []
        place = unet.mid_block if block == "mid" else unet.up_blocks[int(block)]
        handle = place.register_forward_hook(lambda _, __, output: found.append(output))
        try:
            for draw in range(draws):
                noise = torch.randn(
                    latents.shape[1:], generator=torch.Generator().manual_seed(FEATURE_SEED + draw)
                )
                lab.parts.denoiser.denoise(latents + sigma * noise, sigma, lab.prompt(""))
        finally:
            handle.remove()
        return torch.stack(found).mean(dim=0)

    return read


def of_model(lab: Lab, _: Tensor, latents: Tensor) -> Tensor:
    """What the nodes read."""
    return read_features(lab.parts.denoiser, latents, lab.prompt(""))


def without_position(code: Tensor) -> Features:
    """The model's features less their mean at every place, over many pictures of a domain."""
    return lambda lab, pictures, latents: of_model(lab, pictures, latents) - code


def all_features(grid: bool) -> dict[str, Features]:
    found: dict[str, Features] = {
        "position alone": of_position,
        "random": of_nothing,
        "colour patches": of_colours,
        "latents": of_latents,
        "the model's (as used)": of_model,
    }
    if grid:
        for block in ("mid", "0", "1", "2"):
            for sigma in (0.35, 0.7, 1.5, 4.0):
                found[f"block {block}, sigma {sigma:g}"] = of_block(block, sigma)
        for draws in (2, 4, 8):
            found[f"block 1, {draws} draws"] = of_block("1", draws=draws)
    return found


@torch.no_grad()
def row_of(
    name: str,
    features: Features | tuple[Features, Features],
    lab: Lab,
    some: Sequence[Sight],
    tolerance: float,
) -> list[str]:
    """A line of the table: means over all sights; features may differ from side to side."""
    pictures = [torch.stack([getattr(one, side) for one in some]) for side in ("first", "second")]
    latents = [lab.parts.encode_image(one) for one in pictures]
    size = CELLS, CELLS
    sides = features if isinstance(features, tuple) else (features, features)
    own, others = (
        picture_directions(read(lab, *given), size)
        if read is not of_position
        else directions(read(lab, *given), size)
        for read, given in zip(sides, zip(pictures, latents, strict=True), strict=True)
    )
    lines = [
        measured(matches(first, second[None]), sight, tolerance)
        for first, second, sight in zip(own, others, some, strict=True)
    ]
    means = torch.tensor(lines).nanmean(dim=0).tolist()
    shares = [f"{one:.1%}" for one in means]
    shares[len(WITHIN)] = f"{means[len(WITHIN)]:.2f}"
    return [name, *shares]


def measured(found: Matches, sight: Sight, tolerance: float) -> list[float]:
    """What the heads of the table say, of one sight."""
    far = errors(found, sight)
    known = sight.known.flatten()
    trusted = (strayed(found, (CELLS, CELLS)) <= tolerance).flatten()
    right = far <= GOOD
    label = sight.others.flatten()[found.places] == sight.labels.flatten()
    confusable = known & torch.isin(sight.labels, torch.tensor(BOTH_SIDES)).flatten()
    middle = CELLS / 2
    sides = (found.places % CELLS + 0.5 < middle) != (sight.columns.flatten() < middle)
    return [
        *(share(far <= one, known) for one in WITHIN),
        share(far, known),
        share(label, torch.ones_like(known)),
        share(sides, confusable),
        share(trusted, known),
        share(right, known & trusted),
        share(trusted, known & right),
    ]


def errors(found: Matches, sight: Sight) -> Tensor:
    """[h * w]: how far each match is from the truth, in cells."""
    rows, columns = found.places // CELLS + 0.5, found.places % CELLS + 0.5
    return torch.hypot(rows - sight.rows.flatten(), columns - sight.columns.flatten())


def share(values: Tensor, where: Tensor) -> float:
    return float(values[where].double().mean())
