"""`translate`: a folder of pictures into another, as it is or in parts on several machines."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..batch.job import Job, SizeSettings, mark_of_file
from ..batch.manifest import FAILED, Manifest, Row
from ..batch.motion import SteadySettings
from ..explore.grid import UNVARIED, VARIED
from ..explore.preset import Preset, settings_of
from ..look.kept import SUFFIX, KeptLook, LookConfig
from ..path.settings import PathSettings
from . import models
from .options import add_settings, chosen
from .pace import Pace

if TYPE_CHECKING:
    from ..adapters.diffusers import PipelineParts
    from ..batch.items import Item
    from ..batch.run import Engine

HELP = "Translate a folder of pictures; what is done is not done again."
SETTINGS = (*VARIED, UNVARIED)
STEADY = ("steadiness",)
SIZES = ("megapixels", "drawn", "regions")
LOCAL, RAY = "local", "ray"
FRAMES, RESULTS = "frames", "results"  # of a film, below the output folder
FILMS = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v"}
SHOWN = 5  # failures that are told at the end; the manifest has all
FAILURES = 1  # exit code where some pictures failed


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--source",
        type=Path,
        required=True,
        help="a folder with folders, a picture, a table or a film",
    )
    add("--out", type=Path, required=True, help="where results go, under the same names")
    add("--look", type=Path, required=True, help=f"a folder of pictures, or a file *{SUFFIX}")
    add("--prompt", required=True, help="what the source pictures show")
    add("--target", help="what they shall show; default the prompt that is kept with the look")
    add("--negative", default="", help="what to stay away from; default nothing")
    models.add_options(parser)
    add("--limit", type=int, metavar="N", help="translate the first N pictures only")
    add("--shard", type=_part, metavar="I/N", help="part I of N, such as 2/8, of one job")
    add("--retry-failed", action="store_true", help="try again what failed before")
    add("--compare", action="store_true", help="draw sheets of sources and results as well")
    add("--threads", type=int, default=0, help="of the processor; 0 is torch's own choice")
    group = parser.add_argument_group("more than one process", "Needs the extra s2st[ray].")
    group.add_argument("--engine", choices=(LOCAL, RAY), default=LOCAL, help="default %(default)s")
    group.add_argument("--workers", type=int, default=2, help="of ray; default %(default)s")
    group.add_argument("--gpus", type=float, default=0.0, help="for each worker; default none")
    group.add_argument("--address", help="of a cluster, or auto; default this machine alone")
    add_settings(parser.add_argument_group("films"), SteadySettings, STEADY)
    group = parser.add_argument_group("settings", "Those of a preset or of the look come first.")
    group.add_argument("--preset", type=Path, help="settings that `s2st calibrate` has found")
    add_settings(group, PathSettings, SETTINGS)
    add_settings(group, SizeSettings, SIZES)


def run(given: argparse.Namespace) -> int:
    sizes = SizeSettings(**chosen(given, SIZES))
    SteadySettings(**chosen(given, STEADY))
    chosen_path(given)  # refuses what is wrong before the model is loaded
    check_request(given)
    from ..batch.items import (
        PICTURES_AND_TABLES,
        items_of,
        shard,
    )  # with Pillow, which comes along with diffusers
    from ..batch.run import manifest_of, swept, translate_all
    from ..batch.worker import Work

    film = is_film(given.source)
    whole = frames_of(given) if film else items_of(given.source, given.out, PICTURES_AND_TABLES)
    mine = shard(whole, *given.shard) if given.shard else whole
    items = mine[: given.limit]
    parts = models.loaded(given.model, given.config)
    job = job_of(given, parts, sizes)
    job.claim(given.out)
    swept(given.out)
    work = Work(job=job, open_model=models.opener(given), threads=given.threads)
    pace, manifest = Pace(len(items)), Manifest(manifest_of(given.out, given.shard))
    manifest.keep_only(one.id for one in mine)
    try:
        rows = translate_all(
            work,
            items,
            manifest,
            engine_of(given, parts),
            retry_failed=given.retry_failed,
            on_row=lambda row, new: pace.count(row.status == FAILED, new),
        )
    except KeyboardInterrupt:
        sys.stderr.write("\nWhat is done is kept: the same command goes on from there.")
        raise
    if given.compare:
        from ..batch.sheets import draw_sheets

        draw_sheets(items, given.out)
    if film and all(one.target.is_file() for one in whole):
        join(given, len(whole))
    return told(rows, given.out)


def engine_of(given: argparse.Namespace, parts: PipelineParts) -> Engine:
    """Who does the work: this process, or Ray's."""
    if given.engine == RAY:
        from ..batch.ray_engine import RayEngine

        return RayEngine(workers=given.workers, gpus=given.gpus, address=given.address)
    from ..batch.run import local

    return partial(local, parts=parts)


