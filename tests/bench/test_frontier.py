"""Which settings are beaten, on invented trials whose answer is plain."""

from bench.frontier import Beaten, beaten_by, beats, frontier
from bench.lab import PAIRS
from bench.tuning import Choice, Trial
from bench.verdict import FAITHFUL


def trial(edges, colour, wobble=0.001):
    return Trial({}, 20.0, tuple(edges + wobble * (-1) ** place for place in range(6)), colour)


def test_a_setting_is_beaten_on_edges_at_colours_as_near():
    assert beats(trial(0.9, 0.01), trial(0.8, 0.01))
    assert not beats(trial(0.9, 0.02), trial(0.8, 0.01)), "further from the domain's colours"
    assert not beats(trial(0.8, 0.01), trial(0.8, 0.01)), "no more edges"


def test_a_lead_within_the_scenes_own_spread_is_no_victory():
    rival = Trial({}, 20.0, (0.8,) * 6, 0.01)
    assert not beats(trial(0.81, 0.01, wobble=0.1), rival)


def test_any_setting_of_ours_may_beat_any_of_the_rivals():
    ours = [trial(0.9, 0.03), trial(0.7, 0.01)]
    theirs = [trial(0.8, 0.05), trial(0.6, 0.02), trial(0.8, 0.02), trial(0.5, 0.005)]
    assert beaten_by(ours, theirs) == 2


def test_rivals_are_counted_where_both_were_tried():
    tried = (trial(0.8, 0.05), trial(0.95, 0.05))
    choices = {
        (PAIRS[0], FAITHFUL): Choice({}, (trial(0.9, 0.03),)),
        (PAIRS[0], "Rival"): Choice({}, tried),
        (PAIRS[0], "Untried"): Choice({}),
        (PAIRS[1], "Rival"): Choice({}, tried),
    }
    assert frontier(choices, ["Rival", "Untried"]) == [Beaten(PAIRS[0], "Rival", 2, 1)]
