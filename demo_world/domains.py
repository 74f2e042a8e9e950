"""The six domains in which every scene can be rendered."""

from enum import Enum


class Domain(str, Enum):
    """A time of day or a weather; its value is its public name."""

    DAY = "day"
    NIGHT = "night"
    SUNSET = "sunset"
    FOG = "fog"
    RAIN = "rain"
    SNOW = "snow"


DOMAINS = tuple(domain.value for domain in Domain)


def domain_of(name):
    """Return the Domain called `name`, or raise with the list of known names."""
    try:
        return Domain(name)
    except ValueError:
        raise ValueError(
            f"domain is {name!r}, but only {', '.join(DOMAINS)} exist: choose one."
        ) from None
