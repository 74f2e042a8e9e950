"""Buildings: walls with windows in perspective, flat or pitched roofs."""

import numpy as np

from .canvas import front_window, on_front, on_side, side_window
from .kinds import Facing, Kind, Label
from .scene import WINDOW_LIGHTS

GLASS = (0.26, 0.32, 0.38)
SHOP_GLASS = (0.30, 0.36, 0.40)
PLINTH = 0.45
NEAREST = 1.2


def facing_of_side(x):
    """A wall on the right of the street looks left, and the other way round."""
    return Facing.LEFT if x > 0 else Facing.RIGHT


def window_surfaces(canvas, facing):
    """Register the glass of one wall, dark first, then one surface per colour of light."""
    dark = canvas.surface(Label.WINDOW, Kind.GLASS, GLASS, facing)
    lit = [
        canvas.surface(Label.WINDOW, Kind.WINDOW_LIGHT, GLASS, facing, colour)
        for colour in WINDOW_LIGHTS
    ]
    return np.array([dark, *lit], np.int16)


def window_cells(building, along, y):
    """For every sample of a wall: is it in a window, and in which row and column."""
    bay = along / np.float32(building.bay)
    storey = (y - np.float32(PLINTH)) / np.float32(building.storey)
    column, row = np.floor(bay), np.floor(storey)
    across, up = np.abs(bay - column - 0.5), np.abs(storey - row - 0.55)
    inside = (across < building.window_width / 2) & (up < building.window_height / 2)
    if building.shop:
        ground = row == 0
        inside = np.where(ground, (across < 0.42) & (up < 0.33), inside)
    return inside, row.astype(np.int16), column.astype(np.int16)


def draw_windows(canvas, building, window, wall, along, y, z, length):
    """Draw the windows of one wall; those cut by its end or its top are left out."""
    inside, row, column = window_cells(building, along, y)
    columns = np.floor(length / building.bay)
    rows = max(1, int((building.height - PLINTH) / building.storey))
    inside = inside & wall & (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    surfaces = window_surfaces(canvas, canvas.surfaces[-1].facing)
    lit = building.lit[np.clip(row, 0, 7) % 8, np.clip(column, 0, 63) % 8]
    canvas.paint(window, inside, z - np.float32(0.02), surfaces[lit])


def wall_tone(building, y):
    """Walls darken a little towards the ground and end in a light cornice."""
    tone = np.float32(0.86) + np.float32(0.14) * np.clip(y / np.float32(3.0), 0.0, 1.0)
    cornice = (y > building.height - 0.35) & (building.roof_rise == 0)
    return np.where(cornice, np.float32(1.14), tone)


def draw_street_wall(canvas, building):
    """Draw the wall along the street, seen in perspective."""
    x = building.left if building.left > 0 else building.right
    near, far = max(building.near, NEAREST), building.far
    window = side_window(canvas, x, 0.0, building.height, near, far)
    z, y = on_side(canvas, window, x)
    wall = (z >= near) & (z <= far) & (y >= 0) & (y <= building.height)
    index = canvas.surface(Label.BUILDING, Kind.PLAIN, building.wall, facing_of_side(x))
    canvas.paint(window, wall, z, index, wall_tone(building, y))
    along = z - np.float32(building.near)
    draw_windows(canvas, building, window, wall, along, y, z, far - building.near)


def gable_height(building, x):
    """The top of the front wall above every x: level, or rising to a ridge."""
    middle, half = (building.left + building.right) / 2, (building.right - building.left) / 2
    return building.height + building.roof_rise * (1.0 - np.abs(x - middle) / half)


def draw_front_wall(canvas, building):
    """Draw the wall that faces the camera, with its gable."""
    z = building.near
    top = building.height + building.roof_rise
    window = front_window(canvas, building.left, building.right, 0.0, top, z)
    x, y = on_front(canvas, window, z)
    wall = (x >= building.left) & (x <= building.right)
    wall = wall & (y >= 0) & (y <= gable_height(building, x))
    index = canvas.surface(Label.BUILDING, Kind.PLAIN, building.wall, Facing.CAMERA)
    canvas.paint(window, wall, np.float32(z), index, wall_tone(building, y))
    draw_windows(
        canvas,
        building,
        window,
        wall & (y < building.height),
        x - building.left,
        y,
        np.float32(z),
        building.right - building.left,
    )


def draw_roof(canvas, building):
    """Draw the slope of a pitched roof that looks at the street."""
    eaves = building.left if building.left > 0 else building.right
    half = (building.right - building.left) / 2
    slope = np.float32(building.roof_rise / half * (1 if eaves > 0 else -1))
    window = side_window(
        canvas,
        eaves,
        building.height,
        building.height + building.roof_rise,
        building.near,
        building.far,
    )
    ridge = canvas.project(eaves + np.sign(eaves) * half, 0, building.near)[0]
    edges = sorted(
        (
            canvas.project(eaves, 0, building.near)[0],
            ridge,
            canvas.project(eaves, 0, building.far)[0],
        )
    )
    window = window[0], canvas.span(edges[0], edges[-1])
    camera = canvas.camera
    across, down = canvas.across[:, window[1]], canvas.down[window[0]]
    rise = np.float32(camera.focal * (camera.height - building.height + slope * eaves))
    steep = slope * across + down
    z = rise / np.where(np.abs(steep) < 1e-6, np.float32(1e-6), steep)
    x = across * z / np.float32(camera.focal)
    inside = (z >= building.near) & (z <= building.far) & (np.abs(x) >= abs(eaves))
    inside &= np.abs(x) <= abs(eaves) + half
    index = canvas.surface(Label.BUILDING, Kind.PLAIN, building.roof, Facing.UP)
    canvas.paint(window, inside, z - np.float32(0.01), index, upward=1.0)


def draw_parapet_snow(canvas, building):
    """Mark the uppermost strip of a flat-roofed street wall as lying open to the snow."""
    x = building.left if building.left > 0 else building.right
    window = side_window(canvas, x, building.height, building.height, building.near, building.far)
    z, y = on_side(canvas, window, x)
    strip = (y > building.height - 0.22) & (y <= building.height)
    strip &= (z >= building.near) & (z <= building.far) & (canvas.depth[window] >= z - 0.05)
    np.copyto(canvas.upward[window], np.float32(0.9), where=strip)


def draw_building(canvas, building):
    """Draw one building whole; the part behind the camera is cut off."""
    draw_street_wall(canvas, building)
    if building.near > NEAREST:
        draw_front_wall(canvas, building)
    if building.roof_rise > 0:
        draw_roof(canvas, building)
    else:
        draw_parapet_snow(canvas, building)
