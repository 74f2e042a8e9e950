"""What a registry would publish: the tracked files that .comfyignore leaves in, and no others."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from graphs import Graph

from tools.comfy_client import ComfyClient
from tools.comfyui import OLD_RELEASE, find, obtain, running
from tools.environment import ROOT

TOP = {
    ".comfyignore",
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "__init__.py",
    "demo_world",
    "locales",
    "nodes",
    "pyproject.toml",
    "requirements.txt",
    "s2st",
    "subgraphs",
    "web",
    "workflows",
}
LARGEST_ARCHIVE = 28e6  # bytes; weights are at most 25 MB of it
# Words that make a registry's scanner flag a version, in comments and names too.
SUSPICIOUS = (
    r"\beval\(",
    r"\bexec\(",
    r"(?<!re\.)\bcompile\(",
    r"__import__",
    r"\bsubprocess\b",
    r"\bpickle\b",
    r"\bmarshal\b",
    r"\bctypes\b",
    r"\burllib\b",
    r"\bbase64\b",
    r"\bos\.(system|popen|environ|remove|spawn)",
    r"\bshutil\.rmtree\b",
    r"\bimport (socket|requests|httpx|http)\b",
    r"\bpip install\b",
    r"\btorch\.load\b",
)
PYTHON_OR_JAVASCRIPT = {".py", ".js"}


def listed(*options):
    """Names of tracked files, as git lists them with these options."""
    line = ["git", "ls-files", "-z", *options]
    run = subprocess.run(line, cwd=ROOT, capture_output=True, check=True)
    return {name for name in run.stdout.decode().split("\0") if name}


def published():
    """The archive's files; patterns of .comfyignore mean what git's mean."""
    left_out = listed("--cached", "--ignored", "--exclude-from=.comfyignore")
    names = sorted(listed("--cached") - left_out)
    return [Path(name) for name in names if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """The published files alone, unpacked."""
    folder = tmp_path_factory.mktemp("archive") / "s2st"
    for path in published():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, folder / path)
    return folder


def test_it_holds_what_a_comfyui_reads(archive):
    assert {one.name for one in archive.iterdir()} == TOP


def test_it_stays_small(archive):
    files = [path for path in archive.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < LARGEST_ARCHIVE


@pytest.mark.parametrize("path", published(), ids=Path.as_posix)
def test_no_word_a_scanner_trips_over_is_in_it(path):
    if path.suffix in PYTHON_OR_JAVASCRIPT:
        text = (ROOT / path).read_text(encoding="utf-8")
        assert [word for word in SUSPICIOUS if re.search(word, text)] == []


@pytest.mark.parametrize("tree", [find, lambda: obtain(OLD_RELEASE)], ids=["new core", "old core"])
def test_a_comfyui_starts_with_nothing_else_and_draws(archive, tree, tmp_path):
    with running(tree(), tmp_path, ["--cpu"], {"s2st": archive}) as server:
        client = ComfyClient(server.address)
        ids = {name for name in client.object_info() if name.startswith("S2ST_")}
        templates = client.get_json("/api/workflow_templates")["s2st"]
        languages = set(client.get_json("/i18n"))
        graph, last = graph_from_scene_to_picture()
        run = client.run(graph)
        client.close()
    assert ids == {page.stem for page in (archive / "web" / "docs").iterdir()}
    assert languages == {one.name for one in (archive / "locales").iterdir()}
    assert set(templates) == {one.stem for one in (archive / "workflows").glob("*.json")}
    assert len(run.outputs[last]["images"]) == 1


def graph_from_scene_to_picture():
    """A scene and the demo model's weights, both from the archive, through the autoencoder."""
    graph = Graph()
    chosen = {"domain": "day", "truth_domain": "night", "split": "evaluation"}
    scene = graph.add("S2ST_DemoScenes", **chosen, first=0, count=1)[0]
    vae = graph.add("S2ST_LoadDemoModel")[2]
    latent = graph.add("S2ST_EncodeImage", image=scene, vae=vae)[0]
    shown = graph.add("S2ST_DecodeImage", latent=latent, vae=vae)[0]
    return graph.nodes, graph.add("PreviewImage", images=shown).name
