"""Light on surfaces: sun and sky by facing, lamps and headlights by distance, fog by depth."""

from dataclasses import dataclass

import numpy as np

from .kinds import Facing, Kind
from .street_things import HEADLIGHT_GLOW, LAMP_GLOW, lamp_head

SNOW_WHITE = (0.95, 0.97, 1.0)
LAMP_REACH, LAMP_POWER = 3.0, 2.4
BEAM_LENGTH, BEAM_HALF = 8.0, 1.3


def sun_share(facing, look, scene):
    """How much of the sun a surface catches, by where it looks."""
    low = look.disc_at_horizon
    match facing:
        case Facing.UP:
            return 0.55 if low else 1.0
        case Facing.CAMERA:
            return 0.30 if low else 0.55
        case Facing.LEFT:
            return 1.1 if scene.heaven.sun_side < 0 else 0.15
        case Facing.RIGHT:
            return 1.1 if scene.heaven.sun_side > 0 else 0.15
        case _:
            raise ValueError(f"facing is {facing!r}, which the sun does not know; extend light.py")


def glow_gain(kind, look):
    """How strongly a kind of light shines in a domain."""
    match kind:
        case Kind.WINDOW_LIGHT:
            return look.windows
        case Kind.LAMP_LIGHT:
            return min(1.0, look.lamps * 3.0)
        case Kind.HEADLIGHT | Kind.TAILLIGHT:
            return look.car_lights
        case Kind.SKY | Kind.PLAIN | Kind.GLASS | Kind.ROAD:
            return 0.0
        case _:
            raise ValueError(f"kind is {kind!r}, which has no light of its own; extend light.py")


def surface_colour(surface, look, scene):
    """A surface's colour under sky and sun, before lamps and fog."""
    share = sun_share(surface.facing, look, scene) * look.sun_strength
    light = np.array(look.ambient) + share * np.array(look.sun_colour)
    colour = np.array(surface.albedo) * light
    if surface.kind in (Kind.GLASS, Kind.WINDOW_LIGHT):
        colour = colour + look.glass_sky * 0.5 * np.array(look.sky_bottom)
    if surface.kind == Kind.ROAD:
        colour = colour * (1.0 - 0.35 * look.wet)
    gain = glow_gain(surface.kind, look)
    return colour * (1.0 - gain) + gain * np.array(surface.glow)


def colour_table(surfaces, look, scene):
    """The lit colour of every surface of a canvas."""
    return np.array([surface_colour(s, look, scene) for s in surfaces], np.float32)


def snow_colour(look, scene):
    """White under the light that falls from above."""
    share = sun_share(Facing.UP, look, scene) * look.sun_strength
    light = np.array(look.ambient) + share * np.array(look.sun_colour)
    return (np.array(SNOW_WHITE) * light * 1.02).astype(np.float32)


@dataclass(frozen=True)
class Places:
    """World position of the middle sample of every pixel."""

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray


def pixel_places(canvas, step):
    """Where in the world the middle of every pixel lies, `step` samples a pixel."""
    middle = slice(step // 2, None, step)
    z = canvas.depth[middle, middle]
    scale = z / np.float32(canvas.camera.focal)
    across, down = canvas.across[:, middle], canvas.down[middle]
    return Places(across * scale, np.float32(canvas.camera.height) - down * scale, z)


def lamp_light(places, scene):
    """Light of the street lamps on every pixel; it falls off with distance."""
    light = np.zeros_like(places.x)
    reach = np.float32(LAMP_REACH**2)
    for lamp in scene.lamps:
        x, y, z = (np.float32(value) for value in lamp_head(lamp))
        squared = (places.x - x) ** 2 + 0.25 * (places.y - y) ** 2 + (places.z - z) ** 2
        light += np.where(places.y < y, reach / (reach + squared), 0.0) ** 2
    return light * np.float32(LAMP_POWER)


def beam_light(places, scene):
    """Pools of light on the road before the cars: towards us if oncoming, away if not."""
    light = np.zeros_like(places.x)
    for car in scene.cars:
        away = (car.z - places.z) if car.oncoming else (places.z - car.z - car.length)
        along = np.clip(away / np.float32(BEAM_LENGTH), 0.0, 1.0)
        aside = (places.x - np.float32(car.x)) / (BEAM_HALF + along)
        pool = (1.0 - along) ** 2 / (1.0 + aside**4)
        light += np.where((away > 0) & (np.abs(places.y) < 0.5), pool, 0.0)
    return light


def artificial_light(canvas, look, scene, step):
    """RGB light of lamps and headlights on every sample, found once per pixel."""
    places = pixel_places(canvas, step)
    lamps = np.float32(look.lamps) * lamp_light(places, scene)
    beams = np.float32(0.5 * look.car_lights * look.lamps) * beam_light(places, scene)
    light = lamps[..., None] * np.array(LAMP_GLOW, np.float32) + beams[..., None] * np.array(
        HEADLIGHT_GLOW, np.float32
    )
    return light.repeat(step, axis=0).repeat(step, axis=1)


def fog_share(canvas, look):
    """How much of a sample the air hides."""
    return 1.0 - np.exp(-np.float32(look.fog_density) * canvas.depth)


def lit_surfaces(canvas, look, scene, step):
    """The colour of every sample under a domain's light and air; the sky stays black."""
    colour = colour_table(canvas.surfaces, look, scene)[canvas.index] * canvas.tone[..., None]
    if look.snow > 0:
        cover = np.float32(look.snow) * canvas.upward
        lying = snow_colour(look, scene) * (0.25 + 0.75 * np.minimum(canvas.tone, 1.0))[..., None]
        colour += cover[..., None] * (lying - colour)
    if look.lamps > 0:
        albedo = np.array([s.albedo for s in canvas.surfaces], np.float32)[canvas.index]
        colour += albedo * artificial_light(canvas, look, scene, step) * canvas.tone[..., None]
    hidden = fog_share(canvas, look)[..., None]
    return colour + hidden * (np.array(look.fog_colour, np.float32) - colour)
