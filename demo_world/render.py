"""A scene in a domain: geometry first, then its light, its sky and its weather."""

import numpy as np

from .domains import DOMAINS, domain_of
from .geometry import rasterise
from .light import lit_surfaces
from .looks import look_of
from .sky import draw_sky
from .weather import add_weather, shrink


def shade(canvas, scene, domain, size):
    """Turn geometry buffers into a picture of one domain."""
    look = look_of(domain_of(domain))
    open_sky = (canvas.index == 0)[..., None]
    lit = lit_surfaces(canvas, look, scene, canvas.samples // size)
    surfaces = np.where(open_sky, np.float32(0.0), lit)
    image = shrink(surfaces, size) + shrink(open_sky, size) * draw_sky(look, scene, size)
    return np.clip(add_weather(image, canvas, scene, look), 0.0, 1.0).astype(np.float32)


def render(scene, domain, size=128):
    """Draw a scene in a domain: float32 [size, size, 3] in 0..1."""
    return shade(rasterise(scene, size), scene, domain, size)


def render_all(scene, size=128):
    """Draw a scene in every domain, in the order of DOMAINS: [6, size, size, 3]."""
    canvas = rasterise(scene, size)
    return np.stack([shade(canvas, scene, domain, size) for domain in DOMAINS])
