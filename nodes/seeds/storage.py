"""Trajectories on disk: invert once, translate with many prompts."""

from __future__ import annotations

import os
from pathlib import Path

import folder_paths

from ...s2st import Trajectory
from ..core.api import CATEGORY, io, output
from ..core.types import TrajectorySocket

SUFFIX = ".s2st.safetensors"
NOTHING_SAVED = "(save a trajectory first)"


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
                    default="s2st/trajectory",
                    tooltip="Folder and name inside ComfyUI's output folder; a number is added.",
                ),
            ],
            outputs=[output(io.String, "file", "Where it was saved, for Load Trajectory.")],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, trajectory, filename_prefix) -> io.NodeOutput:
        output = folder_paths.get_output_directory()
        folder, name, _, subfolder, _ = folder_paths.get_save_image_path(filename_prefix, output)
        target = next_free(Path(folder), name)
        trajectory.save(target)
        return io.NodeOutput((Path(subfolder) / target.name).as_posix())


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
                    tooltip="A file of Save Trajectory, in ComfyUI's output or input folder.",
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


def next_free(folder: Path, name: str) -> Path:
    """`name_00001` and so on: the first number above every one that is used."""
    used = [
        int(digits)
        for path in folder.glob(f"{name}_*{SUFFIX}")
        if (digits := path.name[len(name) + 1 : -len(SUFFIX)]).isdigit()
    ]
    return folder / f"{name}_{max(used, default=0) + 1:05}{SUFFIX}"


def _roots() -> list[Path]:
    folders = (folder_paths.get_output_directory(), folder_paths.get_input_directory())
    return [Path(os.path.abspath(folder)) for folder in folders]


def saved_trajectories() -> list[str]:
    """Files of the output folder and then of the input folder, relative to it, oldest first."""
    found = [
        (path.stat().st_mtime_ns, path.relative_to(root).as_posix())
        for root in _roots()
        for path in root.rglob(f"*{SUFFIX}")
    ]
    return list(dict.fromkeys(name for _, name in sorted(found)))


def located(file: str) -> Path:
    """The file inside ComfyUI's output or input folder, never outside of them."""
    if file == NOTHING_SAVED:
        raise ValueError("No trajectory is saved yet: run Save Trajectory first.")
    for root in _roots():
        path = Path(os.path.abspath(root / file))
        if path.is_relative_to(root) and path.name.endswith(SUFFIX) and path.is_file():
            return path
    raise ValueError(
        f"There is no trajectory {file!r} in ComfyUI's output or input folder: choose one of the "
        f"list, and press R to read the list again."
    )


NODES = [SaveTrajectory, LoadTrajectory]
