"""What stands in a street: pure data, drawn from one seed, the same in every domain.

Lengths are metres (x to the right, y up, z away from the camera); picture coordinates run
from 0 to 1 across the image, whatever its size.
"""

from dataclasses import dataclass

import numpy as np

FARTHEST = 95.0
WALLS = (
    (0.71, 0.42, 0.33),
    (0.80, 0.70, 0.55),
    (0.62, 0.60, 0.58),
    (0.86, 0.82, 0.74),
    (0.55, 0.36, 0.28),
    (0.66, 0.72, 0.74),
    (0.83, 0.62, 0.45),
    (0.58, 0.62, 0.50),
)
ROOFS = ((0.50, 0.25, 0.20), (0.33, 0.32, 0.35), (0.42, 0.30, 0.24))
PAINTS = (
    (0.78, 0.12, 0.12),
    (0.13, 0.27, 0.62),
    (0.88, 0.88, 0.90),
    (0.18, 0.19, 0.21),
    (0.90, 0.68, 0.12),
    (0.16, 0.45, 0.33),
    (0.55, 0.58, 0.62),
    (0.35, 0.62, 0.78),
)
LEAVES = ((0.25, 0.45, 0.17), (0.33, 0.50, 0.18), (0.20, 0.38, 0.20), (0.42, 0.50, 0.17))
WINDOW_LIGHTS = ((1.0, 0.74, 0.36), (1.0, 0.85, 0.55), (0.95, 0.62, 0.30))


@dataclass(frozen=True)
class Camera:
    """A pinhole looking along the street; focal length in image widths."""

    focal: float
    height: float
    horizon: float
    centre: float


@dataclass(frozen=True)
class Building:
    """A block along the street with a grid of windows, gabled or flat."""

    left: float
    right: float
    near: float
    far: float
    height: float
    roof_rise: float
    wall: tuple
    roof: tuple
    storey: float
    bay: float
    window_width: float
    window_height: float
    lit: np.ndarray
    shop: bool


@dataclass(frozen=True)
class Tree:
    """A trunk and a crown of round blobs, or a conifer of stacked cones."""

    x: float
    z: float
    trunk: float
    radius: float
    leaf: tuple
    conifer: bool
    blobs: tuple


@dataclass(frozen=True)
class Lamp:
    """A street lamp whose arm reaches over the road."""

    x: float
    z: float
    height: float
    reach: float


@dataclass(frozen=True)
class Car:
    """A car on the road, seen from behind or coming towards us."""

    x: float
    z: float
    width: float
    length: float
    height: float
    paint: tuple
    oncoming: bool


@dataclass(frozen=True)
class Heaven:
    """What hangs above: clouds as puffs (u, v, radius), the sun or moon, stars (u, v, light)."""

    clouds: tuple
    sun: tuple
    stars: np.ndarray
    sun_side: float


@dataclass(frozen=True)
class Scene:
    """Everything that `render` needs beside a domain and a size."""

    seed: int
    camera: Camera
    road_half: float
    pavement: float
    dash_phase: float
    crossing: float
    hills: np.ndarray
    grass: tuple
    buildings: tuple
    trees: tuple
    lamps: tuple
    cars: tuple
    heaven: Heaven
    flakes: np.ndarray


def between(generator, low, high):
    """Draw one float, evenly between two limits."""
    return float(low + (high - low) * generator.random())


def choose(generator, options):
    """Draw one of the options, all equally likely."""
    return options[int(generator.integers(len(options)))]


def tinted(generator, colour, amount=0.12):
    """Vary a colour's brightness a little."""
    factor = 1.0 + between(generator, -amount, amount)
    return tuple(min(1.0, channel * factor) for channel in colour)


def draw_camera(generator):
    return Camera(
        focal=between(generator, 0.80, 1.05),
        height=between(generator, 1.7, 2.6),
        horizon=between(generator, 0.44, 0.54),
        centre=between(generator, 0.36, 0.64),
    )


def draw_windows(generator, rows, columns):
    """Draw for every window 0 (dark) or 1, 2, 3 (the colour of its lamp)."""
    shade = generator.integers(1, len(WINDOW_LIGHTS) + 1, size=(rows, columns))
    return np.where(generator.random((rows, columns)) < 0.5, shade, 0).astype(np.uint8)


def draw_building(generator, side, front, near, tall):
    """Draw one building on the left (side -1) or right (+1), its street front at |x| = front."""
    depth = between(generator, 7.0, 11.0)
    inner, outer = side * front, side * (front + depth)
    house = not tall
    height = between(generator, 3.2, 5.6) if house else between(generator, 6.5, 15.0)
    length = between(generator, 7.0, 11.0) if house else between(generator, 8.0, 15.0)
    storey = between(generator, 2.7, 3.2)
    bay = between(generator, 2.1, 2.9)
    return Building(
        left=min(inner, outer),
        right=max(inner, outer),
        near=near,
        far=near + length,
        height=height,
        roof_rise=between(generator, 1.6, 2.8) if house else 0.0,
        wall=tinted(generator, choose(generator, WALLS)),
        roof=choose(generator, ROOFS),
        storey=storey,
        bay=bay,
        window_width=between(generator, 0.42, 0.60),
        window_height=between(generator, 0.46, 0.60),
        lit=draw_windows(generator, 8, 8),
        shop=bool(tall and generator.random() < 0.5),
    )


