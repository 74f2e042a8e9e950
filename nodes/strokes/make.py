"""A stroke picture out of any photo, as a node."""

from __future__ import annotations

import torch

from ...s2st.strokes.painting import MOST_COLOURS, PALETTE, strokes_of
from ..core.api import CATEGORY, found_by, io, output
from ..core.layout import to_channels_first, to_image
from ..core.progress import one_by_one


class MakeStrokes(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_MakeStrokes",
            display_name="S2ST Make Strokes",
            category=CATEGORY,
            description="Paints any picture coarsely, in a few colours: what a hand might block in "
            "before it renders. For trying S2ST Paint Strokes without drawing.",
            inputs=[
                io.Image.Input("image", tooltip="Pictures of any size, one or a batch."),
                io.Int.Input(
                    "colours",
                    default=PALETTE,
                    min=1,
                    max=MOST_COLOURS,
                    tooltip="How many colours each picture is painted in.",
                ),
                io.Float.Input(
                    "blur",
                    default=0.0,
                    min=0.0,
                    max=10.0,
                    step=0.1,
                    round=False,
                    tooltip="How soft the strokes' edges are; 1 is the blur that Paint Strokes "
                    "compares by, 0 leaves them hard.",
                ),
            ],
            outputs=[output(io.Image, "strokes", "The same pictures as strokes.")],
            **found_by("scribble", "posterize", "flat colours"),
        )

    @classmethod
    def execute(cls, image, colours, blur) -> io.NodeOutput:
        pictures = to_channels_first(image).split(1)
        painted = [strokes_of(one, colours, blur) for one in one_by_one(pictures)]
        return io.NodeOutput(to_image(torch.cat(painted)))


NODES = [MakeStrokes]
