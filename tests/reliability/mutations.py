"""Files of every kind, damaged in every way: what loads them, and what became of it.

Everything here runs in a process of its own, whose memory nothing else has used.
"""

import json
import math
import random
import resource
import struct
import sys
from collections import Counter
from pathlib import Path

import torch
from safetensors.torch import load, save
from test_labels_to_scene import tiny as tiny_scene_network
from test_many_to_one import tiny as tiny_translator

from s2st import CorrelationFactor, Distance, KeptLook, Schedule, Trajectory
from s2st.exemplar.scene_network import SceneNetwork
from s2st.explore.preset import Preset
from s2st.look.kept import kept_look
from s2st.many_to_one.translator import Translator
from s2st.path.settings import PathSettings

SEED = 20
FACTS = "s2st.facts"
FEWEST_WORDS = 5
DEEP = 2000
ODD = (None, True, -1, 0, 1, 0.5, 1e308, math.nan, 2**31, 10**30, "", "x", "7", [], {}, [0], [[]])
ODD += ("a" * 10_000, [1] * 10_000, {"a": {"b": None}}, [-1, 2], [0, 2**60], "F64", "I8", 1024, 512)
DTYPES = (torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool)
DTYPES += (torch.complex64,)


class Averages:
    """An encoder with a closed form: means of 4 x 4 pixels in four channels."""

    stride = 4

    def encode_raw(self, pictures):
        means = torch.nn.functional.avg_pool2d(pictures, self.stride)
        return torch.cat([means, means[:, :1]], dim=1)


def _factor():
    numbers = torch.tensor([0.5, 1.0, 1.0, 1.5])
    between, within = 2 * numbers, 3 * numbers
    return CorrelationFactor(numbers, between, within, Distance.HISTOGRAM, 1.0)


def _look():
    generator = torch.Generator().manual_seed(1)
    pictures = [torch.rand(1, 3, 16, 24, generator=generator) for _ in range(2)]
    made = kept_look(
        pictures, Averages(), features=lambda raw: raw.repeat(1, 2, 1, 1), prompt="at night"
    )
    return KeptLook(**{**vars(made), "correlation": _factor(), "settings": {"steps": 5}})


def _trajectory():
    states = torch.randn(3, 1, 4, 8, 8, generator=torch.Generator().manual_seed(2))
    facts = {"model": {"family": "A", "prediction": "eps", "channels": 4}}
    picture = {"height": 30, "width": 31, "stride": 4}
    return Trajectory(states, Schedule((2.0, 1.0, 0.0)), {**facts, "picture": picture})


# Kind -> (one that is whole, what loads it).
KINDS = {
    "trajectory": (_trajectory, Trajectory.load),
    "look": (_look, KeptLook.load),
    "correlation factor": (_factor, CorrelationFactor.load),
    "preset": (lambda: Preset(settings=PathSettings(steps=3), made={"a": 1}), Preset.load),
    "translator": (tiny_translator, Translator.load),
    "scene network": (tiny_scene_network, SceneNetwork.load),
}


def damaged(draw, contents):
    """Some bytes changed, lost or added; half of the time near the beginning."""
    data = bytearray(contents)
    end = len(data) if draw.random() < 0.5 else min(len(data), 2000)
    match draw.randrange(5):
        case 0:
            for _ in range(draw.randint(1, 8)):
                data[draw.randrange(end)] = draw.randrange(256)
        case 1:
            del data[draw.randrange(end) :]
        case 2:
            first = draw.randrange(end)
            del data[first : first + draw.randint(1, 64)]
        case 3:
            first = draw.randrange(end)
            data[first:first] = draw.randbytes(draw.randint(1, 64))
        case 4:
            first = draw.randrange(end)
            data[first : first + 64] = bytes(64)
    return bytes(data)


def altered(draw, value):
    """A value of JSON, something in it made odd, lost, or nested too deeply."""
    if isinstance(value, (dict, list)) and value and draw.random() < 0.8:
        copied = dict(value) if isinstance(value, dict) else dict(enumerate(value))
        key = draw.choice(list(copied))
        match draw.randrange(6):
            case 0:
                del copied[key]
            case 1:
                copied["more" if isinstance(value, dict) else len(copied)] = draw.choice(ODD)
            case _:
                copied[key] = altered(draw, copied[key])
        return copied if isinstance(value, dict) else list(copied.values())
    return Deep if draw.random() < 0.05 else draw.choice(ODD)


class Deep:
    """Stands for lists in lists, which `json` itself could not write."""


def as_json(value):
    marked = json.dumps(value, default=lambda _: "\0deep")
    return marked.replace('"\\u0000deep"', "[" * DEEP + "]" * DEEP)


def with_header(draw, contents):
    """A safetensors file whose header says something else."""
    (length,) = struct.unpack("<Q", contents[:8])
    header = json.loads(contents[8 : 8 + length])
    told = header["__metadata__"]
    if draw.random() < 0.6:
        told[FACTS] = as_json(altered(draw, json.loads(told[FACTS])))
    else:
        header = altered(draw, header)
    text = as_json(header).encode()
    return struct.pack("<Q", len(text)) + text + contents[8 + length :]


def with_tensor(draw, contents):
    """A safetensors file with one tensor of another shape, kind or with other numbers."""
    (length,) = struct.unpack("<Q", contents[:8])
    told = json.loads(contents[8 : 8 + length])["__metadata__"]
    tensors = load(contents)
    name = draw.choice(sorted(tensors))
    one = tensors[name].clone()
    match draw.randrange(6):
        case 0:
            one = one.float()
            one.view(-1)[:1] = draw.choice((math.nan, math.inf, -6e4, 0.0))
        case 1:
            one = one.to(draw.choice(DTYPES))
        case 2:
            one = one.flatten()
        case 3:
            one = one[:0]
        case 4:
            one = one[None]
        case 5:
            one = torch.zeros(())
    return save({**tensors, name: one.contiguous()}, told)


def mutation(draw, kind, contents):
    """Another file."""
    if draw.random() < 0.4:
        return damaged(draw, contents)
    if kind == "preset":
        return as_json(altered(draw, json.loads(contents))).encode()
    return draw.choice((with_header, with_header, with_tensor))(draw, contents)


def became(load_it, path):
    """(how it ended, what was said)."""
    try:
        value = load_it(path)
    except ValueError as error:
        text = str(error)
        whole = text.endswith(".") and "\n" not in text and len(text.split()) >= FEWEST_WORDS
        return ("refused", text) if whole else ("wrong", text)
    except BaseException as error:
        return "wrong", f"{type(error).__name__}: {error}"
    again = path.with_name("again" + "".join(path.suffixes))
    try:  # what was taken is whole: it can be kept, and is taken again
        value.save(again)
        load_it(again)
    except BaseException as error:
        return "wrong", f"loaded, but then {type(error).__name__}: {error}"
    return "loaded", ""


def peak():
    """Bytes that this process has held at most."""
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def tried(kind, count, folder):
    """(how many ended in each way, what was wrong, bytes that were needed at most)."""
    torch.set_num_threads(1)
    make, load_it = KINDS[kind]
    draw, path = random.Random(f"{SEED} {kind}"), Path(folder) / "whole.file"
    make().save(path)
    contents, ends, wrong = path.read_bytes(), Counter(), []
    assert became(load_it, path)[0] == "loaded"
    before = peak()
    for number in range(count):
        path.write_bytes(mutation(draw, kind, contents))
        end, said = became(load_it, path)
        ends[end] += 1
        if end == "wrong":
            wrong.append(f"{kind} {number}: {said[:300]}")
    return dict(ends), wrong, peak() - before
