"""Trees, street lamps and cars."""

import numpy as np

from .canvas import front_window, on_front, on_side, side_window
from .ground import draw_shadow
from .kinds import Facing, Kind, Label

BARK = (0.33, 0.24, 0.17)
IRON = (0.24, 0.26, 0.27)
BULB = (0.90, 0.88, 0.80)
TYRE = (0.08, 0.08, 0.09)
CAR_GLASS = (0.16, 0.20, 0.25)
BUMPER = (0.22, 0.22, 0.24)
PLATE = (0.92, 0.90, 0.78)
HEADLIGHT = (0.95, 0.95, 0.88)
TAILLIGHT = (0.75, 0.06, 0.05)
LAMP_GLOW = (1.0, 0.80, 0.48)
HEADLIGHT_GLOW = (1.0, 0.96, 0.82)
TAILLIGHT_GLOW = (1.0, 0.10, 0.06)


def draw_plate(canvas, index, left, right, bottom, top, z, tone=1.0, upward=0.0):
    """Draw an upright rectangle that faces the camera."""
    window = front_window(canvas, left, right, bottom, top, z)
    x, y = on_front(canvas, window, z)
    inside = (x >= left) & (x <= right) & (y >= bottom) & (y <= top)
    canvas.paint(window, inside, np.float32(z), index, tone, upward)


def draw_disc(canvas, index, x, y, z, radius_x, radius_y):
    """Draw an upright ellipse that faces the camera."""
    window = front_window(canvas, x - radius_x, x + radius_x, y - radius_y, y + radius_y, z)
    across, up = on_front(canvas, window, z)
    inside = ((across - x) / radius_x) ** 2 + ((up - y) / radius_y) ** 2 <= 1.0
    canvas.paint(window, inside, np.float32(z), index)


def draw_leaves(canvas, index, x, y, z, radius):
    """Draw one round part of a crown, lighter above than below."""
    window = front_window(canvas, x - radius, x + radius, y - radius, y + radius, z)
    across, up = on_front(canvas, window, z)
    along, above = (across - x) / np.float32(radius), (up - y) / np.float32(radius)
    inside = along**2 + above**2 <= 1.0
    tone = np.float32(0.92) + np.float32(0.26) * above
    canvas.paint(window, inside, np.float32(z), index, tone, np.clip(above * 1.8, 0.0, 1.0))


def draw_cone(canvas, index, x, bottom, z, half, height):
    """Draw one storey of a conifer, snow lying on its upper part."""
    window = front_window(canvas, x - half, x + half, bottom, bottom + height, z)
    across, up = on_front(canvas, window, z)
    rise = (up - bottom) / np.float32(height)
    inside = (rise >= 0) & (np.abs(across - x) <= half * (1.0 - rise))
    tone = np.float32(0.78) + np.float32(0.38) * rise
    canvas.paint(window, inside, np.float32(z), index, tone, np.clip(rise * 1.5 - 0.1, 0, 1))


def draw_tree(canvas, tree):
    """Draw a tree with its shadow."""
    bark = canvas.surface(Label.TREE, Kind.PLAIN, BARK, Facing.CAMERA)
    leaf = canvas.surface(Label.TREE, Kind.PLAIN, tree.leaf, Facing.UP)
    reach = tree.radius * 0.6
    draw_shadow(canvas, tree.x - reach, tree.x + reach, tree.z - reach, tree.z + reach, 0.25)
    draw_plate(canvas, bark, tree.x - 0.13, tree.x + 0.13, 0.0, tree.trunk + 0.5, tree.z)
    if tree.conifer:
        for step in range(3):
            draw_cone(
                canvas,
                leaf,
                tree.x,
                tree.trunk * 0.4 + step * tree.radius * 0.85,
                tree.z - 0.05 * step,
                tree.radius * (0.95 - 0.22 * step),
                tree.radius * 1.5,
            )
        return
    for step, (x, y, radius) in enumerate(tree.blobs):
        draw_leaves(
            canvas,
            leaf,
            tree.x + x * tree.radius,
            tree.trunk + tree.radius * (0.7 + y),
            tree.z - 0.05 * (step + 1),
            radius * tree.radius,
        )


def lamp_head(lamp):
    """Where a lamp's bulb hangs, in the world."""
    return lamp.x - np.sign(lamp.x) * lamp.reach, lamp.height - 0.16, lamp.z


def draw_lamp(canvas, lamp):
    """Draw post, arm and bulb."""
    iron = canvas.surface(Label.LAMP, Kind.PLAIN, IRON, Facing.CAMERA)
    bulb = canvas.surface(Label.LAMP, Kind.LAMP_LIGHT, BULB, Facing.CAMERA, LAMP_GLOW)
    x, y, z = lamp_head(lamp)
    draw_plate(canvas, iron, lamp.x - 0.08, lamp.x + 0.08, 0.0, lamp.height, z)
    draw_plate(
        canvas,
        iron,
        min(x, lamp.x),
        max(x, lamp.x),
        lamp.height - 0.1,
        lamp.height + 0.05,
        z,
        1.0,
        0.6,
    )
    draw_disc(canvas, bulb, x, y, z - 0.05, 0.34, 0.17)