def is_film(source: Path) -> bool:
    return source.is_file() and source.suffix.lower() in FILMS


def frames_of(given: argparse.Namespace) -> list[Item]:
    """A film's frames, each a picture to be translated."""
    from ..batch.films import frames_into
    from ..batch.items import items_of

    frames_into(given.source, given.out / FRAMES, given.limit)
    return items_of(given.out / FRAMES, given.out / RESULTS)[: given.limit]


def join(given: argparse.Namespace, count: int) -> None:
    """Translated frames into a film, and how much it flickers."""
    from ..batch.films import film_path, join_frames

    settings, target = SteadySettings(**chosen(given, STEADY)), film_path(given.source, given.out)
    pace = Pace(count)
    before, held = join_frames(
        given.source,
        given.out / RESULTS,
        target,
        settings.steadiness,
        limit=given.limit,
        on_frame=lambda: pace.count(False, True),
    )
    sys.stdout.write(
        f"{target}: beside its motion it changes {held:.2f} times as much as the source, "
        f"{before:.2f} times before frames were held together\n"
    )


def check_request(given: argparse.Namespace) -> None:
    if given.limit is not None and given.limit < 1:
        raise ValueError(f"--limit is {given.limit}, but at least 1 is needed.")
    if given.workers < 1:
        raise ValueError(f"--workers is {given.workers}, but at least 1 is needed.")
    if given.gpus < 0:
        raise ValueError(f"--gpus is {given.gpus:g}, but must be 0 or more.")
    if given.threads < 0:
        raise ValueError(f"--threads is {given.threads}, but must be 0 or more.")
    if not given.look.exists():
        raise ValueError(f"{given.look} does not exist: name a folder of pictures or a look file.")
    if given.target is None and not given.look.name.endswith(SUFFIX):
        raise ValueError("--target is missing, but a folder of pictures brings no prompt: add it.")


def chosen_path(given: argparse.Namespace, kept: KeptLook | None = None) -> PathSettings:
    """The look's settings under the preset's under those of the command line."""
    base = PathSettings()
    if kept is not None and kept.settings:
        base = settings_of("The look", kept.settings)
    if given.preset is not None:
        base = Preset.load(given.preset).settings
    return replace(base, **chosen(given, SETTINGS))


def job_of(given: argparse.Namespace, parts: PipelineParts, sizes: SizeSettings) -> Job:
    """The job that the options describe, for a model."""
    from ..batch.translator import check_regions, model_mark
    from .looks import look_file

    config = LookConfig(megapixels=sizes.megapixels)
    look = look_file(given.look, given.out, parts, config)
    kept = KeptLook.load(look)
    kept.check_made_by(parts.autoencoder)
    check_regions(sizes.regions, kept)
    target = kept.prompt if given.target is None else given.target
    if not target:
        raise ValueError("--target is missing, and no prompt is kept with the look: add it.")
    return Job(
        prompt=given.prompt,
        target=target,
        negative=given.negative,
        look=look,
        look_mark=mark_of_file(look),
        model_mark=model_mark(parts),
        model_name="demo" if given.model is None else given.model.stem,
        settings=chosen_path(given, kept),
        sizes=sizes,
        one_noise=is_film(given.source),
    )


def told(rows: Sequence[Row], out: Path) -> int:
    """How it ended, in a few lines; the exit code."""
    failed = [row for row in rows if row.status == FAILED]
    for row in failed[:SHOWN]:
        sys.stdout.write(f"failed: {row.id}: {row.message}\n")
    if len(failed) > SHOWN:
        sys.stdout.write(f"and {len(failed) - SHOWN} more; the manifest has all\n")
    sys.stdout.write(f"{len(rows) - len(failed)} done, {len(failed)} failed; {out}\n")
    return FAILURES if failed else 0


def _part(text: str) -> tuple[int, int]:
    number, slash, count = text.partition("/")
    if slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count):
        return int(number), int(count)
    raise argparse.ArgumentTypeError(f"{text!r} is no part such as 2/8")
