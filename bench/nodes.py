"""Seconds and memory of the nodes themselves, in a real ComfyUI (`bench nodes`).

A network of Stable Diffusion 1.5's size with random weights, or the demo model, beside the core's
own KSampler in the same server. It runs on the CPU, where a process's memory can be seen from
outside; attention is PyTorch's own, as on a CUDA device. What counts is the ratio to the KSampler.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from tools.comfy_client import ComfyClient
from tools.comfyui import OUR_PACK, Server, find, running
from tools.workflows import Output, Workflow, to_api

from .cost_page import known_numbers, machine, machine_line, markdown_table, options_of, write_part
from .store import ROOT

PART = "nodes"
PACKS = {**OUR_PACK, "s2st_bench": ROOT / "bench" / "pack"}
ARGUMENTS = ["--cpu", "--use-pytorch-cross-attention", "--cache-lru", "50"]
PLAIN = "KSampler"
ASKED = "asked"
PROCESSES = Path("/proc")
# Memory kept by the allocator would hide what a node needs: give it back at once.
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
MIB = 1024  # kB, in which Linux counts
REFERENCES = 2
STROKES = 0x4060A0  # one colour costs what many do
DEMO, RANDOM = "demo", "sd"
LIMITS = {
    "steps": (2, 1),
    "pixels": (64, 64),
    "channels": (32, 32),
    "batch": (1, 1),
}  # the least, and how far apart
HEADS = (
    "node",
    "seconds",
    "times KSampler",
    "times its own network",
    "MiB beyond the model",
    "times KSampler's",
)


@dataclass(frozen=True)
class Ran:
    """One node's run."""

    node: str
    seconds: float
    network: float  # of these seconds, in the network's forward passes
    own: float  # MiB at its peak, beyond what was held before


def sockets(flow: Workflow, options: argparse.Namespace) -> dict[str, Output]:
    """What every graph starts from."""
    if options.model == DEMO:
        model, _, vae = flow.add("S2ST_LoadDemoModel", {})
    else:
        model = flow.add("BenchModel", {"channels": options.channels})[0]
        vae = flow.add("BenchVAE", {})[0]
    model = flow.add("BenchWatch", {"model": model})[0]
    size = {"width": options.pixels, "height": options.pixels, "batch_size": options.batch}
    found = {
        "model": model,
        "vae": vae,
        "parameters": flow.add("BenchSize", {"model": model})[0],
        "strokes": flow.add("EmptyImage", {**size, "color": STROKES})[0],
    }
    found["spent"] = flow.add("BenchSpent", {"model": model})[0]
    for seed, name in enumerate(("source", "positive", "negative")):
        found[name] = flow.add("BenchPrompt", {"model": model, "seed": seed})[0]
    for name, batch in {"latent": options.batch, "target_domain": REFERENCES}.items():
        sizes = {"seed": len(name), "batch": batch, "pixels": options.pixels}
        found[name] = flow.add("BenchLatent", {"model": model, "vae": vae, **sizes})[0]
    return found


def stages(flow: Workflow, given: Mapping[str, Output], steps: int) -> dict[str, Output]:
    """A node of each kind at its defaults, but few steps and one update of each optimisation."""

    def add(node: str, *names: str, **values: object) -> Sequence[Output]:
        return flow.add(node, {**{name: given[name] for name in names}, **values})

    prompts = "model", "positive", "negative"
    start = {"latent": given["latent"], "steps": steps}
    sampler = {"latent_image": given["latent"], "steps": steps, "cfg": 7.5, "sampler_name": "ddim"}
    inversion = add("S2ST_DDIMInvert", "model", positive=given["source"], check=False, **start)
    path = {"trajectory": inversion[0]}
    edited = {**path, "target_domain": given["target_domain"], "iterations": 1}
    along = {**edited, "seed": inversion[1]}
    empty = {"positive": given["source"], "method": "fast null-text"}
    optimize, paint = "S2ST_TrajectoryOptimize", "S2ST_PaintStrokes"
    strokes = {"vae": given["vae"], "strokes": given["strokes"], "steps": steps, "faithfulness": 1}
    plus = {"method": "GradOP+", "strength": 0.8}
    outputs = {
        PLAIN: add("KSampler", *prompts, **sampler),
        "S2ST Difference Path": add(
            "S2ST_DifferencePath", *prompts, "source", "target_domain", **start
        ),
        "S2ST DDIM Invert": inversion[1:],
        "S2ST Trajectory Optimize, frozen": add(optimize, *prompts, **along),
        "S2ST Trajectory Optimize, exact": add(optimize, *prompts, **along, gradient="exact"),
        "S2ST Seed Translate": add("S2ST_SeedTranslate", *prompts, **edited),
        "S2ST Null-Text Invert, fast": add(
            "S2ST_NullTextInvert", "model", "negative", **path, **empty
        ),
        "S2ST Paint Strokes, in rounds": add(paint, *prompts, **strokes),
        "S2ST Paint Strokes, GradOP+": add(paint, *prompts, **strokes, **plus),
    }
    return {name: found[0] for name, found in outputs.items()}


def up_to(graph: Mapping[str, dict], wanted: Output) -> dict[str, dict]:
    """The part of an API graph that makes `wanted`, and something that asks for it."""
    needed, waiting = {}, [str(wanted.node)]
    while waiting:
        name = waiting.pop()
        needed[name] = graph[name]
        waiting += [one[0] for one in graph[name]["inputs"].values() if isinstance(one, list)]
    asked = {"source": [str(wanted.node), wanted.slot]}
    return {**needed, ASKED: {"class_type": "PreviewAny", "inputs": asked}}


