"""What each study means for a user, written by hand after looking at its numbers."""

INTRODUCTION = """
# What each part of S2ST buys

In short, from the tables below: trajectory optimisation is the part that counts, ten iterations of
it at a gentle learning rate; the Wasserstein distance brings colours nearer to the domain than the
histogram does and keeps slightly fewer edges; null text trades edges for appearance; seed
translation brings next to nothing where every step is corrected after it, and about 0.4 dB where
the first steps are left to it; twenty steps and sixteen reference pictures are enough; the
correlation factors are worth 0.15 dB at most. The difference path with mirrored noise is nearer
to the truth than any of it, at fewer evaluations. The last table shows the whole method's defaults.

`python dev.py bench ablation` makes this page, on the [demo model](demo-model.md) and scenes whose
truth is known. They are *tuning* scenes, because defaults are chosen from these tables: no scene on
which methods are compared is used here. Where a table does not say otherwise: 20 steps, guidance 3,
no seed translation, no null text, 10 iterations of trajectory optimisation with the frozen
gradient; "histogram" is the paper's distance with learning rate 0.015 and structure weight 1,
"Wasserstein" has learning rate 0.005 and structure weight 1, the defaults of trajectory
optimisation by itself.

Values are means over scenes with their 95 % confidence interval (Student's). ▲ and ▼ mark what is
better or worse than the setting that a table names, where the interval of the difference, paired by
scene, excludes zero; with so many comparisons some marks are chance. The bars in the plots are
intervals of that difference too. Evaluations and backward passes of the model are per image,
inversion included; where seed translation goes back, its checkpoints evaluate once more, which is
not counted.
"""

OLDER = """
Tables marked as made before the library last changed were kept from an older state of the code.
"""

ENDS = """
## The ends of the scale

What the axes say of the untouched source and of the truth. A result whose colours are nearer to the
domain's mean than the truth's own is no longer better for it. (100 dB stands for identical.)
"""

