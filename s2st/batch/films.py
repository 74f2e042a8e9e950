"""Films: frames out of one, and translated frames into one with its sound and its timing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import torch
from torch import Tensor

from ..kit.storage import write_whole
from .job import mark_of_file
from .motion import Steadied
from .pictures import Picture, png, read

TOLD, ALL = "film", "all"  # of which film a folder holds frames, how many, and how many were asked
KEPT, OTHERWISE = {".mp4", ".mov", ".m4v", ".mkv"}, ".mkv"
CODEC, QUALITY, COLOURS = "libx264", "16", "ITU709"
COLOURS_TAG = 1  # the same, as files tell it


def frames_into(film: Path, folder: Path, limit: int | None = None) -> int:
    """Write a film's frames as numbered pictures; how many. Frames that are there stay."""
    mark, told = mark_of_file(film), folder / TOLD
    if told.exists():
        known, there, asked = told.read_text(encoding="ascii").split()
        if known != mark:
            raise ValueError(
                f"{folder} holds frames of another film than {film.name}: name another --out."
            )
        if asked == ALL or (limit is not None and limit <= int(asked)):
            return min(int(there), limit or int(there))
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(told, f"{mark} 0 0".encode("ascii"))
    count = 0
    for frame in _frames(film, limit):
        count += 1
        path = frame_path(folder, count)
        if not path.exists():
            write_whole(path, png(Picture(pixels_of(frame)), {}))
    if not count:
        raise ValueError(f"{film.name} has no frame that can be read: name another film.")
    write_whole(told, f"{mark} {count} {limit or ALL}".encode("ascii"))
    return count


def frame_path(folder: Path, number: int) -> Path:
    return folder / f"{number:07}.png"


def film_path(film: Path, out: Path) -> Path:
    """Where a film's translation goes, in a kind of file that takes any film's sound."""
    suffix = film.suffix.lower()
    return out / f"{film.stem}{suffix if suffix in KEPT else OTHERWISE}"


def join_frames(
    film: Path,
    results: Path,
    target: Path,
    steadiness: float,
    *,
    limit: int | None = None,
    on_frame: Callable[[], None] = lambda: None,
) -> tuple[float, float]:
    """Translated frames with the film's own timing and sound, never half written.

    Told is how much they flicker as they came, and as they are held together, as multiples of what
    the source does.
    """
    steadied = Steadied(steadiness)
    part = target.with_name(f".{uuid4().hex}.partial{target.suffix}")
    target.parent.mkdir(parents=True, exist_ok=True)
    av = _av()
    try:
        with av.open(str(film)) as source, av.open(str(part), "w") as joined:
            writer = _Writer(source, joined)
            count = 0
            for packet in source.demux(*writer.streams):
                if packet.stream.type == "audio":
                    writer.sound(packet)
                    continue
                for frame in packet.decode():
                    if limit is not None and count >= limit:
                        break
                    count += 1
                    result = read(frame_path(results, count)).pixels
                    writer.picture(steadied(pixels_of(frame), result), frame)
                    on_frame()
                if limit is not None and count >= limit:
                    break
            writer.end()
        os.replace(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return steadied.flicker


class _Writer:
    """Writes pictures at other frames' times, and hands sound on as it is."""

    def __init__(self, source: Any, joined: Any) -> None:
        self._joined, film = joined, source.streams.video[0]
        self._time_base, self._rate = film.time_base, film.average_rate or film.guessed_rate
        self._video: Any = None
        self._early: list[Any] = []  # sound before the first frame, whose size the file must know
        self._sounds = {
            one.index: joined.add_stream_from_template(one) for one in source.streams.audio[:1]
        }
        self.streams = [film, *source.streams.audio[:1]]

    def picture(self, picture: Tensor, frame: Any) -> None:
        values = (picture[0].permute(1, 2, 0).clamp(0, 1) * 255).round().to(torch.uint8).numpy()
        if self._video is None:
            self._video = self._opened(values.shape[1], values.shape[0])
            self._joined.mux(self._early)
        drawn = _av().VideoFrame.from_ndarray(values, format="rgb24")
        drawn = drawn.reformat(format=self._video.pix_fmt, dst_colorspace=COLOURS)
        drawn.pts, drawn.time_base = frame.pts, frame.time_base
        self._joined.mux(self._video.encode(drawn))

    def sound(self, packet: Any) -> None:
        if packet.dts is None:
            return  # the end, which has no contents
        packet.stream = self._sounds[packet.stream.index]
        if self._video is None:
            self._early.append(packet)
        else:
            self._joined.mux(packet)

    def end(self) -> None:
        if self._video is not None:
            self._joined.mux(self._video.encode(None))

    def _opened(self, width: int, height: int) -> Any:
        stream = self._joined.add_stream(CODEC, rate=self._rate, options={"crf": QUALITY})
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuv444p" if width % 2 or height % 2 else "yuv420p"
        stream.codec_context.time_base = self._time_base
        for tag in ("colorspace", "color_primaries", "color_trc"):
            setattr(stream.codec_context, tag, COLOURS_TAG)
        return stream


def pixels_of(frame: Any) -> Tensor:
    """[1, 3, H, W] in 0..1, the right way up."""
    values = np.rot90(frame.to_ndarray(format="rgb24"), round(_turned(frame) / 90) % 4)
    return torch.from_numpy(values.copy()).permute(2, 0, 1)[None].float() / 255


def _turned(frame: Any) -> float:
    """Degrees against the clock by which a camera was turned."""
    return float(getattr(frame, "rotation", 0) or 0)


def _frames(film: Path, limit: int | None) -> Iterator[Any]:
    """The frames of a film in their order."""
    av = _av()
    try:
        with av.open(str(film)) as source:
            if not source.streams.video:
                raise ValueError(f"{film.name} has no pictures, but a film is needed.")
            yield from islice(source.decode(video=0), limit)
    except av.FFmpegError as error:
        raise ValueError(f"{film.name} cannot be read as a film ({error.strerror}).") from error


def _av() -> Any:
    try:
        import av
    except ImportError as error:
        raise ValueError(
            f"The package {error.name} is missing, but films are read with it: install s2st with "
            f"its extra, s2st[films]."
        ) from error
    return av
