"""A small grid of the difference path's settings as a node: one sheet, and a choice."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace

from torch import Tensor

from ...s2st.explore.choice import Cell, Choice, ChoiceConfig
from ...s2st.explore.grid import AXES, MOST_CELLS, grid_of, read_values, varied
from ...s2st.explore.measures import Judge
from ...s2st.explore.preset import Preset
from ...s2st.explore.run import Finished, key_of, mark_of
from ...s2st.explore.sheet import Tile, cell_tiles, draw
from ...s2st.explore.table import told
from ...s2st.look.kept import KeptLook
from ...s2st.path.settings import PathSettings, expected_evaluations
from ..core.api import CATEGORY, found_by, io, output
from ..core.asked import Asked
from ..core.domain import domain_input
from ..core.facts import model_facts
from ..core.fingerprint import weights_of
from ..core.latents import packed, picture_of, unpacked
from ..core.layout import to_channels_first
from ..core.marks import parts_of
from ..core.progress import Progress, stop_if_interrupted
from ..core.reports import listed
from ..core.settings import config_of, setting
from ..core.types import PresetSocket, correlation_input, mask_input, regions_input
from ..core.units import sigma_table
from ..pictures.charts import as_image
from ..pictures.images import decoded
from .difference import READ, edited, matched_with
from .shelf import SHELF

MOST_ALLOWED = 36


class Explore(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_Explore",
            display_name="S2ST Explore",
            category=CATEGORY,
            description="Runs S2ST Difference Path under a small grid of settings on your own "
            "model and pictures, shows one labelled sheet with structure, look and cost of each, "
            "and gives the chosen settings as a preset. No truth is needed.",
            inputs=[
                io.Model.Input("model", tooltip="Any Stable Diffusion 1.x, 2.x, XL or flow model."),
                io.Conditioning.Input(
                    "source", tooltip="The source prompt: describe the picture as it is."
                ),
                io.Conditioning.Input(
                    "positive", tooltip="The target prompt: the picture as you want it."
                ),
                io.Conditioning.Input("negative", tooltip="What to stay away from; may be empty."),
                io.Latent.Input(
                    "latent", tooltip="The source pictures, encoded: one or two are enough."
                ),
                io.Vae.Input("vae", tooltip="The VAE of your checkpoint: pictures are judged."),
                domain_input("A batch of pictures of the target domain, encoded."),
                *(_axis(name) for name in AXES),
                io.String.Input(
                    "others",
                    default="",
                    multiline=True,
                    tooltip="More settings of Difference Path, one a line, such as tolerance: 0.25 "
                    "0.5; one value fixes a setting, several vary it.",
                ),
                io.Int.Input(
                    "cells",
                    default=MOST_CELLS,
                    min=1,
                    max=MOST_ALLOWED,
                    tooltip="About so many are run: larger grids are thinned evenly.",
                ),
                io.Int.Input(
                    "choose",
                    default=0,
                    min=0,
                    max=2 * MOST_ALLOWED,
                    tooltip="Number of the cell you like best on the sheet; 0 leaves it to the "
                    "rule. Cells that are done are not run again.",
                ),
                setting(ChoiceConfig, "structure_slack", advanced=True),
                setting(ChoiceConfig, "look_slack", advanced=True),
                setting(PathSettings, "noise_seed", advanced=True),
                correlation_input(),
                mask_input(),
                regions_input(),
            ],
            outputs=[
                output(io.Image, "sheet", "Source, references and every cell, labelled."),
                output(io.Latent, "translated", "The chosen cell's pictures, to be decoded."),
                output(PresetSocket, "preset", "The chosen settings, for Difference Path."),
                output(io.String, "report", "Every cell's numbers, and the rule of choice."),
            ],
            **found_by("xy plot", "grid", "settings", "parameter sweep"),
        )

    @classmethod
    def execute(cls, model, latent, vae, target_domain, **given) -> io.NodeOutput:
        cells = cells_of(given)
        choice = Choice(config_of(ChoiceConfig, given), given["choose"])
        choice.check(len(cells))
        for one in cells:
            one.schedule(sigma_table(model))  # refuses more steps than the model has timesteps
        source, picture = unpacked(model, latent, "The source latent"), picture_of(latent)
        wanted = {**given, "target_domain": target_domain, "cfg": cells[0].guidance}
        asked = Asked.of(model, wanted, source, picture)
        before = to_channels_first(decoded(latent, vae))  # a wrong VAE is refused before the work
        references = references_of(target_domain, vae)
        runs, kept = finished(model, asked, cells)
        latents = [packed(model, one.latent, picture) for one in runs]
        pictures = [*pictures_of(latents, vae)]
        judge = Judge(before, references)
        judged = [
            Cell(settings, judge(shown), run.evaluations, run.seconds)
            for settings, run, shown in zip(cells, runs, pictures, strict=True)
        ]
        best = choice.of(judged)
        tiles = [
            Tile(before, ["source"]),
            Tile(references, ["target domain"]),
            *cell_tiles([*zip(judged, pictures, strict=True)], varied(cells), best),
        ]
        return io.NodeOutput(
            as_image(draw(choice.title, tiles)),
            latents[best],
            preset_of(model, judged[best], len(judged)),
            listed([*told(judged, varied(cells), best), choice.title, *_kept_line(kept)]),
        )


def _axis(name: str):
    """A list of values; its default is the default grid's."""
    meaning = PathSettings.limits(name).meaning
    return io.String.Input(
        name,
        default=", ".join(f"{one:g}" for one in AXES[name]),
        tooltip=f"Values to try, separated by commas; one fixes it. {meaning}",
    )


