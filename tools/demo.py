"""The main job, headless, in a real ComfyUI with the embedded model (`python dev.py demo`).

Held-out scenes go from one domain to another, stage by stage; a contact sheet, the charts and a
report with every number are left in out/demo.
"""

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from demo_world import DOMAINS, EVALUATION_SEEDS
from s2st import InversionConfig, Stages
from s2st.model.guidance import DEFAULT_GUIDANCE, MAX_GUIDANCE, MIN_GUIDANCE
from s2st.path.difference_path import DEFAULT_STEPS
from tools.comfy_client import ComfyClient, GraphFailed, GraphInterrupted, GraphRefused, Run
from tools.comfyui import CACHE, Server, device_arguments, find, running
from tools.environment import ROOT, SetupError
from tools.sheet import contact_sheet
from tools.templates import (
    REFERENCES,
    REFINE,
    decoded,
    encoded,
    sharpened,
    told,
)
from tools.terminal import StageBars
from tools.versions import installed_versions
from tools.workflows import Output, Workflow, to_api

FOLDER = ROOT / "out" / "demo"
MOST_SCENES = 32
OTHER_SCENES = 100  # the source domain's examples show other places than the target domain's
EXPECTED = (SetupError, GraphRefused, GraphFailed, GraphInterrupted, OSError, ValueError)
NUMBER = re.compile(r"^(- )?(?P<name>[^:]+): (?P<value>-?\d+(\.\d+)?)")
SPENT = re.compile(r"(?P<evaluations>\d+) evaluations, (?P<gradients>\d+) backward passes")

SOURCE, TRUTH, SHOWN = "source", "truth", "references"
CHECK, PLAIN = "inversion check", "DDIM, target prompt"
SEED, FINAL = "seed translation", "trajectory optimisation"
PATH = "difference path"  # at the node's own guidance, with the source's detail restored
RESULTS = (CHECK, PLAIN, SEED, FINAL, PATH)
REPORTS = ("inversion", SEED, FINAL, PATH)
CHARTS = {
    "correlation": "correlation-factor.png",
    "seed loss": "seed-translation.png",
    "trajectory loss": "trajectory-optimisation.png",
    "difference loss": "difference-path.png",
}


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is translated, and how."""

    source: str = "day"
    target: str = "night"
    scenes: int = 4
    first: int = 0
    steps: int = Stages().inversion.steps
    cfg: float = DEFAULT_GUIDANCE
    refine: int = REFINE

    def __post_init__(self) -> None:
        InversionConfig(steps=self.steps, refine=self.refine)
        check_within("scenes", self.scenes, 1, MOST_SCENES)
        check_within("first", self.first, 0, len(EVALUATION_SEEDS) - self.scenes)
        check_within("cfg", self.cfg, MIN_GUIDANCE, MAX_GUIDANCE)


def check_within(name: str, value: float, low: float, high: float) -> None:
    """Refuse a setting outside of its limits."""
    if not low <= value <= high:
        raise ValueError(f"{name} is {value:g}, but must lie within {low:g} to {high:g}.")


class Pictures:
    """What a run has left in ComfyUI's output folder, by the title of the node that saved it."""

    def __init__(self, client: ComfyClient, run: Run, titles: Mapping[str, str]) -> None:
        self._client, self._run = client, run
        self._nodes = {title: node for node, title in titles.items()}

    def check(self) -> None:
        """Refuse a run in which ComfyUI has left nodes out."""
        saving = (*RESULTS, SOURCE, TRUTH, SHOWN, *CHARTS)
        missing = [title for title in saving if self._nodes[title] not in self._run.outputs]
        if missing:
            raise SetupError(f"ComfyUI has not made {', '.join(missing)}; its log says why.")

    def images(self, title: str) -> list[np.ndarray]:
        """The pictures of one node."""
        return self._client.images(self._run, self._nodes[title])

    def text(self, title: str) -> str:
        """The text of one node."""
        return self._run.outputs[self._nodes[title]]["text"][0]


def graph(job: Job, info: Mapping[str, dict]) -> Workflow:
    """The stages wired one by one; every picture is kept."""
    flow = Workflow("demo", info)
    flow.group("demo")
    model, clip, vae = flow.add("S2ST_LoadDemoModel", {})
    wanted = {"domain": job.source, "truth_domain": job.target}
    wanted |= {"first": job.first, "count": job.scenes}
    source, truth, *words = flow.add("S2ST_DemoScenes", wanted)[:4]
    looks = {name: examples(flow, name, first) for name, first in domains(job).items()}
    prompts = {
        name: flow.add("CLIPTextEncode", {"text": text, "clip": clip})[0]
        for name, text in zip(("source", "target", "empty"), (*words, ""), strict=True)
    }
    start = encoded(flow, source, vae, "encode")
    latents = {name: encoded(flow, look, vae, "encode") for name, look in looks.items()}
    results = stages(flow, job, model, prompts, start, latents)
    pictures = {name: decoded(flow, latent, vae, "decode") for name, latent in results.items()}
    pictures[PATH] = sharpened(flow, pictures[PATH], source, vae)
    for name, image in {SOURCE: source, TRUTH: truth, SHOWN: looks[job.target], **pictures}.items():
        keep(flow, image, name)
    for name, image in pictures.items():
        compared = {"source": source, "result": image, "target_domain": looks[job.target]}
        told(flow, flow.add("S2ST_Compare", {**compared, "truth": truth})[1], f"{name}: numbers")
    return flow


