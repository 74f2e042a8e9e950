"""From a scene to its geometry buffers, labels and depth: everything light knows nothing of."""

import numpy as np

from .buildings import draw_building
from .canvas import SKY_DISTANCE, Canvas
from .ground import draw_ground, draw_hills
from .kinds import Facing, Kind, Label
from .street_things import draw_car, draw_lamp, draw_tree

SUPERSAMPLING = 3


def rasterise(scene, size, supersampling=SUPERSAMPLING):
    """Draw a scene into geometry buffers of size * supersampling samples a side."""
    if size < 16:
        raise ValueError(f"size is {size}, but a scene needs at least 16 pixels a side")
    canvas = Canvas(scene.camera, size * supersampling)
    canvas.surface(Label.SKY, Kind.SKY, (0.0, 0.0, 0.0), Facing.CAMERA)
    draw_hills(canvas, scene)
    draw_ground(canvas, scene)
    for building in scene.buildings:
        draw_building(canvas, building)
    for tree in scene.trees:
        draw_tree(canvas, tree)
    for lamp in scene.lamps:
        draw_lamp(canvas, lamp)
    for car in scene.cars:
        draw_car(canvas, car)
    return canvas


def labels(scene, size=128):
    """The semantic class of every pixel (an index into LABELS), at its centre."""
    canvas = rasterise(scene, size, 1)
    table = np.array([surface.label for surface in canvas.surfaces], np.uint8)
    return table[canvas.index]


def depth(scene, size=128):
    """The distance of every pixel's centre in metres; the sky is SKY_DISTANCE away."""
    return np.minimum(rasterise(scene, size, 1).depth, np.float32(SKY_DISTANCE))
