"""API-form graphs for the tests: a tiny builder and the pieces every test wires."""

import itertools


class Graph:
    """Collects nodes; `add` returns a reference to the node's outputs."""

    def __init__(self):
        self.nodes = {}
        self._names = itertools.count(1)

    def add(self, class_type, **inputs):
        name = str(next(self._names))
        self.nodes[name] = {"class_type": class_type, "inputs": inputs}
        return Reference(name)


class Reference:
    """`node[0]` is the first output of a node."""

    def __init__(self, name):
        self.name = name

    def __getitem__(self, index):
        return [self.name, index]


def tiny_model(graph, kind="eps", dtype="float32", seed=1):
    return graph.add("TestModel", kind=kind, dtype=dtype, seed=seed)[0]


def tiny_prompt(graph, seed, tokens=7, width=24, batch=1, pooled=False, value="random"):
    return graph.add(
        "TestPrompt",
        seed=seed,
        tokens=tokens,
        width=width,
        batch=batch,
        pooled=pooled,
        value=value,
    )[0]


def tiny_latent(graph, seed=5, batch=1, channels=4, height=16, width=16, value="random"):
    return graph.add(
        "TestLatent",
        seed=seed,
        batch=batch,
        channels=channels,
        height=height,
        width=width,
        value=value,
    )[0]
