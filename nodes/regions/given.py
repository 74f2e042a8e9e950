"""A user's masks and label maps as the regions of latents."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from ...s2st import regions_of_masks
from ...s2st.look.regions import MOST_REGIONS, at_size
from ..core.layout import PictureSize, mask_for_latent, padded, planes_of, to_channels_first

LEAST_SHARE = 0.001  # of a picture that a colour covers which is a kind, and not an edge's blend
LEAST_FLAT = 0.8  # of all maps that such colours cover, else they are photographs
LEVELS = 256


@dataclass(frozen=True)
class Canvas:
    """The pictures that regions are given for."""

    name: str  # as its sentences call it
    pictures: int
    height: int  # of their latents
    width: int
    picture: PictureSize | None

    @classmethod
    def of(cls, name: str, latents: Tensor, picture: PictureSize | None) -> Canvas:
        height, width = latents.shape[-2:]
        return cls(name, len(latents), height, width, picture)

    @property
    def size(self) -> tuple[int, int]:
        return self.height, self.width


def labels_of_masks(masks: Tensor, canvas: Canvas) -> Tensor:
    """[pictures, h, w] of MASK [pictures x regions, H, W], picture after picture."""
    masks = planes_of(masks)
    if len(masks) % canvas.pictures:
        raise ValueError(
            f"The {canvas.name} has {canvas.pictures} pictures and {len(masks)} masks, but each "
            f"picture needs as many: first all masks of the first picture, then the next one's."
        )
    planes = mask_for_latent(masks, len(masks), canvas.size, canvas.picture)
    planes = rearrange(planes, "(b r) 1 h w -> r b h w", b=canvas.pictures)
    try:
        return regions_of_masks(planes)
    except ValueError as error:
        raise ValueError(f"Of the {canvas.name}: {error}") from error


def check_as_many(source: Tensor, source_canvas: Canvas, target: Tensor, canvas: Canvas) -> None:
    """Masks of both sides name the same regions, in one order."""
    ours, theirs = len(source) // source_canvas.pictures, len(target) // canvas.pictures
    if ours != theirs:
        raise ValueError(
            f"A picture of the source has {ours} masks, but one of the target domain {theirs}: "
            f"give both the same regions in the same order, a black mask where one is missing."
        )


def labels_of_maps(maps: list[Tensor], canvases: list[Canvas]) -> list[Tensor]:
    """[pictures, h, w] for each of the IMAGEs: a region for each colour of the first of them.

    Region 0 is every other colour. What lies between two colours is of the nearer one.
    """
    coded = [_coded(one, canvas) for one, canvas in zip(maps, canvases, strict=True)]
    kinds = _kinds([plane for codes in coded for plane in codes])
    wanted = [one for one in kinds.tolist() if bool((_nearest(coded[0], kinds) == one).any())]
    if len(wanted) >= MOST_REGIONS:
        raise ValueError(
            f"The label maps of the source have {len(wanted)} colours, but at most "
            f"{MOST_REGIONS - 1} can be regions: join classes, or translate fewer pictures at once."
        )
    numbered = {one: number for number, one in enumerate(wanted, start=1)}
    numbers = torch.tensor([numbered.get(one, 0) for one in kinds.tolist()])
    return [
        _shrunk(numbers[torch.searchsorted(kinds, _nearest(codes, kinds))], canvas)
        for codes, canvas in zip(coded, canvases, strict=True)
    ]


def _coded(image: Tensor, canvas: Canvas) -> Tensor:
    """[pictures, H, W]: each colour as one number."""
    if len(image) not in (1, canvas.pictures):
        raise ValueError(
            f"The {canvas.name} has {canvas.pictures} pictures and {len(image)} label maps, but "
            f"each needs its own: connect as many, or one for all."
        )
    levels = (to_channels_first(image) * (LEVELS - 1)).round().long().clamp(0, LEVELS - 1)
    codes = (levels[:, 0] * LEVELS + levels[:, 1]) * LEVELS + levels[:, 2]
    return codes.expand(canvas.pictures, -1, -1)


def _kinds(planes: list[Tensor]) -> Tensor:
    """The colours that cover something, ascending."""
    known: set[int] = set()
    for plane in planes:
        colours, counts = plane.unique(return_counts=True)
        known |= set(colours[counts >= LEAST_SHARE * plane.numel()].tolist())
    kinds = torch.tensor(sorted(known), dtype=torch.long)
    flat = sum(float(torch.isin(plane, kinds).double().mean()) for plane in planes) / len(planes)
    if flat < LEAST_FLAT:
        raise ValueError(
            f"Colours that cover a thousandth of a label map or more cover {flat:.0%} of the maps, "
            f"but flat ones are needed, one colour for each kind: connect what a segmentation node "
            f"draws, not the pictures."
        )
    return kinds


def _nearest(codes: Tensor, kinds: Tensor) -> Tensor:
    """Every colour as the nearest of `kinds`."""
    colours, places = codes.unique(return_inverse=True)
    apart = torch.cdist(_levels(colours), _levels(kinds))
    return kinds[apart.argmin(dim=1)][places]


def _levels(codes: Tensor) -> Tensor:
    parts = [codes // LEVELS**2, codes // LEVELS % LEVELS, codes % LEVELS]
    return torch.stack(parts, dim=1).double()


def _shrunk(labels: Tensor, canvas: Canvas) -> Tensor:
    """At the latents' size, padded as the pictures were, one picture at a time."""
    return torch.cat([_shrunk_one(one[None], canvas) for one in labels])


def _shrunk_one(labels: Tensor, canvas: Canvas) -> Tensor:
    if canvas.picture is not None:
        size = (canvas.picture.height, canvas.picture.width)
        sized = F.interpolate(labels[:, None].double(), size=size, mode="nearest-exact")
        labels = padded(sized, canvas.picture.stride)[:, 0].long()
    return at_size(labels, *canvas.size)
