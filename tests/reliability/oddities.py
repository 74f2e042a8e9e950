"""What people and other packs do to a graph that works: values, sockets, sizes and numbers."""

import math

from graphs import tiny_latent, tiny_model, tiny_prompt
from wires import NODES, inputs_of, is_widget, outputs_of

KINDS = ("eps", "v", "flow", "xl", "flux", "other", "wide", "video", "inpaint", "edit", "hungry")
DTYPES = ("float32", "float16", "bfloat16", "float8_e4m3fn")
SIDES = (1, 2, 3, 7, 16, 31, 64)
LATENT_SIDES = (2, 3, 7, 16, 31)  # a normalisation of the tiny models needs more than one place
BATCHES = (0, 1, 1, 2, 3, 5)
TEXTS = ("", " ", "\0", "\n", "../../elsewhere", "C:\\elsewhere", "a" * 5000, "夜の街", "#12345g")
TEXTS += ("%date%", "1, 2, 3", "nan", "inf", "-1", "1e999", "[]", "tolerance: 0.25 0.5", "x: y: z")
NO_TEXTS = (None, 7, True, 1.5, {}, [])
NO_NUMBERS = ("", "seven", None, {}, [], "7", "nan", True)
FAR = (2**31, 2**53, 2**64, -(2**63))
TINY = 1e-9


def odd_value(draw, about):
    """At a widget's limits, inside, beyond, or no such value at all."""
    match about["type"]:
        case "INT":
            low, high = about["min"], about["max"]
            near = (low, high, low - 1, high + 1, draw.randint(low, high), 0, -1)
            return draw.choice((*near, *near, *FAR, *NO_NUMBERS))
        case "FLOAT":
            low, high = about["min"], about["max"]
            near = (low, high, low - TINY, high * (1 + TINY), draw.uniform(low, high), low, high)
            no_numbers = (math.nan, math.inf, -math.inf, 1e300, *NO_NUMBERS)
            return draw.choice((*near, *near, *no_numbers))
        case "STRING":
            return draw.choice((*TEXTS, *TEXTS, *NO_TEXTS))
        case "BOOLEAN":
            return draw.choice((True, False, *NO_TEXTS))
        case "COMBO":
            options = about.get("options", ())
            return draw.choice((*options, *options, "no such choice", *NO_TEXTS))


def odd_source(draw, wires, kind):
    """What a socket of this kind may be given; the usual where nothing odd is known."""
    graph = wires.graph
    match kind:
        case "MODEL":
            return tiny_model(graph, draw.choice(KINDS), draw.choice(DTYPES), draw.randint(1, 3))
        case "CLIP":
            return graph.add("TestNothing")[0]
        case "VAE":
            return draw.choice((graph.add("TestNothing")[1], graph.add("TestVAE", seed=4)[0]))
        case "CONDITIONING":
            return tiny_prompt(
                graph,
                draw.randint(1, 9),
                tokens=draw.choice((1, 7, 77, 154)),
                width=draw.choice((24, 24, 24, 32)),
                batch=draw.choice(BATCHES[1:]),
                pooled=draw.random() < 0.8,
                value=draw.choice(("random", "random", "nan", "empty")),
            )
        case "LATENT":
            return tiny_latent(
                graph,
                draw.randint(1, 9),
                batch=draw.choice(BATCHES[1:]),
                channels=draw.choice((4, 4, 4, 16)),
                height=draw.choice(LATENT_SIDES),
                width=draw.choice(LATENT_SIDES),
                value=draw.choice(("random", "random", "nan", "inf", "empty", "video", "masked")),
            )
        case "S2ST_PRESET":
            return wires.node("S2ST_LoadLook")[1]  # of a look without settings: nothing
        case "IMAGE" | "MASK":
            odd = graph.add(
                "TestOddPicture",
                seed=draw.randint(1, 9),
                batch=draw.choice(BATCHES),
                height=draw.choice(SIDES),
                width=draw.choice(SIDES),
                channels=draw.choice((1, 2, 3, 3, 4, 5)),
                value=draw.choice(("plain", "plain", "plain", "nan", "inf", "loud", "below")),
            )
            return odd[0 if kind == "IMAGE" else 1]
        case _:
            return wires.source(kind)


def spoil(draw, wires):
    """Do one odd thing to one of our nodes in a graph, and say what."""
    nodes = wires.graph.nodes
    name = draw.choice([name for name, one in nodes.items() if one["class_type"] in NODES])
    node = nodes[name]["class_type"]
    inputs = list(inputs_of(node))
    if not inputs:
        return f"{node} as it is"
    key, about, _ = draw.choice(inputs)
    given = nodes[name]["inputs"]
    what = draw.choices(("odd", "crossed", "left out"), (8, 3, 1))[0]
    if what == "left out":
        given.pop(key, None)
    elif is_widget(about):
        given[key] = odd_value(draw, about)
        what = repr(given[key])[:60]
    elif what == "crossed":
        given[key] = crossed(draw, nodes, name, about["type"])
    else:
        given[key] = odd_source(draw, wires, draw.choice(about["type"].split(",")))
    return f"{node}.{key}: {what}"


def crossed(draw, nodes, into, kind):
    """Another output of the graph, mostly of a kind that fits; never of what comes after."""
    after = reached_from(nodes, into)
    outputs = [
        (name, slot, one)
        for name, node in nodes.items()
        if name not in after and node["class_type"] in NODES
        for slot, one in enumerate(outputs_of(node["class_type"]))
    ]
    fitting = [one for one in outputs if one[2] in kind.split(",")]
    some = fitting if fitting and draw.random() < 0.7 else outputs
    if not some:
        return [into, 0]  # into itself: the core must find the ring
    name, slot, _ = draw.choice(some)
    return [name, slot]


def reached_from(nodes, start):
    """A node and all that take something of it, however far on."""
    reached = {start}
    while True:
        more = {
            name
            for name, node in nodes.items()
            for value in node["inputs"].values()
            if isinstance(value, list) and value and value[0] in reached
        }
        if more <= reached:
            return reached
        reached |= more