def draw_side(generator, side, front):
    """Draw the row of buildings on one side, from near to far, with gaps."""
    style = generator.random()
    buildings, near = [], between(generator, 3.0, 14.0)
    while near < FARTHEST:
        tall = generator.random() < (0.85 if style < 0.6 else 0.15)
        setback = between(generator, 0.0, 0.8)
        built = draw_building(generator, side, front + setback, near, tall)
        if style < 0.85 or generator.random() < 0.4:
            buildings.append(built)
        gap_likely = 0.2 if tall else 0.8
        near = built.far + (between(generator, 2.0, 7.0) if generator.random() < gap_likely else 0)
    return tuple(buildings)


def draw_blobs(generator):
    """Draw the round parts of a crown as (x, y, radius), in units of its radius."""
    ring = ((-0.45, -0.15), (0.45, -0.12), (-0.22, 0.35), (0.25, 0.38), (0.0, 0.05))
    return tuple(
        (
            x + between(generator, -0.1, 0.1),
            y + between(generator, -0.1, 0.1),
            between(generator, 0.52, 0.68),
        )
        for x, y in ring
    )


def draw_tree(generator, x, z):
    return Tree(
        x=x,
        z=z,
        trunk=between(generator, 1.6, 2.6),
        radius=between(generator, 1.1, 1.9),
        leaf=tinted(generator, choose(generator, LEAVES)),
        conifer=bool(generator.random() < 0.25),
        blobs=draw_blobs(generator),
    )


def draw_trees(generator, row, front):
    """Draw trees along both pavements and some in the gardens behind."""
    trees = []
    for side in (-1.0, 1.0):
        z, share = between(generator, 6.0, 14.0), between(generator, 0.1, 0.9)
        while z < 60.0:
            if generator.random() < share:
                behind = generator.random() < 0.3
                trees.append(draw_tree(generator, side * (front + 1.5 if behind else row), z))
            z += between(generator, 5.0, 11.0)
    return tuple(trees)


def draw_lamps(generator, kerb):
    """Draw evenly spaced lamps, on one pavement or on both."""
    pitch, first = between(generator, 11.0, 17.0), between(generator, 6.5, 13.0)
    height, reach = between(generator, 4.4, 5.8), between(generator, 0.9, 1.6)
    sides = choose(generator, ((-1.0,), (1.0,), (-1.0, 1.0)))
    return tuple(
        Lamp(x=side * (kerb + 0.35), z=first + pitch * step, height=height, reach=reach)
        for side in sides
        for step in range(4)
    )


def draw_car(generator, x, z, oncoming):
    return Car(
        x=x,
        z=z,
        width=between(generator, 1.7, 1.95),
        length=between(generator, 3.8, 4.6),
        height=between(generator, 1.4, 1.75),
        paint=choose(generator, PAINTS),
        oncoming=oncoming,
    )


def draw_lane(generator, x, oncoming, chance):
    """Draw the cars of one lane, from near to far, never overlapping."""
    cars, z = [], between(generator, 5.5, 15.0)
    while z < 60.0:
        if generator.random() < chance:
            cars.append(draw_car(generator, x + between(generator, -0.2, 0.2), z, oncoming))
        z += between(generator, 7.0, 16.0)
    return cars


def draw_cars(generator, road_half):
    """Draw moving cars in both lanes and, on wide roads, parked ones."""
    busy = between(generator, 0.1, 0.75)
    lane = road_half * 0.5
    cars = draw_lane(generator, lane, False, busy) + draw_lane(generator, -lane, True, busy)
    return tuple(cars)


def draw_cloud(generator):
    """Draw one cloud as a row of puffs (u, v, radius)."""
    u, v, width = generator.random(), between(generator, 0.03, 0.34), between(generator, 0.06, 0.16)
    return tuple(
        (
            u + width * (step - 2) * 0.5,
            v - between(generator, 0.0, 0.03),
            width * between(generator, 0.30, 0.55) * (1.0 if step in (1, 2, 3) else 0.7),
        )
        for step in range(5)
    )


def draw_heaven(generator, camera):
    stars = generator.random((70, 3))
    stars[:, 1] *= camera.horizon
    clouds = tuple(draw_cloud(generator) for _ in range(int(generator.integers(2, 6))))
    side = choose(generator, (-1.0, 1.0))
    sun = (camera.centre + between(generator, -0.22, 0.22), between(generator, 0.06, 0.22))
    return Heaven(clouds=clouds, sun=sun, stars=stars, sun_side=side)


def scene(seed):
    """Draw the street that belongs to a seed, alike on every platform (PCG64, no normals)."""
    generator = np.random.Generator(np.random.PCG64(seed))
    camera = draw_camera(generator)
    road_half, pavement = between(generator, 3.0, 4.4), between(generator, 1.8, 2.8)
    front = road_half + pavement + between(generator, 0.0, 1.8)
    return Scene(
        seed=seed,
        camera=camera,
        road_half=road_half,
        pavement=pavement,
        dash_phase=between(generator, 0.0, 4.0),
        crossing=between(generator, 6.0, 24.0) if generator.random() < 0.4 else 0.0,
        hills=generator.random((2, 4, 2)),
        grass=tinted(generator, (0.36, 0.50, 0.22)),
        buildings=draw_side(generator, -1.0, front) + draw_side(generator, 1.0, front),
        trees=draw_trees(generator, road_half + pavement * 0.6, front),
        lamps=draw_lamps(generator, road_half),
        cars=draw_cars(generator, road_half),
        heaven=draw_heaven(generator, camera),
        flakes=generator.random((60, 3)),
    )
