"""Plain words for a scene in a domain, with synonyms and scene words."""

from .domains import Domain, domain_of
from .scene import choose

PLACES = ("a street", "a road", "a city street", "a small street", "a quiet road", "the street")
PHRASES = {
    Domain.DAY: (
        "on a sunny day",
        "by day",
        "in daylight",
        "under a blue sky",
        "at noon",
        "in the sunshine",
        "on a clear day",
        "on a bright day",
        "day",
    ),
    Domain.NIGHT: (
        "at night",
        "by night",
        "after dark",
        "at midnight",
        "in the dark",
        "under the stars",
        "on a clear night",
        "with lights at night",
        "night",
    ),
    Domain.SUNSET: (
        "at sunset",
        "at dusk",
        "in the evening sun",
        "in golden light",
        "under an orange sky",
        "at the end of the day",
        "at dawn",
        "sunset",
    ),
    Domain.FOG: (
        "in fog",
        "in the mist",
        "in thick fog",
        "on a foggy morning",
        "in haze",
        "on a misty day",
        "on a foggy day",
        "fog",
    ),
    Domain.RAIN: (
        "in the rain",
        "on a rainy day",
        "in wet weather",
        "with a wet road",
        "in a shower",
        "on a wet and grey day",
        "in bad weather",
        "rain",
    ),
    Domain.SNOW: (
        "in the snow",
        "in winter",
        "under snow",
        "on a snowy day",
        "with snow",
        "covered in white snow",
        "on a cold winter day",
        "snow",
    ),
}
MEDIA = ("", "", "", "a picture of ", "a photo of ", "a drawing of ", "an image of ")
GENERAL_WORDS = (
    "empty busy car cars tree trees house houses tall building buildings windows street lamp "
    "lamps lights zebra crossing hills sky clouds moon sun stars and , with without no one two "
    "three many some few no of the in on at town village city road night day morning evening "
    "scene view left right bright dark light grey white red blue green yellow orange black "
    "low high wet dry cold warm summer autumn spring winter . is it very a an"
)


def in_sight(thing):
    """True for things near enough to be seen well."""
    return 4.0 < thing.z < 32.0


def scene_words(scene):
    """What a passer-by would name in a scene, most striking first."""
    cars = sum(in_sight(car) for car in scene.cars)
    trees = sum(in_sight(tree) for tree in scene.trees)
    near = [building for building in scene.buildings if building.near < 40.0]
    tall = sum(building.height > 6.0 for building in near)
    words = ["no cars" if cars == 0 else "a car" if cars == 1 else "cars"]
    words += ["trees"] if trees > 1 else ["a tree"] if trees == 1 else []
    words += ["tall buildings"] if tall > 2 else []
    words += ["houses"] if len(near) - tall > 2 else []
    return words + (["a zebra crossing"] if 0 < scene.crossing < 18.0 else [])


def joined(words):
    """Words as English lists them."""
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def prompt(domain, scene=None):
    """The plain prompt of a domain, with the scene's own words if a scene is given."""
    text = f"{PLACES[0]} {PHRASES[domain_of(domain)][0]}"
    return text if scene is None else f"{text}, with {joined(scene_words(scene))}"


def varied_prompt(generator, domain, scene):
    """One of the many ways to say the same, for training."""
    text = choose(generator, MEDIA) + choose(generator, PLACES)
    text = f"{text} {choose(generator, PHRASES[domain_of(domain)])}"
    words = [word for word in scene_words(scene) if generator.random() < 0.75]
    if not words or generator.random() < 0.15:
        return text
    generator.shuffle(words)
    return f"{text}, with {joined(words)}"


def known_words():
    """Every word that the tokenizer holds whole."""
    texts = [*PLACES, *MEDIA, GENERAL_WORDS]
    texts += [phrase for phrases in PHRASES.values() for phrase in phrases]
    return sorted({word for text in texts for word in text.split()})
