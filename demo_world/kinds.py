"""The label map's classes and colours, the kinds of surface and the ways a surface can face."""

from enum import IntEnum


class Label(IntEnum):
    """Semantic class of a pixel."""

    SKY = 0
    ROAD = 1
    MARKING = 2
    PAVEMENT = 3
    GROUND = 4
    BUILDING = 5
    WINDOW = 6
    TREE = 7
    LAMP = 8
    CAR = 9


class Kind(IntEnum):
    """What a surface is made of, as far as light and weather care."""

    SKY = 0
    PLAIN = 1
    GLASS = 2
    ROAD = 3
    WINDOW_LIGHT = 4
    LAMP_LIGHT = 5
    HEADLIGHT = 6
    TAILLIGHT = 7


class Facing(IntEnum):
    """Where a surface looks."""

    UP = 0
    CAMERA = 1
    LEFT = 2
    RIGHT = 3


LABELS = tuple(label.name.lower() for label in Label)
LEGEND = {
    "sky": (110, 180, 230),
    "road": (90, 80, 100),
    "marking": (255, 255, 255),
    "pavement": (220, 150, 220),
    "ground": (150, 200, 110),
    "building": (170, 90, 60),
    "window": (250, 220, 60),
    "tree": (20, 110, 50),
    "lamp": (250, 140, 20),
    "car": (20, 20, 160),
}
