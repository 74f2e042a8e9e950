"""A labelled contact sheet and its numbers as a node."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from torch import Tensor

from ...s2st.explore.measures import edge_agreement
from ..core.api import CATEGORY, found_by, io, output
from ..core.layout import one_beside_several, to_channels_first
from ..core.reports import listed
from .charts import INK, PAPER, as_image, font
from .metrics import colour_distance, psnr

LABEL_HEIGHT = 24
GAP = 6
CELL_HEIGHT = 256
WIDEST_CELL = 1024
MOST_ROWS = 24


class Compare(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_Compare",
            display_name="S2ST Compare",
            category=CATEGORY,
            description="Puts source, result, truth and references side by side and measures "
            "structure, look and, where it is known, distance to truth.",
            inputs=[
                io.Image.Input("source", tooltip="The source pictures, or one for all."),
                io.Image.Input("result", tooltip="The translated pictures, as many, or one."),
                io.Image.Input(
                    "target_domain", optional=True, tooltip="Pictures of the target domain."
                ),
                io.Image.Input(
                    "truth",
                    optional=True,
                    tooltip="What should come out, where it is known; as many, or one.",
                ),
            ],
            outputs=[
                output(io.Image, "sheet", f"One row for each picture, {MOST_ROWS} at most."),
                output(io.String, "metrics", "The numbers, mean over the pictures."),
            ],
            **found_by("side by side", "contact sheet", "before after", "psnr", "metrics"),
        )

    @classmethod
    def execute(cls, source, result, target_domain=None, truth=None) -> io.NodeOutput:
        given = {"source": source, "result": result, "truth": truth}
        columns = {
            name: to_channels_first(image) for name, image in given.items() if image is not None
        }
        columns = one_beside_several(columns)
        for name, pictures in columns.items():
            _check_pairs(name, pictures, columns["source"])
        domain = None if target_domain is None else to_channels_first(target_domain)
        rows = shown_rows(len(columns["source"]))
        shown = {name: pictures[rows] for name, pictures in columns.items()}
        lines = [shown_line(len(rows), len(columns["source"])), *measured(columns, domain)]
        return io.NodeOutput(contact_sheet(shown, domain), listed(lines))


def _check_pairs(name: str, pictures: Tensor, source: Tensor) -> None:
    if pictures.shape != source.shape:
        raise ValueError(
            f"{name} has {_described(pictures)}, but source has {_described(source)}: compare as "
            f"many pictures of the same size, for example from S2ST Decode Image."
        )


def _described(pictures: Tensor) -> str:
    return f"{pictures.shape[0]} pictures of {pictures.shape[3]} x {pictures.shape[2]}"


def shown_rows(count: int) -> list[int]:
    """Which pictures the sheet shows: all, or as many as it may, from the first to the last."""
    return torch.linspace(0, count - 1, min(count, MOST_ROWS)).round().long().tolist()


def shown_line(shown: int, count: int) -> str:
    if shown == count:
        return f"all {count} pictures are shown and measured"
    return f"{shown} of {count} pictures are shown, from the first to the last; all are measured"


def measured(columns: dict[str, Tensor], domain: Tensor | None) -> list[str]:
    """One line for each thing that can be measured with what is there."""
    source, result, truth = columns["source"], columns["result"], columns.get("truth")
    lines = [f"edge agreement with the source: {edge_agreement(result, source):.3f} (1 is best)"]
    if domain is not None:
        before, after = colour_distance(source, domain), colour_distance(result, domain)
        lines.append(f"colour distance to the target domain: {after:.3f} (source: {before:.3f})")
    if truth is not None:
        lines.append(f"edge agreement with the truth: {edge_agreement(result, truth):.3f}")
        before, after = psnr(source, truth), psnr(result, truth)
        lines.append(f"PSNR to the truth: {after:.2f} dB (source: {before:.2f} dB)")
    return lines


def contact_sheet(columns: dict[str, Tensor], domain: Tensor | None) -> Tensor:
    """IMAGE: a row for each picture, a column for each kind, one reference at the end."""
    rows = len(columns["source"])
    if domain is not None:
        shown = domain[torch.arange(rows) % len(domain)]
        columns = {**columns, "target domain": shown}
    cells = {name: [_cell(one) for one in pictures] for name, pictures in columns.items()}
    widths = [max(one.width for one in pictures) for pictures in cells.values()]
    height = LABEL_HEIGHT + rows * (CELL_HEIGHT + GAP)
    sheet = Image.new("RGB", (sum(widths) + GAP * (len(widths) + 1), height), PAPER)
    draw, x = ImageDraw.Draw(sheet), GAP
    for (name, pictures), width in zip(cells.items(), widths, strict=True):
        draw.text((x, 4), name, INK, font(14))
        for row, one in enumerate(pictures):
            sheet.paste(one, (x, LABEL_HEIGHT + row * (CELL_HEIGHT + GAP)))
        x += width + GAP
    return as_image(sheet)


def _cell(picture: Tensor) -> Image.Image:
    height, width = picture.shape[-2:]
    scale = min(CELL_HEIGHT / height, WIDEST_CELL / width)
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    sized = F.interpolate(picture[None], size=size, mode="bicubic", antialias=True)
    bytes_ = (sized[0].clamp(0, 1) * 255).round().to(torch.uint8)
    return Image.fromarray(bytes_.permute(1, 2, 0).contiguous().numpy())


NODES = [Compare]
