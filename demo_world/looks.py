"""How each domain lights a street: one table of numbers per domain, and nothing else."""

from dataclasses import dataclass

from .domains import Domain


@dataclass(frozen=True, kw_only=True)
class Look:
    """Light, air and weather of one domain; colours are linear RGB factors."""

    sky_top: tuple
    sky_bottom: tuple
    cloud: tuple
    cloud_cover: float
    sun_colour: tuple
    sun_strength: float
    ambient: tuple
    fog_colour: tuple
    fog_density: float
    disc: tuple = (0.0, 0.0, 0.0)
    disc_radius: float = 0.035
    disc_glow: float = 0.0
    disc_at_horizon: bool = False
    stars: float = 0.0
    windows: float = 0.0
    lamps: float = 0.0
    car_lights: float = 0.0
    snow: float = 0.0
    wet: float = 0.0
    glass_sky: float = 0.35
    rain: float = 0.0
    flakes: float = 0.0


DAY = Look(
    sky_top=(0.28, 0.52, 0.88),
    sky_bottom=(0.72, 0.86, 0.97),
    cloud=(1.0, 1.0, 1.0),
    cloud_cover=0.9,
    sun_colour=(1.0, 0.95, 0.84),
    sun_strength=0.62,
    ambient=(0.52, 0.56, 0.62),
    fog_colour=(0.74, 0.84, 0.93),
    fog_density=0.0022,
)
NIGHT = Look(
    sky_top=(0.030, 0.045, 0.12),
    sky_bottom=(0.10, 0.115, 0.22),
    cloud=(0.10, 0.11, 0.17),
    cloud_cover=0.35,
    sun_colour=(0.5, 0.6, 1.0),
    sun_strength=0.08,
    ambient=(0.17, 0.19, 0.31),
    fog_colour=(0.055, 0.065, 0.13),
    fog_density=0.006,
    disc=(0.92, 0.92, 0.84),
    disc_radius=0.026,
    disc_glow=0.20,
    stars=0.55,
    windows=1.0,
    lamps=1.0,
    car_lights=1.0,
    glass_sky=0.10,
)
SUNSET = Look(
    sky_top=(0.30, 0.27, 0.52),
    sky_bottom=(1.0, 0.60, 0.28),
    cloud=(0.98, 0.52, 0.44),
    cloud_cover=0.75,
    sun_colour=(1.0, 0.55, 0.25),
    sun_strength=0.62,
    ambient=(0.40, 0.33, 0.42),
    fog_colour=(0.94, 0.56, 0.36),
    fog_density=0.0045,
    disc=(1.0, 0.92, 0.62),
    disc_radius=0.045,
    disc_glow=0.55,
    disc_at_horizon=True,
    windows=0.55,
    lamps=0.22,
    car_lights=0.45,
    glass_sky=0.50,
)
FOG = Look(
    sky_top=(0.74, 0.76, 0.78),
    sky_bottom=(0.80, 0.81, 0.82),
    cloud=(0.8, 0.8, 0.8),
    cloud_cover=0.0,
    sun_colour=(1.0, 1.0, 1.0),
    sun_strength=0.06,
    ambient=(0.66, 0.68, 0.70),
    fog_colour=(0.79, 0.80, 0.815),
    fog_density=0.048,
    windows=0.30,
    lamps=0.16,
    car_lights=0.75,
    glass_sky=0.45,
)
RAIN = Look(
    sky_top=(0.30, 0.34, 0.40),
    sky_bottom=(0.50, 0.54, 0.58),
    cloud=(0.38, 0.41, 0.46),
    cloud_cover=0.8,
    sun_colour=(0.8, 0.9, 1.0),
    sun_strength=0.05,
    ambient=(0.50, 0.54, 0.60),
    fog_colour=(0.48, 0.52, 0.56),
    fog_density=0.011,
    windows=0.55,
    lamps=0.16,
    car_lights=0.8,
    wet=1.0,
    glass_sky=0.30,
    rain=1.0,
)
SNOW = Look(
    sky_top=(0.72, 0.77, 0.84),
    sky_bottom=(0.88, 0.90, 0.93),
    cloud=(0.84, 0.87, 0.91),
    cloud_cover=0.6,
    sun_colour=(1.0, 0.98, 0.95),
    sun_strength=0.16,
    ambient=(0.74, 0.78, 0.84),
    fog_colour=(0.85, 0.88, 0.92),
    fog_density=0.009,
    windows=0.35,
    car_lights=0.4,
    snow=1.0,
    glass_sky=0.4,
    flakes=1.0,
)


def look_of(domain):
    """The light table of a domain."""
    match domain:
        case Domain.DAY:
            return DAY
        case Domain.NIGHT:
            return NIGHT
        case Domain.SUNSET:
            return SUNSET
        case Domain.FOG:
            return FOG
        case Domain.RAIN:
            return RAIN
        case Domain.SNOW:
            return SNOW
        case _:
            raise ValueError(f"domain is {domain!r}, which has no light table; add one in looks.py")
