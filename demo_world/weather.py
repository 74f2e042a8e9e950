"""What hangs in the picture's air: halos, lamp cones, wet reflections, rain and snow."""

import numpy as np

from .kinds import Kind
from .sky import grid
from .street_things import (
    HEADLIGHT_GLOW,
    LAMP_GLOW,
    TAILLIGHT_GLOW,
    car_lights,
    lamp_head,
)


def lights_of(scene, look):
    """Every light as (place in the world, colour, strength, radius in metres)."""
    lamps = [(lamp_head(lamp), LAMP_GLOW, look.lamps, 0.75) for lamp in scene.lamps]
    beams = [
        (
            place,
            HEADLIGHT_GLOW if car.oncoming else TAILLIGHT_GLOW,
            look.car_lights,
            0.55 if car.oncoming else 0.42,
        )
        for car in scene.cars
        for place in car_lights(car)
    ]
    return [light for light in lamps + beams if light[2] > 0]


def is_seen(canvas, place):
    """True where nothing stands between the camera and a light."""
    column, row = (int(value) for value in canvas.project(*place))
    inside = 0 <= row < canvas.samples and 0 <= column < canvas.samples
    return inside and canvas.depth[row, column] > place[2] - 0.3


def add_halo(image, canvas, light, look):
    """Add the soft shine around one light, and its streak on a wet road."""
    place, colour, strength, radius = light
    size = image.shape[0]
    column, row = (value * size / canvas.samples for value in canvas.project(*place))
    reach = radius * canvas.camera.focal / place[2] * size + 0.6
    first, last = (max(0, int(c - 4 * reach)) for c in (row, column))
    window = slice(first, int(row + 4 * reach) + 1), slice(last, int(column + 4 * reach) + 1)
    rows = np.arange(size, dtype=np.float32)[window[0], None] + np.float32(0.5 - row)
    columns = np.arange(size, dtype=np.float32)[None, window[1]] + np.float32(0.5 - column)
    shine = np.exp(-(rows**2 + columns**2) / np.float32(reach**2))
    air = np.exp(-np.float32(look.fog_density * place[2]))
    image[window] += (0.55 * strength * air * shine)[..., None] * np.array(colour, np.float32)


def add_streak(image, canvas, light, road):
    """Add the long reflection of one light on a wet road."""
    place, colour, strength, radius = light
    size = image.shape[0]
    column, row = (
        value * size / canvas.samples for value in canvas.project(place[0], -place[1], place[2])
    )
    wide = radius * 0.55 * canvas.camera.focal / place[2] * size + 0.5
    rows = np.arange(size, dtype=np.float32)[:, None] + np.float32(0.5 - row)
    columns = np.arange(size, dtype=np.float32)[None, :] + np.float32(0.5 - column)
    shine = np.exp(-((columns / wide) ** 2) - (rows / (5.0 * wide)) ** 2)
    image += (0.45 * strength * road * shine)[..., None] * np.array(colour, np.float32)


def add_cones(image, canvas, scene, look):
    """Add the cone of light that hangs in the air below every lamp."""
    size = image.shape[0]
    for lamp in scene.lamps:
        head = lamp_head(lamp)
        if not is_seen(canvas, head):
            continue
        column, top = (value * size / canvas.samples for value in canvas.project(*head))
        _, bottom = (
            value * size / canvas.samples for value in canvas.project(head[0], 0.0, head[2])
        )
        rows = np.arange(size, dtype=np.float32)[:, None] + 0.5
        columns = np.arange(size, dtype=np.float32)[None, :] + np.float32(0.5 - column)
        fall = np.clip((rows - np.float32(top)) / np.float32(max(bottom - top, 1.0)), 0.0, 1.0)
        wide = 0.6 + fall * np.float32(0.30 * (bottom - top))
        cone = np.where((fall > 0) & (fall < 1), (1 - fall) / (1 + (columns / wide) ** 4), 0)
        image += (0.30 * look.lamps * cone)[..., None] * np.array(LAMP_GLOW, np.float32)


def smear_rows(image, reach):
    """Average every pixel with its neighbours above and below."""
    total = np.cumsum(np.pad(image, ((reach + 1, reach), (0, 0), (0, 0)), mode="edge"), axis=0)
    return (total[2 * reach + 1 :] - total[: -2 * reach - 1]) / np.float32(2 * reach + 1)


def reflect(image, horizon, road, wet):
    """Mirror what stands above the horizon in a wet road."""
    size = image.shape[0]
    mirrored = 2.0 * horizon * size - np.arange(size) - 1
    rows = np.clip(mirrored, 0, size - 1).astype(int)
    mirror = smear_rows(image, max(1, size // 40))[rows]
    return image + (np.float32(0.42 * wet) * road)[..., None] * (mirror - image)


def add_rain(image, scene, look):
    """Add faint slanting streaks."""
    u, v = grid(image.shape[0])
    for x, y, length in scene.flakes:
        away = u - np.float32(x) + (v - np.float32(y)) * np.float32(0.12)
        on = (v > y) & (v < y + 0.05 + 0.05 * length)
        image += (0.055 * look.rain * on * np.exp(-((away * 220.0) ** 2)))[..., None]
    return image


def add_flakes(image, scene, look):
    """Add soft flakes of several sizes."""
    u, v = grid(image.shape[0])
    for x, y, weight in scene.flakes:
        radius = np.float32(0.004 + 0.004 * weight)
        flake = np.exp(-((u - np.float32(x)) ** 2 + (v - np.float32(y)) ** 2) / radius**2)
        image += (0.55 * look.flakes * flake)[..., None] * (1.0 - image)
    return image


def road_share(canvas, size):
    """How much of every pixel is road."""
    table = np.array([surface.kind == Kind.ROAD for surface in canvas.surfaces], np.float32)
    return shrink(table[canvas.index][..., None], size)[..., 0]


def shrink(samples, size):
    """Average the samples of every pixel."""
    factor = samples.shape[0] // size
    return samples.reshape(size, factor, size, factor, -1).mean(axis=(1, 3), dtype=np.float32)


def add_weather(image, canvas, scene, look):
    """Everything between the surfaces and the eye, in the order in which it lies."""
    if look.wet > 0:
        road = road_share(canvas, image.shape[0])
        image = reflect(image, scene.camera.horizon, road, look.wet)
    if look.lamps > 0:
        add_cones(image, canvas, scene, look)
    for light in lights_of(scene, look):
        if is_seen(canvas, light[0]):
            add_halo(image, canvas, light, look)
            if look.wet > 0:
                add_streak(image, canvas, light, road)
    if look.rain > 0:
        image = add_rain(image, scene, look)
    return add_flakes(image, scene, look) if look.flakes > 0 else image
