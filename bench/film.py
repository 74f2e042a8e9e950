"""How a translated film flickers (`python dev.py bench film`).

A drive along a street of the demo world is rendered by day and, as the truth, in the target domain.
Its frames are translated as `s2st translate` does, and what changes in them beside the source's own
motion is laid beside what changes in the source. The part of docs/many-pictures.md on it is written
by this command.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from demo_world import EVALUATION_SEEDS, REFERENCE_SEEDS, Scene, prompt, render, scene
from s2st.batch.items import number_of
from s2st.batch.job import Job
from s2st.batch.motion import Steadied, SteadySettings
from s2st.batch.translator import Translator
from s2st.cli import models
from s2st.cli.looks import features_of
from s2st.look.kept import kept_look
from s2st.path.settings import PathSettings

from .cost_page import markdown_table, with_part
from .lab import pictures
from .metrics import edge_agreement, psnr
from .store import ROOT

PAGE, PART = "many-pictures.md", "film"
FRAMES, METRES = 48, 0.15  # of a drive, and from one frame to the next
NEAREST = 1.0  # metres at which things are passed
REFERENCES = 16
WANTED = 1.2  # times the source's own flicker
HEADS = ("frames", "flicker, times the source's", "PSNR to the true drive", "source edges kept")


def driven(place: Scene, metres: float) -> Scene:
    """The street as it is seen from further along it."""

    def nearer(things: Sequence) -> tuple:
        moved = (replace(one, z=one.z - metres) for one in things)
        return tuple(one for one in moved if one.z > NEAREST)

    buildings = (
        replace(one, near=one.near - metres, far=one.far - metres) for one in place.buildings
    )
    return replace(
        place,
        buildings=tuple(one for one in buildings if one.far > NEAREST),
        trees=nearer(place.trees),
        lamps=nearer(place.lamps),
        cars=nearer(place.cars),
        dash_phase=place.dash_phase + metres,
        crossing=place.crossing - metres if place.crossing > metres else 0.0,
    )


def drive(seed: int, frames: int, domain: str) -> list[Tensor]:
    """The frames [1, 3, H, W] of a drive in a domain."""
    places = (driven(scene(seed), METRES * number) for number in range(frames))
    rendered = (torch.from_numpy(render(place, domain)) for place in places)
    return [one.permute(2, 0, 1)[None].contiguous() for one in rendered]


def translators(domain: str, settings: PathSettings) -> Iterator[tuple[str, Translator]]:
    """A noise for every frame, and one for all of them, as the command has it."""
    parts = models.loaded(None)
    references = pictures(REFERENCE_SEEDS[:REFERENCES], domain).split(1)
    kept = kept_look(references, parts.autoencoder, features=features_of(parts))
    # The files of look and model are nobody's question here, so they need no marks.
    unmarked = {"look": Path(), "look_mark": "", "model_mark": ""}
    job = Job(prompt=prompt("day"), target=prompt(domain), settings=settings, **unmarked)
    yield "a noise for every frame", Translator(job, parts, kept)
    yield "one noise", Translator(replace(job, one_noise=True), parts, kept)


def measured(
    source: Sequence[Tensor], results: Sequence[Tensor], truth: Tensor, steadiness: float = 0.0
) -> tuple[float, list[str]]:
    """Flicker of frames that are held together so firmly, and the cells of their row."""
    steadied = Steadied(steadiness)
    held = torch.cat([steadied(*both) for both in zip(source, results, strict=True)])
    flicker = steadied.flicker[1]
    kept = edge_agreement(held, torch.cat(list(source))).mean()
    return flicker, [f"{flicker:.2f}", f"{psnr(held, truth).mean():.2f}", f"{kept:.3f}"]


def table(frames: int, domain: str, settings: PathSettings) -> str:
    """The part of the page: a sentence and its table."""
    source, true = (drive(EVALUATION_SEEDS[0], frames, one) for one in ("day", domain))
    truth, lines = torch.cat(true), []
    steady = SteadySettings().steadiness
    for name, translate in translators(domain, settings):
        results = [
            translate(frame, number_of(str(number)))
            for number, frame in enumerate(tqdm(source, name))
        ]
        lines.append([name, *measured(source, results, truth)[1]])
    flicker, cells = measured(source, results, truth, steady)
    lines.append([f"one noise, steadiness {steady:g} (as the command does)", *cells])
    lines.append(["the true drive", f"{measured(source, true, truth)[0]:.2f}", "", ""])
    told = "at most" if flicker <= WANTED else "more than"
    return "\n\n".join(
        [
            f"`python dev.py bench film`, a rendered drive of {frames} frames, day to {domain}, "
            f"{settings.steps} steps: with what the command does a film flickers {flicker:.2f} "
            f"times as much as its source, {told} the {WANTED} aimed at.",
            markdown_table(HEADS, lines),
        ]
    )


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python dev.py bench film", description=__doc__)
    add = parser.add_argument
    add("--frames", type=int, default=FRAMES, help="of the drive (default: %(default)s)")
    add("--domain", default="night", help="what it is translated to (default: %(default)s)")
    add("--quick", action="store_true", help="4 frames, 2 steps")
    add("--out", type=Path, default=ROOT / "docs", help=f"folder of {PAGE}")
    options = parser.parse_args(arguments)
    frames, settings = options.frames, PathSettings()
    if options.quick:
        frames, settings = 4, PathSettings(steps=2)
    if frames < 2:
        parser.error(f"--frames is {frames}, but flicker needs at least 2.")
    body, page = table(frames, options.domain, settings), options.out / PAGE
    page.write_text(with_part(page.read_text(encoding="utf-8"), PART, body), encoding="utf-8")
    print(body)
    return 0