SENTENCES: dict[str, str] = {
    "distance": """
Turn the learning rate down before anything else: with the histogram, 0.005 instead of 0.015 gains
0.6 dB (night) and 1.0 dB (snow) and brings colours nearer, at no loss of edges worth naming. At
such a rate the two distances are within a quarter of a decibel in distance to truth; the
Wasserstein distance has clearly nearer colours and fewer edges (0.04 in snow, 0.08 at night, where
a structure weight of 3 holds them for less near colours). Its default weight is 1, because in fog
and rain, which this table does not show, 3 pulls the result away from truth and colours (the trials
in `quality.json`). Below these rates, at 0.0015, edges at night fall to 0.7.
""",
    "structure": """
Compare edges with the source, not with the inversion's states: with the Wasserstein distance the
states lose a quarter of the edges at night, a tenth in snow, and truth with them; with the
histogram they lose 0.01. The literal L1 form, at a weight of 2 for 1, is level with the scale-free
one here, and better in edges and truth with the histogram on snow.
""",
    "trajectory-iterations": """
Ten iterations take edges from 0.49 to 0.83 (night) and from 0.71 to 0.87 (snow), and cost no
evaluation of the model. Thirty keep a few more and drift away from the domain's colours and, in
snow, from the truth. Three are a gentler choice where the model's own edit is already good: in snow
they are a decibel nearer to the truth.
""",
    "references": """
One picture of the target domain works, with colours up to three times as far and up to 0.8 dB less;
four come within the noise of sixteen in distance to truth; sixteen have nearer colours than four
with the Wasserstein distance; sixty-four buy nothing more.
""",
    "eta": """
With the histogram at night the estimated factors are better than uniform ones, and these than
inverted or random ones, as the paper has it; but the whole span is 0.15 dB and 0.001 in colours,
and in snow it is the other way round. With the Wasserstein distance inverted factors lose 0.1 dB at
night and gain as much in snow. Estimating them costs nothing; do not expect anything of tuning
them.
""",
    "refine": """
Refined inversion buys a translation nothing here: edges, colours and truth stay where they are, for
20 or 60 evaluations more. Keep it for reconstruction.
""",
    "null-text": """
Null text trades edges for appearance. The ones that return the source best (negative prompt, fast
null-text) cost 0.07 of the edges at night for colours a third nearer, and 0.05 in snow for nothing:
leave null text out where edges matter most. The published one, which at its published rate stays
near the empty prompt, costs up to 0.03 of them, 240 evaluations and 200 backward passes.
""",
    "steps": """
Twenty steps are enough. Ten lose edges, most at night; fifty and a hundred keep a little more of
them there and drift in snow: further from the truth and from the domain's colours, because every
step brings ten more updates.
""",
    "iterations": """
Trajectory optimisation does the work: ten iterations take edges from 0.49 to 0.83 (night) and from
0.71 to 0.87 (snow) without one more evaluation. Seed translation before them brings a hundredth of
edges and a tenth of a decibel at night and nothing in snow, for 80 evaluations and 80 backward
passes; thirty iterations of it bring little more and, without trajectory optimisation, harm the
truth. Alone, one to ten iterations of seed translation are gentler on the truth in snow. Thirty of
trajectory optimisation take the colours further away.
""",
    "parts": """
Trajectory optimisation is the part that counts: without it edges fall by 0.18 (night) and 0.09
(snow) and colours are two to three times as far, though snow is then 1.2 dB nearer to the truth.
Leaving out null text keeps a few more edges at night; leaving out seed translation loses 0.01 of
them; in snow neither shows. Both are costly: without the two a translation needs 60 evaluations
instead of 380 and 280 backward passes.
""",
    "eta-seed": """
In seed translation the correlation factors make no difference that can be told from chance, also
when they are inverted.
""",
    "ideas": """
Mirrored noise is the best single idea: at night nearly half a decibel more for nothing, where a
second draw costs twice as much and brings a tenth; in snow it changes nothing. Ending guidance
early is free and cheaper. The terms then pay for nearer colours with a tenth of a decibel at night
and nothing that shows in snow; the nearest looks cost the truth in snow 0.2 dB less than the
domain's mean look and bring colours less near. Tolerance matters little at this rate. A firmer
structure term buys 0.02 to 0.03 of edges for 0.1 dB in snow and nothing at night. Own noise costs
edges everywhere and a quarter of a decibel at night. The scene's own look, the best lead of an
earlier study, helps trajectory optimisation and stays behind the path. Three restarts chosen by the
loss are not worth their price. Trajectory optimisation itself is further from the truth than the
plain path, by 0.3 dB at night and 1.5 dB in snow. Restoring the source's detail after decoding is
worth 0.02 to 0.04 of edges, of the source and of the truth, to both paths, and 0.1 dB in snow; it
is part of the comparison's default.
""",
    "when": """
The first steps decide where things are, so something has to hold them. Without seed translation
that is trajectory optimisation: starting it at 0.4 loses 0.15 of the edges at night, where with a
translated seed it loses less than half of that. In snow, at weight 1, a late start is nearer to the
truth: by 0.4 dB at 0.2 and half a decibel or more at 0.4; after seed translation 0.4 costs only
0.01 of the edges there. A start of 0.2 costs up to 0.04 of the edges at night and nothing in snow.
After seed translation 0.4 with a structure weight of 3 is the whole method's default; the last
table has it on all six translations.
""",
    "defaults": """
What `s2st.translate` does when nothing else is said, and the same with one choice changed; the plot
shows the mean. Beginning late brings 0.7 dB and nearer colours for 0.03 of the edges; a structure
weight of 3 then holds 0.03 of them for colours less near. Together with seed translation this is
0.4 dB nearer to the truth than leaving seed translation out and correcting every step (six scenes
do not put that beyond doubt), at equal edges, for less near colours and 40 evaluations and backward
passes. Guiding seed translation costs as much again for nothing that shows. Trajectory optimisation
holds 0.11 of the edges and brings colours nearer, for 0.6 dB. Null text costs edges: the paper's
0.01, for slightly nearer colours and three times the evaluations; the fast one 0.09. With guidance
7.5 the default loses 0.05 of the edges and 0.4 dB, and with fast null text the scene: a null text
that returns the source makes guidance push away from the source, so keep guidance at 2 to 4 with
it. Fifty steps for twenty keep 0.03 more of the edges and lose 0.8 dB and colours. The correlation
factors and the spacing of the steps make no difference that a user could see.
""",
    "gradient": """
In snow the frozen gradient loses nothing that four scenes could show (edges: 0.2 % gained, give or
take 0.6 %). At night one of the four scenes keeps 0.64 of its edges instead of 0.82 and ends 1.8 dB
further from the truth, the other three stay within 0.02 and 0.3 dB; on average edges lose 6 % and
the truth 3 %, with intervals that reach far beyond zero on both sides: a loss of at most 2 % is not
shown there. The exact gradient costs 240 evaluations and 200 backward passes more.
""",
}
