"""Any node of ours in a graph that works, made of what the nodes say of their own inputs."""

import json

from graphs import Graph, picture, tiny_model, tiny_prompt
from test_object_info import GOLDEN

NODES = json.loads(GOLDEN.read_text(encoding="utf-8"))
WIDGETS = {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"}
DEMO = "demo"
TINY = ("eps", "v", "flow", "xl")
FAMILIES = (*TINY, DEMO)  # what a graph's model may be
SIZE = 32  # pixels a side
# Where a socket's value comes from: a node of ours and its output.
SOURCES = {
    "LATENT": ("S2ST_EncodeImage", 0),
    "S2ST_TRAJECTORY": ("S2ST_DDIMInvert", 0),
    "S2ST_NULL_TEXT": ("S2ST_NullTextInvert", 0),
    "S2ST_PRESET": ("S2ST_LoadPreset", 0),
    "S2ST_LOOK": ("S2ST_MakeLook", 0),
    "S2ST_REGIONS": ("S2ST_Regions", 0),
    "S2ST_TRANSLATOR": ("S2ST_LoadTranslator", 0),
    "S2ST_TOKEN_REGIONS": ("S2ST_RegionPrompt", 0),
    "S2ST_CORRELATION": ("S2ST_CorrelationFactor", 0),
}
SEED = ("S2ST_DDIMInvert", 1)
# Inputs that need another source than their socket's usual one, or one though they are optional.
OWN_SOURCES = {
    ("S2ST_TrajectoryOptimize", "seed"): SEED,
    ("S2ST_SampleSeed", "seed"): SEED,
    ("S2ST_RegionPrompt", "mask"): None,
}
QUICK = {
    "steps": 2,
    "inner_steps": 1,
    "iterations": 1,
    "trajectory_iterations": 1,
    "seed_iterations": 1,
    "lookahead": 1,
    "cells": 1,
    "rematches": 1,
    "megapixels": 0.01,
    "count": 2,
}
OWN_VALUES = {
    "S2ST_Explore": {"steps": "2", "guidance": "2", "learning_rate": "0.0025"},
    "S2ST_RegionPrompt": {"phrase": "a red car"},
    "S2ST_Restyle": {"now": "a street by day", "wanted": "a street at night"},
}


def is_widget(about):
    return about["type"] in WIDGETS


def inputs_of(node):
    """(name, what is said of it, whether it may be left out) of every input."""
    for key, about in NODES[node]["inputs"].items():
        group, name = key.split(".", 1)
        yield name, about, group == "optional"


class Wires:
    """One graph; nodes that several others need are in it once."""

    def __init__(self, family, files, size=SIZE, pictures=1):
        self.graph, self.family, self._files = Graph(), family, files
        self._size, self._pictures = size, pictures
        self._made = {}

    def node(self, name, **changes):
        """This node with inputs that serve; a change of None leaves an input out."""
        inputs = {}
        for key, about, optional in inputs_of(name):
            if is_widget(about):
                inputs[key] = self._value(name, key, about)
            elif (name, key) in OWN_SOURCES or not optional:
                inputs[key] = self._own(name, key) or self.source(about["type"])
        given = {**inputs, **changes}
        return self.graph.add(
            name, **{key: value for key, value in given.items() if value is not None}
        )

    def source(self, kind):
        """An output that gives what this socket takes, the first of several kinds."""
        kind = kind.split(",")[0]
        if kind in SOURCES:
            return self._output(*SOURCES[kind])
        return self._once(kind, getattr(self, f"_{kind.lower()}"))

    def _output(self, name, slot):
        return self._once(name, lambda: self.node(name))[slot]

    def _own(self, name, key):
        source = OWN_SOURCES.get((name, key))
        return None if source is None else self._output(*source)

    def _once(self, name, make):
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    def _value(self, name, key, about):
        if key == "file":
            return self._files[self.family][name]
        quick = {**QUICK, **OWN_VALUES.get(name, {})}
        return quick.get(key, about.get("default"))

    def _loaded(self):
        """The demo model, or the checkpoint that the family names."""
        if self.family == DEMO:
            return self._once("loader", lambda: self.graph.add("S2ST_LoadDemoModel"))
        name = self.family
        return self._once(
            "loader", lambda: self.graph.add("CheckpointLoaderSimple", ckpt_name=name)
        )

    def _model(self):
        if self.family in TINY:
            return tiny_model(self.graph, self.family)
        return self._loaded()[0]

    def _clip(self):
        return self._loaded()[1]

    def _vae(self):
        if self.family in TINY:
            return self.graph.add("TestVAE", seed=3)[0]
        return self._loaded()[2]

    def _conditioning(self):
        if self.family in TINY:
            return tiny_prompt(self.graph, 3)
        return self.graph.add("CLIPTextEncode", text="a street", clip=self._clip())[0]

    def _image(self):
        return picture(self.graph, batch=self._pictures, height=self._size, width=self._size)

    def _mask(self):
        return self.graph.add("SolidMask", value=1.0, width=self._size, height=self._size)[0]


def family_for(node, family):
    """A node that reads words needs a model that has a text encoder."""
    takes = {about["type"] for _, about, _ in inputs_of(node)}
    return DEMO if "CLIP" in takes else family


def outputs_of(node):
    """Kinds of a node's outputs, in their order."""
    return list(NODES[node]["outputs"].values())


def watched(wires, node):
    """The graph with something at its end that looks at all that a node gives."""
    for slot in range(len(outputs_of(wires.graph.nodes[node.name]["class_type"]))):
        wires.graph.add("TestFinite", value=node[slot])
    return wires.graph.nodes
