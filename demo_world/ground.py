"""Hills, meadow, road with its markings, and pavements."""

import numpy as np

from .canvas import on_level
from .kinds import Facing, Kind, Label

ASPHALT = (0.33, 0.33, 0.35)
WHITE_PAINT = (0.88, 0.88, 0.84)
SLABS = (0.62, 0.60, 0.56)
KERB = (0.74, 0.73, 0.70)
RIDGES = (  # colour, distance, height over the horizon, height of its bumps
    ((0.36, 0.44, 0.42), 600.0, 0.012, 0.055),
    ((0.28, 0.40, 0.24), 300.0, 0.004, 0.030),
)
DASH, DASH_PERIOD, LINE = 2.2, 4.6, 0.09
CROSSING_LENGTH, BAR_PERIOD = 2.6, 0.9


def hill_height(canvas, waves, base, amplitude):
    """A ridge over the horizon: four smooth bumps, each placed and sized by the scene."""
    column = canvas.across + np.float32(canvas.camera.centre)
    ridge = np.full_like(column, base)
    for place, size in waves:
        offset = (column - np.float32(place)) / np.float32(0.10 + 0.22 * size)
        ridge += np.float32(amplitude * (0.4 + 0.6 * size)) / (1.0 + offset * offset)
    return ridge


def draw_hills(canvas, scene):
    """Draw two ridges, the farther one higher."""
    for waves, (colour, distance, base, amplitude) in zip(scene.hills, RIDGES, strict=True):
        ridge = hill_height(canvas, waves, base, amplitude)
        index = canvas.surface(Label.GROUND, Kind.PLAIN, colour, Facing.UP)
        window = (slice(0, canvas.samples), slice(0, canvas.samples))
        inside = (canvas.down > -ridge) & (canvas.down < 0.02)
        canvas.paint(window, inside, np.float32(distance), index, upward=0.7)


def below_horizon(canvas):
    """The window of every sample that sees the ground."""
    first = int(np.searchsorted(canvas.down[:, 0], 1e-4))
    return slice(first, canvas.samples), slice(0, canvas.samples)


def ground_texture(x, z):
    """A quiet tone that follows the ground, so that it does not look like plastic."""
    wave = np.sin(x * np.float32(1.9) + np.sin(z * np.float32(0.7))) * np.sin(
        z * np.float32(1.1) + x * np.float32(0.4)
    )
    return 1.0 + np.float32(0.05) * wave / (1.0 + np.float32(0.03) * z)


def crossing_mask(scene, x, z):
    """The bars of a zebra crossing, if the scene has one."""
    along = (z > scene.crossing) & (z < scene.crossing + CROSSING_LENGTH)
    bar = np.mod(x, np.float32(BAR_PERIOD)) < BAR_PERIOD * 0.5
    return along & bar & (np.abs(x) < scene.road_half - 0.3) & (scene.crossing > 0)


def marking_mask(scene, x, z):
    """The dashed middle line, the two edge lines and the crossing."""
    dash = np.mod(z + np.float32(scene.dash_phase), np.float32(DASH_PERIOD)) < DASH
    near_crossing = (z > scene.crossing - 1.0) & (z < scene.crossing + CROSSING_LENGTH + 1.0)
    middle = (np.abs(x) < LINE) & dash & ~(near_crossing & (scene.crossing > 0))
    edge = np.abs(np.abs(x) - np.float32(scene.road_half - 0.25)) < LINE * 0.7
    return middle | edge | crossing_mask(scene, x, z)


def draw_ground(canvas, scene):
    """Draw meadow, pavements, kerbs, asphalt and paint, all on the level y = 0."""
    window = below_horizon(canvas)
    x, z = on_level(canvas, window, 0.0)
    reach, texture = np.abs(x), ground_texture(x, z)
    layers = (
        (Label.GROUND, Kind.PLAIN, scene.grass, reach > -1.0, 1.0),
        (Label.PAVEMENT, Kind.PLAIN, SLABS, reach < scene.road_half + scene.pavement, 0.9),
        (Label.PAVEMENT, Kind.PLAIN, KERB, reach < scene.road_half + 0.18, 0.8),
        (Label.ROAD, Kind.ROAD, ASPHALT, reach < scene.road_half, 0.50),
        (Label.MARKING, Kind.ROAD, WHITE_PAINT, marking_mask(scene, x, z), 0.30),
    )
    for step, (label, kind, colour, mask, upward) in enumerate(layers):
        index = canvas.surface(label, kind, colour, Facing.UP)
        canvas.paint(
            window, mask & (z < 290.0), z - np.float32(0.001 * step), index, texture, upward
        )


def draw_shadow(canvas, left, right, near, far, strength):
    """Darken the ground under a thing, whatever the ground is."""
    rows = sorted(canvas.project(0.0, 0.0, z)[1] for z in (near, far))
    columns = [canvas.project(x, 0.0, z)[0] for x in (left, right) for z in (near, far)]
    window = canvas.span(*rows), canvas.span(min(columns), max(columns))
    if window[0].start < below_horizon(canvas)[0].start:
        return
    x, z = on_level(canvas, window, 0.0)
    inside = (x > left) & (x < right) & (z > near) & (z < far)
    inside &= canvas.depth[window] >= z - 0.5
    canvas.tone[window] *= np.where(inside, np.float32(1.0 - strength), np.float32(1.0))