def measured(server: Server, options: argparse.Namespace) -> tuple[dict[str, object], list[Ran]]:
    """What has run (how many parameters, which ComfyUI), and every stage by itself."""
    client = ComfyClient(server.address)
    info = client.object_info()
    flow = Workflow(PART, info)
    flow.group(PART)
    given = sockets(flow, options)
    wanted = stages(flow, given, options.steps)
    graph = to_api(flow.as_json(), info)
    told = answer(client, up_to(graph, given["parameters"]))
    client.run(warming(up_to(graph, wanted[PLAIN])))
    version = client.get_json("/system_stats")["system"]["comfyui_version"]
    process = PROCESSES / str(server.process.pid)
    spent = up_to(graph, given["spent"])
    rows = [ran(client, up_to(graph, one), spent, name, process) for name, one in wanted.items()]
    client.close()
    return {"parameters": int(told), "comfyui": version}, rows


def answer(client: ComfyClient, graph: Mapping[str, dict]) -> str:
    """The text of a graph that ends in one."""
    return client.run(graph).outputs[ASKED]["text"][0]


def warming(graph: Mapping[str, dict]) -> dict[str, dict]:
    """The same with a single step, which loads the model and makes what the stages start from."""
    few = {"steps": 1}
    return {
        name: {**node, "inputs": {**node["inputs"], **(few if "steps" in node["inputs"] else {})}}
        for name, node in graph.items()
    }


def ran(
    client: ComfyClient,
    graph: Mapping[str, dict],
    spent: Mapping[str, dict],
    name: str,
    process: Path,
) -> Ran:
    """Run a graph of which all but one node is cached, and look at the server's memory."""
    answer(client, spent)  # the network's seconds count from now on
    (process / "clear_refs").write_text("5")  # the peak counts from now on
    before, began = held(process, "VmRSS"), time.perf_counter()
    client.run(graph)
    seconds = time.perf_counter() - began
    peak = held(process, "VmHWM") - before
    one = Ran(name, seconds, float(answer(client, spent)), peak)
    print(f"{one.node}: {one.seconds:.1f} s, {one.own:.0f} MiB", flush=True)
    return one


def held(process: Path, what: str) -> float:
    """MiB by Linux's own account of a process: VmRSS is held now, VmHWM was held at most."""
    lines = (line.split() for line in (process / "status").read_text().splitlines())
    return next(int(words[1]) for words in lines if words[0] == f"{what}:") / MIB


def table(rows: Sequence[Ran]) -> str:
    plain = next(one for one in rows if one.node == PLAIN)
    lines = []
    for one in rows:
        times = (
            f"{one.seconds:.1f}",
            f"{one.seconds / plain.seconds:.2f}",
            f"{one.seconds / one.network:.2f}",
        )
        lines.append(
            [one.node, *times, f"{one.own:.0f}", f"{one.own / plain.own:.1f}" if plain.own else ""]
        )
    return markdown_table(HEADS, lines)


def body(runs: Mapping[str, Mapping[str, Any]]) -> str:
    """The part of the page, in words and a table for every model and batch that has run."""
    return "\n\n".join(f"### {name}\n\n{told(one)}" for name, one in runs.items())


def told(run: Mapping[str, Any]) -> str:
    rows = [Ran(**one) for one in run["nodes"]]
    return (
        f"{run['parameters'] / 1e6:.1f} million parameters in float32, {run['pixels']} pixels, "
        f"{run['steps']} steps, guidance as each node has it at first, one update of each "
        f"optimisation; what the inner loops and backward passes take is beside the network's "
        f"forward passes. ComfyUI {run['comfyui']}. {machine_line(run['machine'])}\n\n{table(rows)}"
    )


def parser() -> argparse.ArgumentParser:
    options = options_of("nodes", __doc__)
    models = (RANDOM, DEMO)
    options.add_argument("--model", choices=models, default=RANDOM, help="sd: random weights")
    options.add_argument("--batch", type=int, default=1, help="pictures at once")
    options.add_argument("--pixels", type=int, default=512, help="the picture's side")
    options.add_argument("--steps", type=int, default=3, help="sampling steps")
    options.add_argument("--channels", type=int, default=320, help="width of the network; 320: SD")
    return options


def check(options: argparse.Namespace) -> None:
    """Before anything starts; only Linux tells one process how much memory another one holds."""
    for name, (least, apart) in LIMITS.items():
        value = getattr(options, name)
        if value < least or value % apart:
            raise SystemExit(
                f"dev.py bench nodes: --{name} is {value}, but must be {least}, {least + apart}, "
                f"{least + 2 * apart} and so on."
            )
    if not (PROCESSES / "self" / "status").exists():
        raise SystemExit(
            f"dev.py bench nodes: the platform {sys.platform!r} does not tell what memory the "
            f"server holds, but this measurement needs it: run it on Linux."
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure all nodes and write their part of the page."""
    options = parser().parse_args(arguments)
    check(options)
    with (
        TemporaryDirectory() as base,
        running(find(), Path(base), ARGUMENTS, PACKS, ALLOCATOR) as server,
    ):
        facts, rows = measured(server, options)
    run = {
        **facts,
        "machine": machine(torch.device("cpu")),
        "pixels": options.pixels,
        "steps": options.steps,
        "nodes": [asdict(one) for one in rows],
    }
    name = "demo model" if options.model == DEMO else "SD 1.5's layout, random weights"
    runs = {**known_numbers(options.out).get(PART, {}), f"{name}, batch {options.batch}": run}
    write_part(options.out, PART, body(runs), runs)
    return 0
