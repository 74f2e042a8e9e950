"""The methods that S2ST is compared with, each with the settings it may choose from.

All work on the same networks, pictures and prompts. Wherever diffusers has a pipeline (SDEdit,
CycleDiffusion, DiffEdit, LEDITS++) it is diffusers' own that runs.
"""

from . import difference_path, injection, inversion, pipelines, recolouring, trained

METHODS = (
    pipelines.SDEDIT,
    inversion.PLAIN,
    inversion.NEGATIVE_PROMPT,
    inversion.NULL_TEXT,
    injection.PROMPT_TO_PROMPT,
    injection.PLUG_AND_PLAY,
    difference_path.METHOD,
    pipelines.LEDITS,
    pipelines.CYCLE,
    pipelines.DIFFEDIT,
    *recolouring.METHODS,
    *trained.methods(),
)
