"""Rules that keep the rooms apart: who may import whom, and what may never be published."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("s2st", "demo_world", "nodes")
COMFYUI = {"comfy", "comfy_api", "comfy_extras", "comfy_execution", "folder_paths", "nodes"}
COMFYUI |= {"execution", "server", "latent_preview", "node_helpers"}
INTERNALS = ("comfy.samplers", "comfy.sample", "comfy.sampler_helpers", "comfy.model_patcher")
INTERNALS += ("comfy.model_management", "comfy.patcher_extension", "comfy.model_sampling")
INTERNALS += ("comfy.ldm", "comfy.ldm.modules.attention", "comfy.ops", "latent_preview")
# What each room may import, beside itself. Methods never import each other.
_METHOD = ("model", "look", "kit")
LIBRARY_ROOMS = {
    "kit": (),
    "model": ("kit",),
    "look": ("kit", "model"),
    "seeds": _METHOD,
    "path": _METHOD,
    "strokes": _METHOD,
    "exemplar": _METHOD,
    "many_to_one": ("kit",),
    "adapters": ("model", "kit"),
    "explore": ("path", *_METHOD),
    "batch": ("explore", "adapters", "seeds", "path", "strokes", *_METHOD),
    "cli": (
        "batch",
        "explore",
        "adapters",
        "seeds",
        "path",
        "exemplar",
        "strokes",
        *_METHOD,
    ),  # a program: nothing stands on it
}
_NODES = ("core", "pictures")
NODE_ROOMS = {
    "core": (),
    "pictures": ("core",),
    "seeds": _NODES,
    "path": _NODES,
    "regions": _NODES,
    "looks": _NODES,
    "strokes": _NODES,
    "exemplar": _NODES,
    "many_to_one": _NODES,
    "demo": ("core",),
}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "dill", "subprocess"}
FORBIDDEN_MODULES |= {"socket", "ssl", "urllib", "http", "ftplib", "smtplib", "requests", "httpx"}
FORBIDDEN_MODULES |= {"aiohttp", "websocket", "huggingface_hub"}
MACHINE_PATHS = tuple("/" + name + "/" for name in ("work", "root", "tmp", "home"))
WEIGHT_SUFFIXES = {".safetensors", ".pt", ".pth", ".ckpt", ".bin", ".npz", ".npy", ".latent"}
LARGEST_WEIGHTS = 25e6
# Started as programs, never by ComfyUI; a command may know the demo model where it is installed.
PROGRAMS = {ROOT / "demo_world" / "evaluate.py", ROOT / "s2st" / "cli" / "demo.py"}


def relative(path):
    return path.relative_to(ROOT).as_posix()


def sources(*folders):
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def absolute_imports(path):
    """Names of everything a file imports absolutely, wherever in the file it does."""
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def tops(names):
    return {name.split(".")[0] for name in names}


def tracked_files():
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


@pytest.mark.parametrize("path", sources("s2st", "demo_world"), ids=relative)
def test_the_library_and_the_demo_world_never_know_comfyui(path):
    assert not tops(absolute_imports(path)) & COMFYUI


@pytest.mark.parametrize("path", sources("s2st"), ids=relative)
def test_only_the_adapter_knows_diffusers(path):
    if path != ROOT / "s2st" / "adapters" / "diffusers.py":
        assert not tops(absolute_imports(path)) & {"diffusers", "transformers"}


@pytest.mark.parametrize("path", sources("nodes"), ids=relative)
def test_the_nodes_never_need_diffusers(path):
    assert not tops(absolute_imports(path)) & {"diffusers", "transformers"}


@pytest.mark.parametrize("path", sources("nodes"), ids=relative)
def test_only_the_core_room_reaches_into_comfyuis_internals(path):
    if path.parent != ROOT / "nodes" / "core":
        assert not absolute_imports(path) & set(INTERNALS)


def rooms_reached(path):
    """(room of a file, rooms that its relative imports lead to), within its own package."""
    package, *folders = path.relative_to(ROOT).with_suffix("").parts
    here = [package, *folders[:-1]]
    reached = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = here[: len(here) - node.level + 1]
            names = node.module.split(".") if node.module else [one.name for one in node.names]
            if base:
                reached.add(names[0] if len(base) == 1 else base[1])
    return (folders[0] if len(folders) > 1 else ""), reached


def known_rooms(package):
    return {one.name for one in (ROOT / package).iterdir() if (one / "__init__.py").is_file()}


@pytest.mark.parametrize("path", sources("s2st"), ids=relative)
def test_rooms_of_the_library_stand_on_the_rooms_below_them(path):
    room, reached = rooms_reached(path)
    if room:
        assert room in LIBRARY_ROOMS, "a new room says what it stands on"
        assert reached <= {room, *LIBRARY_ROOMS[room]}


@pytest.mark.parametrize("path", sources("nodes"), ids=relative)
def test_rooms_of_the_nodes_never_reach_into_another_method(path):
    room, reached = rooms_reached(path)
    if room:
        assert room in NODE_ROOMS, "a new room says what it stands on"
        assert reached <= {room, *NODE_ROOMS[room]}


def test_every_room_exists_and_has_its_rule():
    assert known_rooms("s2st") == set(LIBRARY_ROOMS)
    assert known_rooms("nodes") == set(NODE_ROOMS)


@pytest.mark.parametrize("path", [p for p in sources(*PACKAGES) if p not in PROGRAMS], ids=relative)
def test_packages_import_each_other_relatively(path):
    assert not tops(absolute_imports(path)) & {"s2st", "demo_world", "nodes", "tools"}


@pytest.mark.parametrize("path", sources(*PACKAGES), ids=relative)
def test_nothing_runs_text_reads_pickles_or_asks_a_network(path):
    assert not tops(absolute_imports(path)) & FORBIDDEN_MODULES
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) not in FORBIDDEN_CALLS | {"torch.load"}
            assert "allow_pickle=True" not in ast.unparse(node)


@pytest.mark.parametrize("path", sources("s2st", "nodes"), ids=relative)
def test_libraries_print_nothing(path):
    calls = (node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call))
    assert "print" not in {ast.unparse(node.func) for node in calls}


@pytest.mark.parametrize("path", sources(*PACKAGES), ids=relative)
def test_randomness_has_a_seed(path):
    """Drawing takes a generator; only a command-line program may seed the global one."""
    for node in ast.walk(tree_of(path)):
        if not isinstance(node, ast.Call):
            continue
        name, arguments = ast.unparse(node.func), {one.arg for one in node.keywords}
        if name in ("torch.randn", "torch.rand", "torch.randint", "torch.randperm"):
            assert "generator" in arguments, f"line {node.lineno}"
        assert not name.startswith("random."), f"line {node.lineno}"


def test_every_node_shows_its_id_to_the_manager():
    """ComfyUI-Manager reads the source: a literal id in each direct child of io.ComfyNode."""
    found = {}
    for path in sources("nodes"):
        for node in ast.walk(tree_of(path)):
            bases = [ast.unparse(base) for base in getattr(node, "bases", [])]
            if bases == ["io.ComfyNode"]:
                (schema,) = [
                    call
                    for call in ast.walk(node)
                    if isinstance(call, ast.Call) and ast.unparse(call.func) == "io.Schema"
                ]
                (identifier,) = [one.value for one in schema.keywords if one.arg == "node_id"]
                found[node.name] = ast.literal_eval(identifier)
    assert len(found) == len(set(found.values())) >= 14
    assert all(identifier.startswith("S2ST_") for identifier in found.values())


IMPORT_WITHOUT = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {hidden!r}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Hidden())
import {module}
print(sorted(name for name in sys.modules if name.split(".")[0] in {hidden!r}))
"""


@pytest.mark.parametrize("module", ["s2st", "demo_world"])
def test_it_imports_where_diffusers_and_comfyui_are_missing(module):
    hidden = {"diffusers", "transformers", "comfy", "comfy_api"}
    program = IMPORT_WITHOUT.format(hidden=hidden, module=module)
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[]"


def test_no_path_of_anybodys_machine_is_published():
    for path in tracked_files():
        if path.suffix in (".py", ".md", ".toml", ".txt", ".json", ".yaml", ".yml", ".sh", ""):
            text = path.read_text(encoding="utf-8", errors="ignore")
            assert not [one for one in MACHINE_PATHS if one in text], path.name


def test_weights_stay_small():
    weights = [path for path in tracked_files() if path.suffix in WEIGHT_SUFFIXES]
    assert all(path.suffix not in (".pt", ".pth", ".ckpt", ".bin") for path in weights)
    assert sum(path.stat().st_size for path in weights) <= LARGEST_WEIGHTS
