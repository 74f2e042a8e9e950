"""Fine detail of the source, brought back into translated pictures, as a node."""

from __future__ import annotations

import torch

from ...s2st import DetailConfig, restore_detail
from ...s2st.look.detail import check_pictures, radius_for
from ..core.api import CATEGORY, found_by, io, output
from ..core.autoencoder import encoding_stride
from ..core.layout import one_beside_several, to_channels_first, to_image
from ..core.progress import one_by_one
from ..core.settings import config_of, folded, setting
from .images import decoded, latent_of


class RestoreDetail(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_RestoreDetail",
            display_name="S2ST Restore Detail",
            category=CATEGORY,
            description="Brings the fine edges of the source, which the VAE blurs, back into the "
            "translated pictures, wherever the result still has them.",
            inputs=[
                io.Image.Input("image", tooltip="The translated pictures, decoded, or one."),
                io.Image.Input(
                    "source", tooltip="The pictures they were made from, or one for all."
                ),
                io.Vae.Input("vae", tooltip="The VAE they went through."),
                io.Int.Input(
                    "radius",
                    default=0,
                    min=0,
                    max=int(DetailConfig.limits("radius").span[1]),
                    tooltip="Pixels around each pixel that are fitted together; 0 takes a quarter "
                    "of the VAE's stride. More brings back more and keeps less of what is new.",
                    **folded(),
                ),
                setting(DetailConfig, "softness", advanced=True),
                setting(DetailConfig, "drawn"),
            ],
            outputs=[output(io.Image, "restored", "The same pictures, sharper.")],
            **found_by("sharpen", "blurry vae", "detail transfer", "guided filter"),
        )

    @classmethod
    def execute(cls, image, source, vae, radius, softness, drawn) -> io.NodeOutput:
        radius = radius or radius_for(encoding_stride(vae))
        values = {"radius": radius, "softness": softness, "drawn": drawn}
        config = config_of(DetailConfig, values)
        own = to_channels_first(source)
        pictures = one_beside_several({"result": to_channels_first(image), "source": own})
        check_pictures(*pictures.values(), radius=radius)  # before the VAE's work
        pictures["returned"] = to_channels_first(decoded(latent_of(own, vae), vae))
        pictures = one_beside_several(pictures)
        threes = [*zip(pictures["result"], pictures["source"], pictures["returned"], strict=True)]
        restored = [
            restore_detail(result[None], sharp[None], returned[None], config)
            for result, sharp, returned in one_by_one(threes)
        ]
        return io.NodeOutput(to_image(torch.cat(restored)))


NODES = [RestoreDetail]
