"""Trajectories on disk: invert once, translate with many prompts."""

from __future__ import annotations

from ...s2st import Trajectory
from ..core.api import CATEGORY, found_by, io, output
from ..core.files import Kept
from ..core.types import TrajectorySocket

FILES = Kept("trajectory", ".s2st.safetensors", "Save Trajectory")


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
                FILES.name_input(),
            ],
            outputs=[output(io.String, "file", "Where it was saved, for Load Trajectory.")],
            is_output_node=True,
            **found_by("inversion", "keep"),
        )

    @classmethod
    def execute(cls, trajectory, filename_prefix) -> io.NodeOutput:
        return io.NodeOutput(FILES.saved(trajectory.save, filename_prefix))


class LoadTrajectory(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_LoadTrajectory",
            display_name="S2ST Load Trajectory",
            category=CATEGORY,
            description="Takes up an inversion that was saved, also in another session.",
            inputs=[FILES.file_input("A file of Save Trajectory")],
            outputs=[output(TrajectorySocket, "trajectory", "The saved path.")],
            **found_by("inversion"),
        )

    @classmethod
    def validate_inputs(cls, file=None) -> bool | str:
        return FILES.problem(file) or True

    @classmethod
    def fingerprint_inputs(cls, file) -> str:
        return str(FILES.located(file).stat().st_mtime_ns)

    @classmethod
    def execute(cls, file) -> io.NodeOutput:
        return io.NodeOutput(Trajectory.load(FILES.located(file)))


NODES = [SaveTrajectory, LoadTrajectory]
