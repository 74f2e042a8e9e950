"""Random graphs over all nodes: each ends well or in a sentence, and the server stays as it was."""

from collections import Counter

from health import Health
from oddities import spoil
from outcomes import CANCELLED, FINITE, REFUSED, SENTENCE, WRONG, outcome_of
from wires import FAMILIES, NODES, Wires, family_for, watched

ALL, SOME = 500, 50
MOST_ODDITIES = 3
BETWEEN = 25  # graphs from one that works to the next
MOST_GROWTH = 100e6  # bytes
AT_ONCE = 1.0  # second


def test_random_graphs_end_well_or_in_a_sentence(comfy, files, draw, thorough, told):
    count, health, kinds = ALL if thorough else SOME, Health(comfy), Counter()
    names, wrong, slowest = sorted(NODES), [], 0.0
    draw.shuffle(names)
    for number in range(count):
        if number % BETWEEN == 0:
            assert health.works(), f"after {number} graphs another answer"
        name = names[number % len(names)]
        wires = Wires(family_for(name, draw.choice(FAMILIES)), files)
        graph = watched(wires, wires.node(name))
        odd = [spoil(draw, wires) for _ in range(draw.randint(0, MOST_ODDITIES))]
        done = outcome_of(comfy, graph)
        kinds[done.kind] += 1
        slowest = max(slowest, done.seconds)
        if done.kind == WRONG:
            wrong.append(f"{number} {name} ({'; '.join(odd)}): {done.said}")
    assert health.works(), "the server gives another answer after them"
    assert not wrong, "\n\n".join(wrong)
    assert slowest < AT_ONCE
    assert health.growth < MOST_GROWTH
    told("random graphs", count)
    told("ended well, with finite numbers alone", kinds[FINITE])
    told("refused by a node in a sentence of ours", kinds[SENTENCE])
    told("refused by ComfyUI before they ran", kinds[REFUSED])
    told("cancelled after 3 seconds", kinds[CANCELLED])
    told("memory of the server, from the first fifth on", f"{health.growth / 1e6:+.0f} MB")
