"""Pictures: the same everywhere, and changed by light and weather as the world is."""

import numpy as np
import pytest

from demo_world import DOMAINS, LABELS, depth, labels, render, render_all, scene
from tests.demo_world.make_golden import GOLDEN, drawn

SEEDS = range(12)


@pytest.fixture(scope="module")
def pixels():
    """The pixels of a class of surfaces in a domain, over some scenes, as [n, 3]."""
    images = np.stack([render_all(scene(seed)) for seed in SEEDS])
    classes = np.stack([labels(scene(seed)) for seed in SEEDS])
    return lambda domain, name: images[:, DOMAINS.index(domain)][classes == LABELS.index(name)]


@pytest.fixture
def brightness(pixels):
    """Mean brightness of a class of surfaces in a domain."""
    return lambda domain, name: pixels(domain, name).mean()


def test_pictures_are_those_drawn_when_the_golden_file_was_made():
    difference = np.abs(drawn().astype(int) - np.load(GOLDEN, allow_pickle=False).astype(int))
    assert difference.mean() < 0.1
    assert (difference <= 2).mean() > 0.995


def test_a_picture_is_repeatable_and_in_range():
    first, second = (render(scene(4), "rain", 64) for _ in range(2))
    assert np.array_equal(first, second)
    assert first.dtype == np.float32 and first.shape == (64, 64, 3)
    assert first.min() >= 0.0 and first.max() <= 1.0


def test_all_domains_at_once_are_the_domains_one_by_one():
    together = render_all(scene(2), 48)
    for index, domain in enumerate(DOMAINS):
        assert np.array_equal(together[index], render(scene(2), domain, 48))


def test_night_is_dark_but_its_windows_shine(brightness):
    assert brightness("night", "sky") < 0.3 * brightness("day", "sky")
    assert brightness("night", "window") > 1.5 * brightness("night", "building")
    assert brightness("day", "window") < brightness("day", "building")


def test_snow_covers_the_ground_and_the_road(brightness):
    assert brightness("snow", "ground") > 1.5 * brightness("day", "ground")
    assert brightness("snow", "road") > 1.3 * brightness("day", "road")


def test_sunset_is_warm_and_the_day_sky_is_blue(pixels):
    sunset, day = (pixels(domain, "sky").mean(0) for domain in ("sunset", "day"))
    assert sunset[0] > sunset[2] and day[2] > day[0]


def test_fog_hides_by_depth():
    one = scene(7)
    distance, solid = depth(one), labels(one) != LABELS.index("sky")
    contrast = np.abs(render(one, "fog") - np.array([0.79, 0.80, 0.815])).mean(2)
    assert contrast[solid & (distance > 50)].mean() < 0.3 * contrast[solid & (distance < 8)].mean()


def test_a_wet_road_mirrors_what_shines_above_it(pixels):
    assert pixels("rain", "road").std() > 1.3 * pixels("day", "road").std()


def test_an_unknown_domain_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="'hail'.*day, night"):
        render(scene(0), "hail")