def domains(job: Job) -> dict[str, int]:
    """The two domains and the number of the first scene that shows each."""
    return {job.source: OTHER_SCENES, job.target: 0}


def examples(flow: Workflow, domain: str, first: int) -> Output:
    """Pictures of a domain, of scenes that are not translated."""
    wanted = {"domain": domain, "split": "reference", "first": first, "count": REFERENCES}
    return flow.add("S2ST_DemoScenes", wanted)[0]


def stages(
    flow: Workflow,
    job: Job,
    model: Output,
    prompts: Mapping[str, Output],
    start: Output,
    latents: Mapping[str, Output],
) -> dict[str, Output]:
    """What every stage ends in, as latents."""
    look = latents[job.target]
    found = {"source_domain": latents[job.source], "target_domain": look}
    correlation, bars = flow.add("S2ST_CorrelationFactor", found)
    keep(flow, bars, "correlation")
    wanted = {"model": model, "positive": prompts["source"], "latent": start}
    wanted |= {"steps": job.steps, "refine": job.refine}
    trajectory, inverted, report = flow.add("S2ST_DDIMInvert", wanted, "inversion")
    told(flow, report, "inversion: report")
    own = {"model": model, "trajectory": trajectory, "negative": prompts["empty"]}
    back = flow.add("S2ST_SampleSeed", {**own, "positive": prompts["source"], "cfg": 1.0}, CHECK)
    own |= {"positive": prompts["target"]}
    plain = flow.add("S2ST_SampleSeed", {**own, "seed": inverted, "cfg": job.cfg}, PLAIN)
    guided = {**own, "target_domain": look, "correlation": correlation}
    seed, _, curve, report, _ = flow.add("S2ST_SeedTranslate", guided, SEED)
    keep(flow, curve, "seed loss")
    told(flow, report, f"{SEED}: report")
    from_seed = {**own, "seed": seed, "cfg": job.cfg}
    sampled = flow.add("S2ST_SampleSeed", from_seed, "sampling the new seed")
    optimised = {**guided, "seed": seed, "cfg": job.cfg}
    final, curve, report = flow.add("S2ST_TrajectoryOptimize", optimised, FINAL)
    keep(flow, curve, "trajectory loss")
    told(flow, report, f"{FINAL}: report")
    edit = edited(flow, job, model, prompts, {"latent": start, "target_domain": look})
    return dict(zip(RESULTS, (back[0], plain[0], sampled[0], final, edit), strict=True))


def edited(
    flow: Workflow,
    job: Job,
    model: Output,
    prompts: Mapping[str, Output],
    pictures: Mapping[str, Output],
) -> Output:
    """What the difference path makes, which needs no inversion."""
    words = {"source": "source", "positive": "target", "negative": "empty"}
    steps = min(job.steps, DEFAULT_STEPS)  # the path needs fewer than the stages
    wanted = {"model": model, "steps": steps, **pictures}
    wanted |= {name: prompts[called] for name, called in words.items()}
    latent, curve, report = flow.add("S2ST_DifferencePath", wanted, PATH)
    keep(flow, curve, "difference loss")
    told(flow, report, f"{PATH}: report")
    return latent


def keep(flow: Workflow, image: Output, name: str) -> None:
    """Save pictures under a name by which they are found again."""
    prefix = f"s2st-demo/{name.replace(' ', '-').replace(',', '')}"
    flow.add("SaveImage", {"images": image, "filename_prefix": prefix}, name)


def shown_stages(flow: Workflow) -> tuple[dict[str, str], dict[str, str]]:
    """(node -> title of all titled nodes, the same of those that run the model)."""
    titled = {str(one["id"]): one for one in flow.as_json()["nodes"] if "title" in one}
    titles = {name: one["title"] for name, one in titled.items()}
    names = ("DDIMInvert", "SampleSeed", "SeedTranslate", "TrajectoryOptimize", "DifferencePath")
    working = {f"S2ST_{name}" for name in names}
    return titles, {name: titles[name] for name, one in titled.items() if one["type"] in working}


def numbers(text: str) -> dict[str, float]:
    """The lines `name: number` of a text."""
    found = [NUMBER.match(line) for line in text.splitlines()]
    return {one["name"]: float(one["value"]) for one in found if one}