def cells_of(given: Mapping) -> list[PathSettings]:
    """The grid that a node's inputs describe."""
    texts = {name: given[name] for name in AXES}
    for line in filter(None, map(str.strip, given["others"].splitlines())):
        name, colon, text = line.partition(":")
        if not colon:
            raise ValueError(
                f"others has the line {line!r}, but each must be a setting, a colon and its "
                f"values: write for example tolerance: 0.25 0.5."
            )
        texts[name.strip()] = text.strip()
    values = {name: read_values(name, text) for name, text in texts.items()}
    some = {name: one for name, one in values.items() if one}
    return grid_of(some, given["cells"], PathSettings(noise_seed=given["noise_seed"]))


def finished(model, asked: Asked, cells: Sequence[PathSettings]) -> tuple[list[Finished], int]:
    """(every cell's run, how many were kept from before), under one bar."""
    mark = mark_of_request(model, asked)
    keys = [key_of(one, mark) for one in cells]
    found = {key: SHELF.find(key) for key in keys}
    missing = [at for at, key in enumerate(keys) if found[key] is None]
    matched = {at: matched_with(model, asked, cells[at]) for at in missing}
    reading = max((one.evaluations for one in matched.values() if one is not None), default=0)
    asks = {keys[at]: _asked_by(cells[at], matched[at] is not None) for at in missing}
    progress = Progress(model, {READ: reading, **asks} if reading else asks)
    for at in missing:
        run = run_cell(model, asked, cells[at], progress, keys[at])
        SHELF.keep(keys[at], run)
        found[keys[at]] = run
    runs = [found[key] for key in keys]
    return [one for one in runs if one is not None], len(cells) - len(missing)


def _asked_by(cell: PathSettings, matched: bool) -> int:
    return expected_evaluations(cell, cell.guidance, cell.steps, matched)


def mark_of_request(model, asked: Asked) -> str:
    """All that decides beside the settings, one of which is the scale."""
    return mark_of(*parts_of([model, str(model.patches_uuid), replace(asked, scale=1.0)]))


def run_cell(
    model, asked: Asked, settings: PathSettings, progress: Progress, part: str
) -> Finished:
    """One cell, as S2ST Difference Path runs it."""
    began, schedule = time.perf_counter(), settings.schedule(sigma_table(model))
    asked = replace(asked, scale=settings.guidance)
    latent, recorder, _ = edited(model, asked, schedule, settings, progress, part)
    return Finished(latent, recorder.records[-1].evaluations, time.perf_counter() - began)


def pictures_of(latents: Sequence[dict], vae) -> Iterator[Tensor]:
    """Decoded, with an end between two once Cancel is pressed."""
    for one in latents:
        stop_if_interrupted()
        yield to_channels_first(decoded(one, vae))


def preset_of(model, cell: Cell, count: int) -> Preset:
    """The chosen settings, with what they came to and on which model."""
    measures = {**asdict(cell.measured), "evaluations": cell.evaluations}
    made = {"model": model_facts(model).as_dict(), "weights": weights_of(model), "cells": count}
    return Preset(settings=cell.settings, measures=measures, made=made)


def references_of(domain: dict | KeptLook, vae) -> Tensor:
    """Pictures of a target domain [M, 3, H, W]; of a look those that were kept small."""
    if not isinstance(domain, KeptLook):
        return to_channels_first(decoded(domain, vae))
    if domain.thumbnails is None:
        raise ValueError(
            "The look was kept without thumbnails, but results are compared with its pictures: "
            "make it again with S2ST Make Look."
        )
    return domain.thumbnails.clone()


def _kept_line(kept: int) -> list[str]:
    return [f"{kept} cells were done before and are not run again"] if kept else []


NODES = [Explore]
