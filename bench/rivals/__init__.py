"""The methods that S2ST is compared with, each with the settings it may choose from."""

from . import ddim_inversion, difference_path, histogram_matching, null_text, sdedit

METHODS = (
    sdedit.METHOD,
    ddim_inversion.METHOD,
    ddim_inversion.NEGATIVE_PROMPT,
    null_text.METHOD,
    difference_path.METHOD,
    histogram_matching.PIXELS,
    histogram_matching.COLOUR_TRANSFER,
    histogram_matching.LATENTS,
)