def spent(text: str) -> dict[str, int]:
    """Model evaluations and backward passes out of a report."""
    found = SPENT.search(text)
    return {} if found is None else {name: int(value) for name, value in found.groupdict().items()}


def write(job: Job, left: Pictures, facts: Mapping[str, object], folder: Path) -> None:
    """The contact sheet, the charts and the report."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = {name: left.images(name) for name in (SOURCE, *RESULTS, TRUTH)}
    caption = f"references: some of the {REFERENCES} pictures that show the target domain"
    contact_sheet(columns, left.images(SHOWN), caption).save(folder / "contact-sheet.png")
    for title, file in CHARTS.items():
        chart = np.rint(left.images(title)[0] * 255).astype(np.uint8)
        Image.fromarray(chart).save(folder / file)
    text = json.dumps({**asdict(job), **measured(job, left), **facts}, indent=2)
    (folder / "report.json").write_text(text + "\n", encoding="utf-8")


def measured(job: Job, left: Pictures) -> dict[str, object]:
    """Numbers of every stage; those without a count of their own are plain sampling."""
    reports = {name: left.text(f"{name}: report") for name in REPORTS}
    guided = job.steps * (1 if job.cfg == 1.0 else 2)
    inversion = {"evaluations": job.steps * (1 + job.refine), "gradients": 0}
    counts = {name: spent(reports[name]) for name in (SEED, FINAL, PATH)}
    counts |= {"inversion": inversion, PLAIN: {"evaluations": guided, "gradients": 0}}
    return {
        "metrics": {name: numbers(left.text(f"{name}: numbers")) for name in RESULTS},
        "evaluations": counts,
        "reports": reports,
    }


def demonstrate(job: Job, server: Server, folder: Path) -> dict[str, object]:
    """Run the job in this server and write everything; the facts about the run."""
    client = ComfyClient(server.address)
    info = client.object_info()
    flow = graph(job, info)
    titles, working = shown_stages(flow)
    bars, began = StageBars(working), time.perf_counter()
    run = client.run(to_api(flow.as_json(), info), bars.listen)
    seconds = {name: round(value, 2) for name, value in bars.seconds.items()}
    seconds["all"] = round(time.perf_counter() - began, 2)
    system = client.get_json("/system_stats")["system"]
    versions = {"comfyui": system["comfyui_version"], **installed_versions()}
    facts = {"seconds": seconds, "processors": os.cpu_count(), "versions": versions}
    left = Pictures(client, run, titles)
    left.check()
    write(job, left, facts, folder)
    client.close()
    return facts


def shown_results(folder: Path) -> str:
    """A small table of the numbers, and where everything is."""
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    lines = []
    for stage, values in report["metrics"].items():
        lines.append(stage)
        lines += [f"  {name}: {value:g}" for name, value in values.items()]
    files = sorted(path.name for path in folder.iterdir() if path.is_file())
    place = folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder
    return "\n".join([*lines, f"In {place.as_posix()}: {', '.join(files)}"])


def _parser() -> argparse.ArgumentParser:
    standard = Job()
    parser = argparse.ArgumentParser(
        prog="python dev.py demo",
        description="Translates held-out scenes with the embedded model in a real ComfyUI and "
        "leaves a contact sheet, charts and report.json in out/demo.",
    )
    parser.add_argument("--source", choices=DOMAINS, default=standard.source)
    parser.add_argument("--target", choices=DOMAINS, default=standard.target)
    parser.add_argument("--scenes", type=int, default=standard.scenes, help="how many")
    parser.add_argument("--first", type=int, default=standard.first, help="number of the first")
    parser.add_argument("--steps", type=int, default=standard.steps)
    parser.add_argument("--cfg", type=float, default=standard.cfg, help="guidance scale")
    parser.add_argument("--refine", type=int, default=standard.refine)
    parser.add_argument("--output", type=Path, default=FOLDER)
    return parser


def told_simply(error: Exception) -> str:
    """One sentence for the person at the terminal."""
    if isinstance(error, GraphRefused):
        nodes = error.details.get("node_errors") or {}
        details = [one["details"] for node in nodes.values() for one in node["errors"]]
        return f"ComfyUI refused the graph: {'; '.join(details) or error}"
    if isinstance(error, GraphInterrupted):
        return "the run was cancelled."
    return str(error)


def main(arguments: list[str]) -> int:
    """Run the demo; 0 only when everything was made."""
    options = vars(_parser().parse_args(arguments))
    folder = options.pop("output").resolve()
    try:
        job, tree = Job(**options), find()
        print("Starting ComfyUI", flush=True)
        with running(tree, CACHE / "demo-base", device_arguments()) as server:
            demonstrate(job, server, folder)
    except EXPECTED as error:
        print(f"\ndev.py demo: {told_simply(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndev.py demo: stopped.", file=sys.stderr)
        return 130
    print(shown_results(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
