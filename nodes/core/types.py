"""The values that travel between S2ST nodes, their sockets, and the inputs many nodes share."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...s2st import Conditioning, NullText, Schedule
from .api import io

TrajectorySocket = io.Custom("S2ST_TRAJECTORY")  # carries an s2st.Trajectory
NullTextSocket = io.Custom("S2ST_NULL_TEXT")  # carries a NullTextValue
PresetSocket = io.Custom("S2ST_PRESET")  # carries an s2st Preset
LookSocket = io.Custom("S2ST_LOOK")  # carries an s2st KeptLook
RegionsSocket = io.Custom("S2ST_REGIONS")  # carries s2st.Regions
TranslatorSocket = io.Custom("S2ST_TRANSLATOR")  # carries an s2st.Translator
CorrelationSocket = io.Custom("S2ST_CORRELATION")  # carries an s2st.CorrelationFactor


def mask_input():
    tooltip = "White may change, black stays the source; any size."
    return io.Mask.Input("mask", optional=True, tooltip=tooltip)


def correlation_input():
    tooltip = "Channel weights; without it all alike."
    return CorrelationSocket.Input("correlation", optional=True, tooltip=tooltip)


def regions_input():
    tooltip = "From S2ST Regions: each asks for the look of its own kind."
    return RegionsSocket.Input("regions", optional=True, tooltip=tooltip)


@dataclass(frozen=True, kw_only=True)
class NullTextValue:
    """Null-text embeddings with the CONDITIONING and the schedule they belong to."""

    fitted: NullText
    base: list  # the CONDITIONING whose tokens each step's embedding replaces
    schedule: Schedule
    model: dict[str, object]

    def rebuilt(self, negative: Conditioning) -> NullText:
        """The same embeddings for a session in which `base` is the prompt `negative`."""
        device = negative.embedding.device
        negatives = tuple(
            negative.with_embedding(one.embedding.to(device)) for one in self.fitted.negatives
        )
        return replace(self.fitted, negatives=negatives)
