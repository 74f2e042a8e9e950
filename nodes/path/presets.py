"""Presets in use and on disk: settings that were found good, once for many graphs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...s2st.explore.grid import VARIED, shown
from ...s2st.explore.preset import SUFFIX, Preset
from ..core.api import CATEGORY, found_by, io, output
from ..core.files import Kept
from ..core.fingerprint import has_other_weights
from ..core.types import PresetSocket

FILES = Kept("preset", SUFFIX, "Save Preset")
CALLED = {"guidance": "cfg"}  # by inputs of nodes


def preset_input():
    tooltip = "Settings from S2ST Explore or a file; they take the place of those above, but for "
    return PresetSocket.Input("preset", optional=True, tooltip=f"{tooltip}noise_seed.")


def under_preset(model, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """(a node's inputs under its preset, lines on what it changed); as they are without one."""
    preset = given.get("preset")
    if preset is None:
        return dict(given), []
    wanted = {CALLED.get(name, name): getattr(preset.settings, name) for name in VARIED}
    changed = {
        name: value for name, value in wanted.items() if name in given and given[name] != value
    }
    parts = [f"{name} {shown(value)}, not {shown(given[name])}" for name, value in changed.items()]
    lines = [f"the preset sets {'; '.join(parts) or 'nothing otherwise than this node'}"]
    return {**given, **changed}, [*lines, *found_elsewhere(model, preset)]


def found_elsewhere(model, preset: Preset) -> list[str]:
    """A line where a preset belongs to another checkpoint."""
    elsewhere = has_other_weights(model, preset.made.get("weights"))
    return ["note: the preset was found on another checkpoint"] if elsewhere else []


class SavePreset(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_SavePreset",
            display_name="S2ST Save Preset",
            category=CATEGORY,
            description="Keeps settings in the output folder, so that they can be used again, by "
            "other graphs and by the command line.",
            inputs=[
                PresetSocket.Input("preset", tooltip="From S2ST Explore."),
                FILES.name_input(),
            ],
            outputs=[output(io.String, "file", "Where it was saved, for Load Preset.")],
            is_output_node=True,
            **found_by("settings"),
        )

    @classmethod
    def execute(cls, preset, filename_prefix) -> io.NodeOutput:
        if preset is None:
            raise ValueError(
                "The preset is empty, as that of a look without settings is, but settings are to "
                "be saved: connect S2ST Explore, or a look that was kept with some."
            )
        return io.NodeOutput(FILES.saved(preset.save, filename_prefix))


class LoadPreset(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_LoadPreset",
            display_name="S2ST Load Preset",
            category=CATEGORY,
            description="Takes up settings that were saved, by Save Preset or by the command line.",
            inputs=[FILES.file_input(f"A file that ends in {SUFFIX}")],
            outputs=[output(PresetSocket, "preset", "The saved settings.")],
            **found_by("settings"),
        )

    @classmethod
    def validate_inputs(cls, file=None) -> bool | str:
        return FILES.problem(file) or True

    @classmethod
    def fingerprint_inputs(cls, file) -> str:
        return str(FILES.located(file).stat().st_mtime_ns)

    @classmethod
    def execute(cls, file) -> io.NodeOutput:
        return io.NodeOutput(Preset.load(FILES.located(file)))


NODES = [SavePreset, LoadPreset]
