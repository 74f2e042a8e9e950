"""Pictures that show how far a run has come: label map, exemplar, truth, and what is made."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from demo_world.pictures import contact_sheet, write_picture
from s2st.exemplar.sampling import SceneConfig
from s2st.exemplar.scene_network import SceneNetwork
from s2st.kit.legend import painted

from .world import World, autoencoder

ROWS = 6
ONCE = SceneConfig(rematches=0)


def sheet(network: SceneNetwork, world: World) -> tuple[Tensor, int]:
    """(pictures of a sheet, how many make a row).

    A row is a scene in a look of its own: its label map, the exemplar, the exemplar warped, made
    with one match, made with the usual ones, and the truth.
    """
    rows = [row(network, world, item) for item in range(min(ROWS, world.count))]
    return torch.cat(rows), len(rows[0])


def row(network: SceneNetwork, world: World, item: int) -> Tensor:
    look, other = item % world.looks, (item + 1) % world.count
    labels = painted(world.classes[item : item + 1].long(), network.plan.legend)
    truth, shown = (world.latents[one, look][None].float() for one in (item, other))
    exemplars = network.exemplars(shown)
    warps: list[Tensor] = []
    once, usual = (
        network.scenes(
            labels, exemplars, config, on_match=lambda _, warp: warps.append(warp.latent.cpu())
        )
        for config in (ONCE, SceneConfig())
    )
    latents = torch.cat([shown, warps[0], once, usual, truth])
    return torch.cat([labels, autoencoder().decode_latent(latents)])


def show(network: SceneNetwork, world: World, path: Path) -> None:
    """Write the sheet."""
    pictures, columns = sheet(network, world)
    write_picture(path, contact_sheet(pictures, columns))
