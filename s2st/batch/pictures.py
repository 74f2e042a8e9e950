"""Pictures from files and into files, whatever kind they are."""

from __future__ import annotations

import json
import stat
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps, PngImagePlugin
from torch import Tensor

ENDINGS = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}
MOST_MEGAPIXELS = 50  # of a picture; above it float32 and its statistics fill a machine's memory
DEEP = {"I", "I;16", "I;16B", "I;16L", "I;16N"}  # how Pillow calls 16 bits of grey
FULL = 65535.0
CHUNK, PARAMETERS = "s2st", "parameters"  # texts in a PNG: ours, and the one that others read


class Unreadable(ValueError):
    """A file that is no picture to be translated, in a sentence."""


@dataclass(frozen=True)
class Picture:
    """What is seen, and how much of it shows."""

    pixels: Tensor  # [1, 3, H, W] in 0..1; white where nothing shows
    alpha: Tensor | None = None  # [H, W], 0 to 255


def opened(path: Path) -> Image.Image:
    """A picture the right way up, in Pillow's mode RGB."""
    return Image.fromarray(_bytes_of(read(path).pixels))


def read(path: Path) -> Picture:
    """A picture the right way up, of any depth, with or without alpha."""
    with _sentences(path.name):
        kept = path.stat()
        if not stat.S_ISREG(kept.st_mode):
            raise Unreadable(f"{path.name} is no ordinary file, so it is not read.")
        return _decoded(path, kept.st_size, path.name)


def read_bytes(contents: bytes, name: str) -> Picture:
    """The same of what a file would hold."""
    with _sentences(name):
        return _decoded(BytesIO(contents), len(contents), name)


@contextmanager
def _sentences(name: str) -> Iterator[None]:
    """Whatever is wrong with a picture, in our own words."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sizes, which are judged here
            yield
    except Unreadable:
        raise
    except Exception as error:  # decoders raise whatever a broken file brings them to
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise Unreadable(f"{name} cannot be read as a picture ({_line(reason)}).") from error


def _decoded(file: Path | BytesIO, size: int, name: str) -> Picture:
    if size == 0:
        raise Unreadable(f"{name} is empty, so no picture can be read from it.")
    with _unlimited(), Image.open(file) as image:
        megapixels = image.width * image.height / 1e6
        if megapixels > MOST_MEGAPIXELS:
            raise Unreadable(
                f"{name} has {megapixels:.0f} megapixels, but at most {MOST_MEGAPIXELS} are "
                f"taken: shrink it or cut it."
            )
        return _picture(ImageOps.exif_transpose(image))


class _unlimited:
    """Pillow's own limit of pixels, which refuses in other words, is off in here."""

    def __enter__(self) -> None:
        self._limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None

    def __exit__(self, *_: object) -> None:
        Image.MAX_IMAGE_PIXELS = self._limit


def _picture(image: Image.Image) -> Picture:
    if image.mode in DEEP:
        values = np.asarray(image).astype(np.float32)
        return Picture(_pixels(np.repeat(values[..., None] / FULL, 3, axis=2)))
    if image.mode == "F":
        values = np.nan_to_num(np.asarray(image, dtype=np.float32))
        most = 1.0 if values.max(initial=0.0) <= 1 else 255.0
        return Picture(_pixels(np.repeat(values[..., None] / most, 3, axis=2)))
    if not {"A", "a"} & {*image.getbands()} and "transparency" not in image.info:
        return Picture(_pixels(np.asarray(image.convert("RGB"), dtype=np.float32) / 255))
    values = np.array(image.convert("RGBA"))
    shown = values[..., 3:].astype(np.float32) / 255
    over_white = values[..., :3].astype(np.float32) / 255 * shown + (1 - shown)
    return Picture(_pixels(over_white), torch.from_numpy(values[..., 3].copy()))


def _pixels(values: np.ndarray[Any, Any]) -> Tensor:
    return torch.from_numpy(values).permute(2, 0, 1)[None].clamp(0, 1).contiguous()


def _bytes_of(pixels: Tensor) -> np.ndarray[Any, Any]:
    """[H, W, 3] of a picture [1, 3, H, W] in 0..1."""
    return (pixels[0].permute(1, 2, 0).clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()


def png(picture: Picture, texts: Mapping[str, str]) -> bytes:
    """A PNG file's contents, with texts that stay in it."""
    image = Image.fromarray(_bytes_of(picture.pixels))
    if picture.alpha is not None:
        image.putalpha(Image.fromarray(picture.alpha.numpy()))
    kept = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        kept.add_itxt(name, text) if not text.isascii() else kept.add_text(name, text)
    contents = BytesIO()
    image.save(contents, "PNG", pnginfo=kept)
    return contents.getvalue()


def texts_of(path: Path) -> dict[str, str]:
    """The texts in a PNG; none where it is no such file."""
    try:
        with Image.open(path) as image:
            return {name: str(text) for name, text in getattr(image, "text", {}).items()}
    except Exception:  # whatever it is, it is none of ours
        return {}


def facts_of(path: Path) -> dict[str, Any]:
    """What `s2st` has written into a picture of its own; nothing where it is another."""
    try:
        facts = json.loads(texts_of(path).get(CHUNK, "{}"))
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def _line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")
