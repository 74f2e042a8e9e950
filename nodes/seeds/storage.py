"""Trajectories on disk: invert once, translate with many prompts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import folder_paths

from ...s2st import Trajectory
from ...s2st.kit.storage import claim_next
from ..core.api import CATEGORY, io, output
from ..core.types import TrajectorySocket

SUFFIX = ".s2st.safetensors"
FOLDER = "s2st"
NOTHING_SAVED = "(save a trajectory first)"
# The editor asks for the list whenever it loads, and output folders grow without end.
DEEPEST = 3  # folders below ComfyUI's own
LOOKED_AT = 50_000  # names in each of them


class SaveTrajectory(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_SaveTrajectory",
            display_name="S2ST Save Trajectory",
            category=CATEGORY,
            description="Keeps an inversion in the output folder, so that it can be used again.",
            inputs=[
                TrajectorySocket.Input("trajectory", tooltip="From DDIM Invert."),
                io.String.Input(
                    "filename_prefix",
                    default=f"{FOLDER}/trajectory",
                    tooltip="Folder and name inside ComfyUI's output folder; a number is added.",
                ),
            ],
            outputs=[output(io.String, "file", "Where it was saved, for Load Trajectory.")],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, trajectory, filename_prefix) -> io.NodeOutput:
        folder, name = destination(filename_prefix)
        try:
            target = saved(trajectory, folder, name)
        except OSError as error:
            raise ValueError(
                f"The trajectory could not be saved under {filename_prefix!r} ({error.strerror}): "
                f"make room, or choose another filename_prefix."
            ) from error
        return io.NodeOutput(target.relative_to(_output_folder()).as_posix())


class LoadTrajectory(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        files = saved_trajectories() or [NOTHING_SAVED]
        return io.Schema(
            node_id="S2ST_LoadTrajectory",
            display_name="S2ST Load Trajectory",
            category=CATEGORY,
            description="Takes up an inversion that was saved, also in another session.",
            inputs=[
                io.Combo.Input(
                    "file",
                    options=files,
                    default=files[-1],
                    tooltip="A file of Save Trajectory, in ComfyUI's output or input folder, at "
                    f"most {DEEPEST} folders deep; links are not followed.",
                )
            ],
            outputs=[output(TrajectorySocket, "trajectory", "The saved path.")],
        )

    @classmethod
    def validate_inputs(cls, file) -> bool | str:
        try:
            located(file)
        except ValueError as error:
            return str(error)
        return True

    @classmethod
    def fingerprint_inputs(cls, file) -> str:
        return str(located(file).stat().st_mtime_ns)

    @classmethod
    def execute(cls, file) -> io.NodeOutput:
        return io.NodeOutput(Trajectory.load(located(file)))


def destination(prefix: str) -> tuple[Path, str]:
    """(folder, name) that a filename_prefix stands for, inside ComfyUI's output folder."""
    output = _output_folder()
    wanted = Path(os.path.abspath(output / prefix))
    if "\0" in prefix or output not in wanted.parents:
        raise ValueError(
            f"filename_prefix is {prefix!r}, but must be a name inside ComfyUI's output folder, "
            f"of letters that files may have: write for example {FOLDER}/trajectory."
        )
    try:
        folder, name, *_ = folder_paths.get_save_image_path(prefix, str(output))
    except OSError as error:
        raise ValueError(
            f"filename_prefix is {prefix!r}, but that folder cannot be used ({error.strerror}): "
            f"choose another."
        ) from error
    return Path(os.path.abspath(folder)), name


def saved(trajectory: Trajectory, folder: Path, name: str) -> Path:
    """Where it was saved: under a number of its own, of which nothing is left if saving fails."""
    target = claim_next(folder, name, SUFFIX)
    try:
        trajectory.save(target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target


def _output_folder() -> Path:
    return Path(os.path.abspath(folder_paths.get_output_directory()))


def _roots() -> list[Path]:
    return [_output_folder(), Path(os.path.abspath(folder_paths.get_input_directory()))]


def saved_trajectories() -> list[str]:
    """Files of the output and of the input folder, relative to it, oldest first."""
    found = [one for root in _roots() for one in _found(root)]
    return list(dict.fromkeys(name for _, name in sorted(found)))


def _found(root: Path) -> Iterator[tuple[int, str]]:
    """(time, name) of each trajectory in a folder; what another process removes is left out."""
    starts = (root / FOLDER, root)  # our own first, lest others use up what may be looked at
    for entry in (one for start in starts for one in islice(_entries(start), LOOKED_AT)):
        with suppress(OSError):
            if entry.name.endswith(SUFFIX) and entry.is_file(follow_symlinks=False):
                kept = entry.stat(follow_symlinks=False)
                if kept.st_size > 0:  # else it is being saved
                    yield kept.st_mtime_ns, Path(entry.path).relative_to(root).as_posix()


def _entries(root: Path) -> Iterator[os.DirEntry]:
    """What lies in a folder and below it, the nearest first."""
    level = [str(root)]
    for _ in range(DEEPEST + 1):
        below = []
        for folder in level:
            for entry in _scanned(folder):
                yield entry
                if _is_folder(entry):
                    below.append(entry.path)
        level = below


def _scanned(folder: str) -> list[os.DirEntry]:
    try:
        with os.scandir(folder) as entries:
            return list(islice(entries, LOOKED_AT))
    except OSError:  # it is not there, or may not be read
        return []


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def located(file: str) -> Path:
    """The file inside ComfyUI's output or input folder, never outside of them."""
    if file == NOTHING_SAVED:
        raise ValueError("No trajectory is saved yet: run Save Trajectory first.")
    for root in _roots():
        path = Path(os.path.abspath(root / file))
        if path.is_relative_to(root) and path.name.endswith(SUFFIX) and os.path.isfile(path):
            return path
    raise ValueError(
        f"There is no trajectory {file!r} in ComfyUI's output or input folder: choose one of the "
        f"list, and press R to read the list again."
    )


NODES = [SaveTrajectory, LoadTrajectory]
