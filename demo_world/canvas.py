"""Geometry buffers: for every sample which surface is seen, how far off, and how it lies."""

from dataclasses import dataclass, field

import numpy as np

from .scene import Camera

SKY_DISTANCE = 1000.0


@dataclass(frozen=True)
class Surface:
    """One thing's one face: its class, its colours and where it looks."""

    label: int
    kind: int
    albedo: tuple
    facing: int
    glow: tuple = (0.0, 0.0, 0.0)


@dataclass
class Canvas:
    """The buffers that shapes are drawn into, with a depth test at every sample."""

    camera: Camera
    samples: int
    surfaces: list = field(default_factory=list)

    def __post_init__(self):
        shape = (self.samples, self.samples)
        centres = (np.arange(self.samples, dtype=np.float32) + 0.5) / self.samples
        self.across = centres[None, :] - np.float32(self.camera.centre)
        self.down = centres[:, None] - np.float32(self.camera.horizon)
        self.index = np.zeros(shape, np.int16)
        self.depth = np.full(shape, SKY_DISTANCE, np.float32)
        self.tone = np.ones(shape, np.float32)
        self.upward = np.zeros(shape, np.float32)

    def surface(self, *description):
        """Register a surface and return its index."""
        self.surfaces.append(Surface(*description))
        return len(self.surfaces) - 1

    def project(self, x, y, z):
        """Where a point of the world lands, in samples (column, row)."""
        camera = self.camera
        column = (camera.centre + camera.focal * x / z) * self.samples
        row = (camera.horizon + camera.focal * (camera.height - y) / z) * self.samples
        return column, row

    def span(self, low, high):
        """The whole samples between two coordinates, cut at the picture's edge."""
        first = min(max(int(low) - 1, 0), self.samples)
        last = min(max(int(high) + 2, 0), self.samples)
        return slice(first, max(first, last))

    def paint(self, window, mask, depth, index, tone=1.0, upward=0.0):
        """Write one surface where the mask holds and nothing nearer stands."""
        mask = mask & (depth < self.depth[window])
        np.copyto(self.depth[window], depth, where=mask)
        np.copyto(self.index[window], index, where=mask, casting="same_kind")
        np.copyto(self.tone[window], tone, where=mask)
        np.copyto(self.upward[window], upward, where=mask)


def front_window(canvas, left, right, bottom, top, z):
    """The part of the picture that an upright rectangle facing the camera can touch."""
    first_column, last_row = canvas.project(left, bottom, z)
    last_column, first_row = canvas.project(right, top, z)
    return canvas.span(first_row, last_row), canvas.span(first_column, last_column)


def on_front(canvas, window, z):
    """World x and y of every sample of a window, on the plane at distance z."""
    x = canvas.across[:, window[1]] * np.float32(z / canvas.camera.focal)
    y = canvas.camera.height - canvas.down[window[0]] * np.float32(z / canvas.camera.focal)
    return x, y


def side_window(canvas, x, bottom, top, near, far):
    """The part of the picture that an upright wall along the street can touch."""
    columns = sorted(canvas.project(x, 0.0, z)[0] for z in (near, far))
    rows = [canvas.project(x, y, z)[1] for y in (bottom, top) for z in (near, far)]
    return canvas.span(min(rows), max(rows)), canvas.span(*columns)


def on_side(canvas, window, x):
    """World z and y of every sample of a window, on the wall at x."""
    across = canvas.across[:, window[1]]
    safe = np.where(across * x > 1e-6, across, np.float32(1e-6 if x > 0 else -1e-6))
    z = np.float32(canvas.camera.focal * x) / safe
    y = canvas.camera.height - canvas.down[window[0]] * z / np.float32(canvas.camera.focal)
    return z, y


def on_level(canvas, window, height):
    """World x and z of every sample of a window, on the level plane at a height."""
    drop = np.float32(canvas.camera.focal * (canvas.camera.height - height))
    z = drop / np.maximum(canvas.down[window[0]], 1e-5)
    x = canvas.across[:, window[1]] * z / np.float32(canvas.camera.focal)
    return x, z
