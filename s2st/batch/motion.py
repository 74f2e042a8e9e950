"""How a film moves, and what changes in it beside that.

Motion is found between two frames by Lucas and Kanade's least squares, coarse to fine. What is
left of a frame once the one before has been moved onto it is its flicker.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from kornia.filters import box_blur, spatial_gradient
from torch import Tensor

from ..kit.settings import Settings, number

WINDOW = 9  # pixels in which motion is one
ITERATIONS = 4  # on each level
COARSEST = 16  # pixels along the shorter side
LONGEST = 512  # pixels along the longer side in which motion is looked for
FIRM = 1e-6  # how much contrast motion needs to be told
STEP = 1.0  # pixels at most of one iteration
JUDGED = 3  # pixels in which a moved source is compared with the next frame
TRUSTED = 0.04  # a moved source that is this far from the next frame is trusted by 1 / e


@dataclass(frozen=True, kw_only=True)
class SteadySettings(Settings):
    """How a film's frames are held together."""

    steadiness: float = number(
        0.8,
        0.0,
        0.98,
        "Share of every frame that comes from the one before, moved as the source moves; 0 leaves "
        "frames as they are.",
    )


@torch.no_grad()
def motion(before: Tensor, after: Tensor) -> Tensor:
    """[1, 2, H, W], across and down: where in `before` each pixel of `after` comes from, in pixels
    from its own place. Pictures are [1, 3, H, W].
    """
    size = before.shape[-2:]
    shrink = min(1.0, LONGEST / max(size))
    levels = [tuple(max(1, round(side * shrink)) for side in size)]
    while min(levels[-1]) >= 2 * COARSEST:
        levels.append(tuple(side // 2 for side in levels[-1]))
    flow = before.new_zeros(1, 2, *levels[-1])
    for level in reversed(levels):
        flow = _grown(flow, level)
        flow = _refined(_at(before, level), _at(after, level), flow)
    return _grown(flow, (size[0], size[1]))


def _refined(before: Tensor, after: Tensor, flow: Tensor) -> Tensor:
    for _ in range(ITERATIONS):
        there = moved(before, flow)
        across, down = spatial_gradient(there).unbind(dim=2)
        error = after - there
        xx, yy = _near(across * across) + FIRM, _near(down * down) + FIRM
        xy, xe, ye = _near(across * down), _near(across * error), _near(down * error)
        area = xx * yy - xy * xy
        step = torch.cat([yy * xe - xy * ye, xx * ye - xy * xe], dim=1) / area
        flow = flow + step.clamp(-STEP, STEP)
    return flow


def _near(values: Tensor, window: int = WINDOW) -> Tensor:
    """[1, 1, H, W]: the mean of all channels around each pixel."""
    mean = values.mean(dim=1, keepdim=True)
    return box_blur(mean, (window, window), border_type="replicate")


def moved(picture: Tensor, flow: Tensor) -> Tensor:
    """A picture [1, C, H, W] as it is seen along a motion; what comes from outside is its edge."""
    height, width = picture.shape[-2:]
    down, across = torch.meshgrid(
        torch.arange(height, dtype=picture.dtype, device=picture.device),
        torch.arange(width, dtype=picture.dtype, device=picture.device),
        indexing="ij",
    )
    places = torch.stack([across, down], dim=-1) + flow[0].permute(1, 2, 0)
    scale = places.new_tensor([max(width - 1, 1), max(height - 1, 1)])
    grid = (2 * places / scale - 1)[None]
    return F.grid_sample(picture, grid, padding_mode="border", align_corners=True)


class Steadied:
    """Holds a film's translated frames together, and measures how they flicker."""

    def __init__(self, steadiness: float) -> None:
        self._steadiness = steadiness
        self._source: Tensor | None = None
        self._raw: Tensor | None = None
        self._held: Tensor | None = None
        self._sums = torch.zeros(3, dtype=torch.float64)

    @torch.no_grad()
    def __call__(self, source: Tensor, result: Tensor) -> Tensor:
        """The next frame [1, 3, H, W], where it may be by what came before."""
        held = result
        if self._source is not None and self._source.shape == source.shape:
            assert self._raw is not None and self._held is not None
            flow = motion(self._source, source)
            moved_source, moved_raw, before = (
                moved(one, flow) for one in (self._source, self._raw, self._held)
            )
            apart = _near((source - moved_source).abs(), JUDGED)
            trust = torch.exp(-(apart / TRUSTED).square())
            held = torch.lerp(result, before, self._steadiness * trust)
            pairs = (source, moved_source), (result, moved_raw), (held, before)
            self._sums += torch.stack([(one - other).abs().mean() for one, other in pairs])
        self._source, self._raw, self._held = source, result, held
        return held

    @property
    def flicker(self) -> tuple[float, float]:
        """(of the frames as they came, as they are held), as multiples of the source's own."""
        own, raw, held = self._sums.clamp_min(1e-12).tolist()
        return raw / own, held / own


def _at(picture: Tensor, size: tuple[int, ...]) -> Tensor:
    if picture.shape[-2:] == size:
        return picture
    return F.interpolate(picture, size=size, mode="bilinear", antialias=True)


def _grown(flow: Tensor, size: tuple[int, ...]) -> Tensor:
    """A motion at another size, where it goes as much further."""
    scale = flow.new_tensor([size[1] / flow.shape[-1], size[0] / flow.shape[-2]])
    grown = F.interpolate(flow, size=size, mode="bilinear", align_corners=False)
    return grown * scale.view(1, 2, 1, 1)
