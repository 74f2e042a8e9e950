"""The wheel: built here, unpacked where neither ComfyUI nor this folder can be seen, and used."""

import ast
import json
import os
import re
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from tools.comfyui import OLD_RELEASE, obtain
from tools.environment import ROOT

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q")
LARGEST_WHEEL = 25e6  # bytes; the demo model's weights are 20 MB of it
# Programs that make or measure the demo model; who installs the library has no use for them.
# What the extra brings, the demo model beside the library, and who reads pictures.
BROUGHT_BY_AN_EXTRA = {"diffusers", "transformers", "PIL", "demo_world", "pyarrow", "ray", "av"}
LEFT_OUT = {"train.py", "evaluate.py", "classifier.py", "training"}
IMPORT_EVERYTHING = """
import importlib.util, pkgutil
for name in ("comfy", "nodes", "tools", "bench", "tests"):
    assert importlib.util.find_spec(name) is None, f"{name} can be seen"
for package in map(importlib.import_module, ("s2st", "demo_world")):
    print(package.__name__)
    for one in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        print(importlib.import_module(one.name).__name__)
"""

# Added to the README's lines: what a person would look at first.
LOOK_AT_THE_RESULT = """
import json
print(json.dumps([list(translated.shape), translated.min().item(), translated.max().item()]))
print((translated - picture).abs().mean().item())
"""


def succeed(*line, **options):
    """Run a command that must succeed; what it printed."""
    run = subprocess.run(line, capture_output=True, text=True, **options)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder))
    succeed(*PIP, "wheel", *options, str(ROOT), cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder that holds nothing but what pip makes of the wheel."""
    folder = tmp_path_factory.mktemp("installed")
    options = ("--no-deps", "--no-index", "--target", str(folder))
    succeed(*PIP, "install", *options, str(wheel), cwd=folder)
    return folder


@pytest.fixture(scope="module")
def told(installed):
    """The metadata, as an installer reads it."""
    (folder,) = installed.glob("s2st-*.dist-info")
    return Parser().parsestr((folder / "METADATA").read_text(encoding="utf-8"))


@pytest.fixture
def python(installed, tmp_path):
    """Runs a program with the installed wheel and the pinned packages, far from this folder."""
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment = {**inherited, "PYTHONPATH": str(installed), "PYTHONUTF8": "1"}

    def run(program):
        return succeed(sys.executable, "-c", program, cwd=tmp_path, env=environment)

    return run


def modules_of(package):
    """The modules of a package in this folder that the wheel must carry."""
    for path in sorted((ROOT / package).rglob("*.py")):
        inner = path.relative_to(ROOT / package)
        if package == "s2st" or inner.parts[0] not in LEFT_OUT:
            parts = (package, *inner.with_suffix("").parts)
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_every_module_is_there_and_imports_without_comfyui(python):
    imported = python(IMPORT_EVERYTHING).split()
    assert sorted(imported) == sorted([*modules_of("s2st"), *modules_of("demo_world")])


def test_it_imports_what_was_installed_and_is_typed(installed, python):
    place = Path(python("import s2st; print(s2st.__file__)").strip())
    assert place == installed / "s2st" / "__init__.py"
    assert (installed / "s2st" / "py.typed").is_file()


def first_python_block(page, heading):
    """The first fenced block of Python below a heading of a page."""
    found = re.search(rf"^## {heading}$.*?^```python$(.*?)^```$", page, re.M | re.S)
    return found[1]


def test_the_lines_of_the_readme_translate_with_the_demo_model(python):
    lines = first_python_block((ROOT / "README.md").read_text(encoding="utf-8"), "Library")
    shown, changed = python(lines + LOOK_AT_THE_RESULT).splitlines()[-2:]
    shape, lowest, highest = json.loads(shown)
    assert shape == [1, 3, 128, 128]
    assert 0 <= lowest < 0.2 and 0.6 < highest <= 1  # finite, and neither black nor grey
    assert float(changed) > 0.1  # night is far from day


def test_it_holds_nothing_else_and_stays_small(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {"s2st", "demo_world"} < tops and len(tops) == 3
    assert {Path(name).suffix for name in names if name.startswith("s2st/")} == {".py", ".typed"}
    assert wheel.stat().st_size < LARGEST_WHEEL


def test_it_says_what_it_is(installed, told):
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert told["Name"] == "s2st"
    assert f'version = "{told["Version"]}"' in project.splitlines()
    assert set(told.get_all("Provides-Extra")) == {"dev", "diffusers", "films", "ray", "tables"}
    assert any("arxiv.org/abs/2312.00116" in url for url in told.get_all("Project-URL"))
    assert list(installed.rglob("licenses/LICENSE"))


def third_party_imports(path):
    """Top names of everything a file imports that is neither its own package nor Python's."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module]
        yield from {name.split(".")[0] for name in names} - set(sys.stdlib_module_names)


def lower_bounds(requirements):
    """Name and version numbers of the lower bound of lines such as `kornia>=0.7.1`."""
    found = {}
    for line in requirements:
        match = re.match(r"^([A-Za-z][\w-]*)\s*(?:[>=~]=\s*([\d.]+))?", line)
        if match:
            found[match[1].lower()] = tuple(map(int, (match[2] or "0").split(".")))
    return found


@pytest.fixture(scope="module")
def needed(told):
    """What pip fetches beside the wheel when no extra is asked for."""
    return lower_bounds(one for one in told.get_all("Requires-Dist") if "extra ==" not in one)


def test_it_needs_what_it_imports(installed, needed):
    sources = (installed / "s2st").rglob("*.py")
    imported = {name for path in sources for name in third_party_imports(path)}
    assert imported - BROUGHT_BY_AN_EXTRA == set(needed)


def test_no_installer_replaces_what_a_comfyui_has(needed):
    """The oldest supported core asks for each of these packages, and for no older one than we."""
    lines = (obtain(OLD_RELEASE) / "requirements.txt").read_text(encoding="utf-8").splitlines()
    core = lower_bounds(lines)
    assert {name for name, bound in needed.items() if bound > core.get(name, ())} == set()
