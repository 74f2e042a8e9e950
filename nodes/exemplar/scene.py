"""A scene out of a label map, in the look of an exemplar, by a trained network of its own."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ...s2st.exemplar.design import Design
from ...s2st.exemplar.sampling import SceneConfig
from ...s2st.exemplar.scene_network import SUFFIX, SceneNetwork
from ...s2st.look.exemplars import Exemplars, Warp
from ...s2st.model.contract import StepRecord
from ..core.api import CATEGORY, found_by, io, output
from ..core.autoencoder import decoded_whole, encoding_stride
from ..core.devices import on_device
from ..core.files import Trained
from ..core.layout import to_channels_first, to_image, trained_size
from ..core.previews import fitted_colours, latent_format
from ..core.progress import counting
from ..core.reports import listed
from ..core.settings import config_of, setting
from ..pictures.legend import legend_picture

FILES = Trained("scene network", SUFFIX, "python dev.py train-exemplar")
AT_ONCE = 4  # label maps that go through the network together


class LabelsToScene(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        files = FILES.listed() or [FILES.nothing]
        return io.Schema(
            node_id="S2ST_LabelsToScene",
            display_name="S2ST Labels To Scene",
            category=CATEGORY,
            description="Makes a scene out of a label map, in the look of an exemplar: sky from "
            "its sky, road from its road. A small network that was trained for it finds what is "
            "like what, and again while the scene forms (MIDMs). No diffusion model is needed.",
            inputs=[
                io.Combo.Input(
                    "file",
                    options=files,
                    default=files[0],
                    tooltip=f"A trained network: a file that ends in {SUFFIX} in ComfyUI's output "
                    "or input folder, as train-exemplar writes it, or one that comes with this "
                    "pack.",
                ),
                io.Vae.Input(
                    "vae",
                    tooltip="The VAE that the network was trained with: that of S2ST Load Demo "
                    "Model.",
                ),
                io.Image.Input(
                    "labels",
                    tooltip="Label maps of any size, in the colours of the legend; every pixel "
                    "counts as the class whose colour is nearest.",
                ),
                io.Image.Input(
                    "exemplar",
                    tooltip="One or more pictures of the wanted look, of any size; each place is "
                    "taken from the one that fits.",
                ),
                setting(SceneConfig, "steps"),
                setting(SceneConfig, "rematches", advanced=True),
                setting(SceneConfig, "matching", advanced=True),
                setting(SceneConfig, "polish", advanced=True),
                setting(SceneConfig, "temperature", advanced=True),
                setting(SceneConfig, "stray", advanced=True),
                setting(SceneConfig, "noise_seed"),
            ],
            outputs=[
                output(io.Image, "scene", "A scene for each label map, in its size."),
                output(io.Image, "warped", "The exemplar as the last match has brought it."),
                output(io.Image, "legend", "Which colour is which class."),
                output(io.String, "report", "What was done, and how much was matched."),
            ],
            **found_by("segmentation to image", "label map", "semantic"),
        )

    @classmethod
    def validate_inputs(cls, file=None) -> bool | str:
        return FILES.problem(file) or True

    @classmethod
    def fingerprint_inputs(cls, file) -> str:
        return str(FILES.located(file).stat().st_mtime_ns)

    @classmethod
    def execute(cls, file, vae, labels, exemplar, **given) -> io.NodeOutput:
        config = config_of(SceneConfig, given)
        network = SceneNetwork.load(FILES.located(file))
        design = network.plan.design
        check_vae(vae, design)
        maps = to_channels_first(labels)
        size = trained_size(maps, design.size, design.step)
        shown = fitted(to_channels_first(exemplar), design)
        known = vae.encode(to_image(shown)).to("cpu", torch.float32)
        form = latent_format(1.0, fitted_colours(known, shown))
        with on_device(network.networks):
            exemplars = network.exemplars(known)
            sized = F.interpolate(maps, size=size, mode="nearest")
            latents, warps, shares = made(network, sized, exemplars, config, form)
        scenes, warped = (decoded(vae, one, maps) for one in (latents, warps))
        report = report_of(maps, size, design, config, shares)
        return io.NodeOutput(scenes, warped, legend_picture(network.plan.legend), listed(report))


def check_vae(vae, design: Design) -> None:
    """Refuse a VAE whose latents are not those that the network was trained on."""
    stride, channels = encoding_stride(vae), vae.latent_channels
    if (channels, stride) != (design.channels, design.stride):
        raise ValueError(
            f"The VAE has {channels} channels at stride {stride}, but this network was trained on "
            f"latents of {design.channels} at stride {design.stride}: connect the VAE that it was "
            f"trained with, for the demo world that of S2ST Load Demo Model."
        )


def fitted(pictures: Tensor, design: Design) -> Tensor:
    """Exemplars about as large as in training."""
    size = trained_size(pictures, design.size, design.stride)
    if pictures.shape[-2:] == size:
        return pictures
    return F.interpolate(pictures, size=size, mode="bilinear", antialias=True).clamp(0, 1)


def made(
    network: SceneNetwork, labels: Tensor, exemplars: Exemplars, config: SceneConfig, form
) -> tuple[Tensor, Tensor, list[float]]:
    """(latents, the last warps, the share of places trusted at the first and at the last match)."""
    parts = labels.split(AT_ONCE)
    step = counting(len(parts) * config.evaluations, form)
    heard: list[list[Warp]] = []

    def told(record: StepRecord) -> None:
        step(record.denoised)

    def hear(_: Tensor, warp: Warp) -> None:
        heard[-1].append(warp)

    latents, trusted = [], torch.zeros(2)
    for part in parts:
        heard.append([])
        latents.append(network.scenes(part, exemplars, config, on_step=told, on_match=hear))
        ends = [heard[-1][place].confidence.mean() for place in (0, -1)]
        trusted += len(part) * torch.tensor(ends)
    warps = [found[-1].latent.cpu() for found in heard]
    return torch.cat(latents), torch.cat(warps), (trusted / len(labels)).tolist()


def decoded(vae, latents: Tensor, like: Tensor) -> Tensor:
    """Latents as IMAGE, in the size of pictures [B, 3, H, W]."""
    pictures = decoded_whole(vae, latents)
    if pictures.shape[1:3] == like.shape[-2:]:
        return pictures
    first = to_channels_first(pictures)
    return to_image(F.interpolate(first, size=like.shape[-2:], mode="bilinear", antialias=True))


def report_of(
    maps: Tensor, size: tuple[int, int], design: Design, config: SceneConfig, shares: list[float]
) -> list[str]:
    first, last = shares
    again = min(config.rematches, config.steps - 1)
    lines = [
        f"{len(maps)} scenes, {config.evaluations} evaluations of the prior for each",
        f"{first:.0%} of the places are matched, and found again from there",
    ]
    if again:
        lines.append(f"matched {again} times again: {last:.0%} at last")
    if maps.shape[-2:] != size:
        height, width = size
        lines.append(
            f"scaled to {width} x {height} and back, for it was trained at {design.size} pixels a "
            f"side"
        )
    return lines


NODES = [LabelsToScene]
