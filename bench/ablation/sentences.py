"""What each study means for a user, written by hand after looking at its numbers."""

INTRODUCTION = """
# What each part of S2ST buys

`python dev.py bench ablation` makes this page, on the [demo model](demo-model.md) and scenes whose
truth is known. They are *tuning* scenes, because defaults are chosen from these tables: no scene
on which methods are compared is used here.

Values are means over scenes with their 95 % confidence interval (Student's). ▲ and ▼ mark what is
better or worse than the setting that a table names, where the interval of the difference, paired
by scene, excludes zero; with so many comparisons some marks are chance. The bars in the plots are
intervals of that difference too. Evaluations and backward passes of the model are per image,
inversion included; where seed translation goes back, its checkpoints evaluate once more, which is
not counted.
"""

ENDS = """
## The ends of the scale

What the axes say of the untouched source and of the truth. A result whose colours are nearer to
the domain's mean than the truth's own is no longer better for it. (100 dB stands for identical.)
"""

SENTENCES: dict[str, str] = {}
