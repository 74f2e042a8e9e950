"""Pictures of any size into latents and back: padded to the encoder's stride and cropped again."""

from __future__ import annotations

from torch import Tensor

from ...s2st.model.checks import check_finite
from ..core.api import CATEGORY, found_by, io, output
from ..core.autoencoder import decoded_whole, encoded_whole, encoding_stride
from ..core.facts import check_there
from ..core.latents import PICTURE_KEY, picture_of, pictures_in
from ..core.layout import PictureSize, check_pixels, cropped, padded, to_channels_first


def encoded(picture: Tensor, vae) -> tuple[Tensor, PictureSize]:
    """Latents of pictures [B, 3, H, W], and their size before they were padded."""
    stride = encoding_stride(vae)
    size = PictureSize(height=picture.shape[-2], width=picture.shape[-1], stride=stride)
    latents = encoded_whole(vae, padded(picture, stride))
    check_finite("The encoded picture", latents)
    return latents, size


def latent_of(picture: Tensor, vae) -> dict:
    """The same as a LATENT that remembers the size."""
    samples, size = encoded(picture, vae)
    return {"samples": samples, PICTURE_KEY: size}


def decoded(latent: dict, vae) -> Tensor:
    """A LATENT as IMAGE, in the size that its picture had before it was padded."""
    check_there("vae", vae)
    samples, channels = pictures_in(latent, "The latent"), vae.latent_channels
    if samples.shape[1] != channels:
        raise ValueError(
            f"The latent has {samples.shape[1]} channels, but this VAE decodes {channels}: "
            f"connect the VAE of the checkpoint that made it."
        )
    picture = cropped(decoded_whole(vae, samples), picture_of(latent))
    check_pixels("The decoded picture", picture)
    return picture


class EncodeImage(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_EncodeImage",
            display_name="S2ST Encode Image",
            category=CATEGORY,
            description="VAE Encode that never crops: pictures are padded to the encoder's stride "
            "and S2ST Decode Image gives back their own size. Alpha is dropped.",
            inputs=[
                io.Image.Input("image", tooltip="Pictures of any size, one or a batch."),
                io.Vae.Input("vae", tooltip="The VAE of your checkpoint."),
            ],
            outputs=[output(io.Latent, "latent", "The encoded pictures.")],
            **found_by("vae encode"),
        )

    @classmethod
    def execute(cls, image, vae) -> io.NodeOutput:
        return io.NodeOutput(latent_of(to_channels_first(image), vae))


class DecodeImage(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_DecodeImage",
            display_name="S2ST Decode Image",
            category=CATEGORY,
            description="VAE Decode that gives back the size S2ST Encode Image was given.",
            inputs=[
                io.Latent.Input("latent", tooltip="Latents of S2ST nodes, or any other."),
                io.Vae.Input("vae", tooltip="The VAE of your checkpoint."),
            ],
            outputs=[output(io.Image, "image", "The decoded pictures.")],
            **found_by("vae decode"),
        )

    @classmethod
    def execute(cls, latent, vae) -> io.NodeOutput:
        return io.NodeOutput(decoded(latent, vae))


NODES = [EncodeImage, DecodeImage]
