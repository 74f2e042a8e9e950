"""The methods that S2ST is compared with, each with the settings it may choose from.

All work on the same networks, pictures, prompts and number of steps. Wherever diffusers has a
pipeline (SDEdit, CycleDiffusion, DiffEdit, LEDITS++) it is diffusers' own that runs, with latents
handed over or the posterior's mode taken, so that no encoder noise harms a rival.
"""

from . import (
    cycle_diffusion,
    ddim_inversion,
    diffedit,
    difference_path,
    histogram_matching,
    ledits,
    null_text,
    plug_and_play,
    prompt_to_prompt,
    sdedit,
)

METHODS = (
    sdedit.METHOD,
    ddim_inversion.METHOD,
    ddim_inversion.NEGATIVE_PROMPT,
    null_text.METHOD,
    prompt_to_prompt.METHOD,
    plug_and_play.METHOD,
    difference_path.METHOD,
    ledits.METHOD,
    cycle_diffusion.METHOD,
    diffedit.METHOD,
    histogram_matching.PIXELS,
    histogram_matching.COLOUR_TRANSFER,
    histogram_matching.LATENTS,
)
