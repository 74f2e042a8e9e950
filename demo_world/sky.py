"""The sky of a domain: gradient, sun or moon, stars, clouds."""

import numpy as np


def blend(image, colour, alpha):
    """Lay a colour over an image, as opaque as alpha says."""
    return image + alpha[..., None] * (np.asarray(colour, np.float32) - image)


def grid(size):
    """Picture coordinates of every pixel's centre, as a row and a column."""
    centres = (np.arange(size, dtype=np.float32) + 0.5) / size
    return centres[None, :], centres[:, None]


def gradient(look, horizon, size):
    """From the colour above to the colour at the horizon."""
    _, v = grid(size)
    share = np.clip(v / np.float32(horizon), 0.0, 1.0) ** 2
    top, bottom = np.asarray(look.sky_top, np.float32), np.asarray(look.sky_bottom, np.float32)
    rows = top + share[..., None] * (bottom - top)
    return np.broadcast_to(rows, (size, size, 3)).copy()


def disc_place(look, scene):
    """Where the sun or the moon stands; the setting sun stands just above the horizon."""
    u, v = scene.heaven.sun
    return (u, scene.camera.horizon - 0.07) if look.disc_at_horizon else (u, v)


def add_disc(image, look, scene):
    """Draw sun or moon with its glow."""
    size = image.shape[0]
    u, v = grid(size)
    place = disc_place(look, scene)
    distance = np.sqrt((u - np.float32(place[0])) ** 2 + (v - np.float32(place[1])) ** 2)
    radius = np.float32(look.disc_radius)
    glow = np.float32(look.disc_glow) / (1.0 + (distance / (2.2 * radius)) ** 2)
    image = blend(image, look.disc, np.clip(glow, 0.0, 1.0))
    return blend(image, look.disc, np.clip((radius - distance) * size + 0.5, 0.0, 1.0))


def add_stars(image, look, scene):
    """Light single pixels, each with its own brightness."""
    size = image.shape[0]
    u, v, light = scene.heaven.stars.T
    rows, columns = (v * size).astype(int), (u * size).astype(int)
    image[rows, columns] += (look.stars * light**2)[:, None].astype(np.float32)
    return image


def cloud_cover(scene, size):
    """How much cloud hides the sky: puffs that melt into each other."""
    u, v = grid(size)
    cover = np.zeros((size, size), np.float32)
    for cloud in scene.heaven.clouds:
        for x, y, radius in cloud:
            along, above = (u - np.float32(x)) / radius, (v - np.float32(y)) / (0.5 * radius)
            distance = along**2 + above**2
            cover += np.maximum(1.0 - distance * 0.5, 0.0) ** 2
    return np.clip(cover * 1.6 - 0.25, 0.0, 1.0)


def draw_sky(look, scene, size):
    """The whole sky, as if nothing stood in front of it."""
    image = gradient(look, scene.camera.horizon, size)
    if look.stars > 0:
        image = add_stars(image, look, scene)
    if look.disc_glow > 0:
        image = add_disc(image, look, scene)
    return blend(image, look.cloud, np.float32(look.cloud_cover) * cloud_cover(scene, size))