def draw_car_side(canvas, car, body, glass):
    """Draw the flank that the street's middle sees: body, windows, wheels."""
    x = car.x - car.width / 2 if car.x > 0 else car.x + car.width / 2
    if x * car.x <= 0:
        return
    window = side_window(canvas, x, 0.0, car.height, car.z, car.z + car.length)
    z, y = on_side(canvas, window, x)
    along = (z - car.z) / np.float32(car.length)
    waist = car.height * 0.58
    on_body = (along >= 0) & (along <= 1) & (y >= 0.22) & (y <= waist)
    lean = (y - waist) / (car.height - waist)
    cabin = (y > waist) & (lean <= 1) & (along > 0.10 + 0.14 * lean) & (along < 0.80 - 0.16 * lean)
    pane = cabin & (lean > 0.12) & (lean < 0.85) & (np.abs(along - 0.45) > 0.025)
    wheel = np.minimum(np.abs(along - 0.19), np.abs(along - 0.81)) * np.float32(car.length)
    tyre = wheel**2 + (y - 0.32) ** 2 < 0.32**2
    rubber = canvas.surface(Label.CAR, Kind.PLAIN, TYRE, Facing.CAMERA)
    canvas.paint(window, on_body | cabin, z, body, 0.9)
    canvas.paint(window, pane, z - np.float32(0.01), glass)
    canvas.paint(window, tyre, z - np.float32(0.02), rubber)


def draw_car_body(canvas, car, body):
    """Draw what faces us of the body: lower block with round shoulders, cabin above."""
    half, waist = car.width / 2, car.height * 0.60
    window = front_window(canvas, car.x - half, car.x + half, 0.2, car.height, car.z)
    x, y = on_front(canvas, window, car.z)
    aside = np.abs(x - car.x) / np.float32(half)
    shoulder = (aside**6 + (np.maximum(y - 0.45, 0) / (waist - 0.43)) ** 6) <= 1.0
    lower = (y >= 0.2) & (y <= waist) & (aside <= 1) & shoulder
    lean = (y - waist) / (car.height - waist)
    upper = (lean > -0.2) & (lean <= 1) & (aside < 0.88 - 0.20 * lean)
    shine = np.float32(0.88) + np.float32(0.22) * np.clip(y / np.float32(car.height), 0, 1)
    snow = np.where(lean > 0.80, 1.0, 0.0) * upper
    canvas.paint(window, lower, np.float32(car.z), body, shine, (y > waist - 0.06) * 0.9)
    canvas.paint(window, upper, np.float32(car.z + 0.02), body, shine, snow)


def draw_car_pane(canvas, car, glass):
    """Draw the rear window or the windscreen."""
    waist = car.height * 0.60
    window = front_window(canvas, car.x - 1, car.x + 1, waist, car.height, car.z)
    x, y = on_front(canvas, window, car.z)
    lean = (y - waist) / (car.height - waist)
    inside = (
        (lean > 0.10)
        & (lean < 0.80)
        & (np.abs(x - car.x) / np.float32(car.width / 2) < 0.76 - 0.20 * lean)
    )
    tone = np.float32(0.9) + np.float32(0.5) * lean
    canvas.paint(window, inside, np.float32(car.z - 0.01), glass, tone)


def car_lights(car):
    """Where the two lights of a car are that look at us."""
    offset = car.width * 0.36
    return tuple((car.x + side * offset, car.height * 0.44, car.z) for side in (-1, 1))


def draw_car_details(canvas, car):
    """Draw wheels, bumper, number plate and lights."""
    rubber = canvas.surface(Label.CAR, Kind.PLAIN, TYRE, Facing.CAMERA)
    bumper = canvas.surface(Label.CAR, Kind.PLAIN, BUMPER, Facing.CAMERA)
    plate = canvas.surface(Label.CAR, Kind.PLAIN, PLATE, Facing.CAMERA)
    half = car.width / 2
    for side in (-1, 1):
        left, right = sorted((car.x + side * half * 0.95, car.x + side * half * 0.62))
        draw_plate(canvas, rubber, left, right, 0.0, 0.4, car.z + 0.05)
    draw_plate(canvas, bumper, car.x - half * 0.94, car.x + half * 0.94, 0.22, 0.38, car.z - 0.02)
    draw_plate(canvas, plate, car.x - 0.24, car.x + 0.24, 0.40, 0.52, car.z - 0.03)
    kind, colour, glow = (
        (Kind.HEADLIGHT, HEADLIGHT, HEADLIGHT_GLOW)
        if car.oncoming
        else (Kind.TAILLIGHT, TAILLIGHT, TAILLIGHT_GLOW)
    )
    light = canvas.surface(Label.CAR, kind, colour, Facing.CAMERA, glow)
    for x, y, z in car_lights(car):
        draw_disc(canvas, light, x, y, z - 0.04, 0.20, 0.12 if car.oncoming else 0.15)


def draw_car(canvas, car):
    """Draw a car with the dark under it."""
    body = canvas.surface(Label.CAR, Kind.PLAIN, car.paint, Facing.UP)
    glass = canvas.surface(Label.CAR, Kind.GLASS, CAR_GLASS, Facing.CAMERA)
    half = car.width / 2 + 0.12
    draw_shadow(canvas, car.x - half, car.x + half, car.z - 0.25, car.z + car.length, 0.55)
    draw_car_side(canvas, car, body, glass)
    draw_car_body(canvas, car, body)
    draw_car_pane(canvas, car, glass)
    draw_car_details(canvas, car)
