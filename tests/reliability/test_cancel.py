"""Cancel at any moment of any node: it ends within a second, and the next graph works."""

import itertools
import statistics
from contextlib import suppress

from health import Health
from outcomes import Cancel
from wires import DEMO, NODES, Wires, inputs_of

from tools.comfy_client import GraphInterrupted

ALL, SOME = 50, 5
AT_ONCE = 1.0  # second of the server's work
LATEST = 3.0  # seconds after a node has begun
DEMO_SIZE, MANY = 128, 24
LONG = {
    "steps": 200,
    "iterations": 500,
    "inner_steps": 100,
    "trajectory_iterations": 500,
    "seed_iterations": 100,
    "lookahead": 8,
    "faithfulness": 100,
    "count": 64,
    "cells": 36,
    "answers": 64,
    "polish": 100,
    "refine": 5,
}
OWN_LONG = {
    "S2ST_Explore": {"steps": "50", "guidance": "1 2 3", "learning_rate": "0.0025"},
    "S2ST_Regions": {"count": 32},
    "S2ST_SampleSeed": {"steps": 2},  # those of its seed
    "S2ST_Restyle": {"quality": "best", "megapixels": 1.0},
}


def long_graph(name, files):
    """(graph, node) with much to do, on pictures of the demo model's size."""
    takes = {about["type"] for _, about, _ in inputs_of(name)}
    pictures = 1 if takes & {"MODEL", "LATENT"} else MANY
    wires = Wires(DEMO, files, DEMO_SIZE, pictures)
    changes = {
        key: min(LONG[key], about["max"])
        for key, about, _ in inputs_of(name)
        if key in LONG and about["type"] == "INT"
    }
    node = wires.node(name, **{**changes, **OWN_LONG.get(name, {})})
    wires.graph.add("TestFinite", value=node[0])
    return wires.graph.nodes, node


def cancelled(comfy, graph, node, moment):
    """Seconds from Cancel, so long after the node has begun, to its end; None if not needed."""
    with Cancel(comfy) as cancel:

        def listen(event, data):
            if event == "executing" and data["node"] == node.name:
                cancel.after(moment)

        with suppress(GraphInterrupted):  # or it is done, whether it has heard or not
            comfy.client.run(graph, listen)
        return cancel.since


def test_cancel_takes_effect_within_a_second(comfy, files, draw, thorough, told):
    names, health, took = sorted(NODES), Health(comfy), {}
    count, quick = ALL if thorough else SOME, set()
    draw.shuffle(names)
    assert health.works()
    for name in itertools.cycle(names):
        if len(took) == count:
            break
        seconds = cancelled(comfy, *long_graph(name, files), draw.uniform(0, LATEST))
        if seconds is None:
            quick.add(name)
        else:
            took[len(took), name] = seconds
    assert health.works()
    slow = {key: seconds for key, seconds in took.items() if seconds >= AT_ONCE}
    assert not slow
    cancelled_nodes = {name for _, name in took}
    told("cancels at random moments", count)
    told("of so many nodes", len(cancelled_nodes))
    told("nodes that were done before Cancel came", len(quick - cancelled_nodes))
    told("the longest took", f"{max(took.values()):.2f} s")
    told("half of them at most", f"{statistics.median(took.values()):.2f} s")
