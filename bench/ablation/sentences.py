"""What each study means for a user, written by hand after looking at its numbers."""

INTRODUCTION = """
# What each part of S2ST buys

In short, from the tables below: the learning rate of trajectory optimisation matters more than
anything else here, and the gentle one is better; the Wasserstein distance brings colours nearer to
the domain than the histogram does and keeps slightly fewer edges; ten iterations are enough and
thirty do harm; four to sixteen reference pictures are enough; and the correlation factors, though
they point the right way, are worth about a tenth of a decibel.

`python dev.py bench ablation` makes this page, on the [demo model](demo-model.md) and scenes whose
truth is known. They are *tuning* scenes, because defaults are chosen from these tables: no scene
on which methods are compared is used here. Where a table does not say otherwise: 20 steps,
guidance 3, no seed translation, no null text, 10 iterations of trajectory optimisation with the
frozen gradient; "histogram" is the paper's distance with learning rate 0.015 and structure weight
1, "Wasserstein" has learning rate 0.005 and structure weight 3.

Values are means over scenes with their 95 % confidence interval (Student's). ▲ and ▼ mark what is
better or worse than the setting that a table names, where the interval of the difference, paired
by scene, excludes zero; with so many comparisons some marks are chance. The bars in the plots are
intervals of that difference too. Evaluations and backward passes of the model are per image,
inversion included; where seed translation goes back, its checkpoints evaluate once more, which is
not counted.
"""

OLDER = """
Tables marked as made before the library last changed precede a change of the optimiser (values
without a gradient now rest, and each picture's gradient is levelled before Adam sees it). Repeated
with it on four scenes of both translations, the Wasserstein setting moved by -0.02 and +0.04 dB,
the histogram setting by -0.17 and -0.04 dB; edges by 0.008 at most and colours by 0.001.
Their cells come from three states of the code that were taken for one after reading part of what
lies between them; nobody has run them again.
"""

ENDS = """
## The ends of the scale

What the axes say of the untouched source and of the truth. A result whose colours are nearer to
the domain's mean than the truth's own is no longer better for it. (100 dB stands for identical.)
"""

SENTENCES: dict[str, str] = {
    "distance": """
Turn the learning rate down before anything else: with the histogram, 0.005 instead of 0.015 gains
0.6 dB (night) and 1.0 dB (snow) and brings colours nearer, at no loss of edges worth naming. At
such a rate the two distances are level in distance to truth; the Wasserstein distance (0.005,
structure weight 3) has the nearer colours and 0.01 to 0.02 fewer edges. Below that, at 0.0015,
edges at night fall from 0.9 to 0.7. A structure weight of 3 instead of 1 helps the Wasserstein
distance and, at these rates, changes little for the histogram.
""",
    "structure": """
Compare edges with the source, not with the inversion's states: with the Wasserstein distance the
states lose a quarter of the edges at night and gain nothing that these scenes can show (with the
histogram they lose 0.01). The literal L1 form, at a weight of 2 for 1, is at least as good as the
scale-free one here, and better in edges and truth with the histogram on snow.
""",
    "trajectory-iterations": """
Ten iterations take edges from 0.49 to 0.90 (night) and from 0.71 to 0.89 (snow), and cost no
evaluation of the model. Thirty bring nothing more, and on snow worse colours and edges. Three are
a gentler choice where the model's own edit is already good: on snow they keep the truth's edges
best, with half of the way to the domain's colours.
""",
    "references": """
One picture of the target domain already works, with colours less near; four come within the noise
of sixteen in distance to truth; sixteen have nearer colours than four with the Wasserstein
distance; sixty-four buy nothing more.
""",
    "eta": """
With the histogram the estimated factors are better than uniform ones, and these than inverted or
random ones, as the paper has it; but the whole span is 0.1 dB and 0.002 in colours. With the
Wasserstein distance no difference can be seen. Estimating them costs nothing, so leave them on,
and do not expect anything of tuning them. Seen on one translation only.
""",
    "refine": """
Refined inversion buys a translation nothing here: with the Wasserstein setting edges and colours
stay where they are and the distance to truth is 0.1 dB worse, for 20 or 60 evaluations more. Keep
it for reconstruction. Seen on one translation only.
""",
    "ideas": """
Mirrored noise is the best single idea: at night half a decibel more for nothing, where a second
draw costs twice as much and brings a tenth; in snow it changes nothing. Ending guidance early is
free. The nearest looks, with tolerance, cost less of the truth than the domain's mean look and
bring the colours nearer where they were far. A firmer structure term buys 0.03 to 0.05 of edges,
at no loss at night and 0.2 dB in snow. Own noise looks like a mistake of the default on these two
translations (a quarter of a decibel at night) and pays in fog only; without it no inversion would
be needed. The scene's own look, the best lead of an earlier study, helps trajectory optimisation
and stays behind the path. Three restarts chosen by the loss are not worth their price: the loss
does not tell which is nearer to the truth.
""",
    "gradient": """
In snow the frozen gradient loses nothing that four scenes could show (edges: 0.1 % gained, give or
take half a percent). At night one of the four scenes keeps 0.68 of its edges instead of 0.85, so
that edges lose 7 % and the truth 3 % on average, with intervals that reach far beyond zero on both
sides: a loss of at most 2 % is not shown there. The exact gradient costs 240 evaluations and 200
backward passes more.
""",
}
