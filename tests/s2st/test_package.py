"""The library stands alone: no ComfyUI, no diffusers unless asked for, nothing printed."""

import ast
import subprocess
import sys

import pytest

HOST = {"comfy", "comfy_api", "comfy_extras", "comfy_execution", "nodes", "folder_paths", "server"}
ALLOWED = {"torch", "numpy", "kornia", "einops", "safetensors"}
# What an extra brings, and a program may look for.
ALSO = {
    "adapters/": {"diffusers"},
    "explore/sheet.py": {"PIL"},
    "batch/pictures.py": {"PIL"},
    "batch/films.py": {"av"},
    "batch/tables.py": {"pyarrow"},
    "batch/ray_engine.py": {"ray"},
    "cli/pictures.py": {"PIL"},
    "cli/demo.py": {"demo_world"},
}


def modules(repository):
    return sorted((repository / "s2st").rglob("*.py"))


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (one.name.split(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]


def test_only_the_listed_packages_are_imported(repository):
    standard = sys.stdlib_module_names
    for path in modules(repository):
        found = set(imported(path)) - standard
        assert not found & HOST, path.name
        place = path.relative_to(repository / "s2st").as_posix()
        allowed = ALLOWED | next((ALSO[one] for one in ALSO if place.startswith(one)), set())
        assert found <= allowed, path.name


def test_nothing_is_printed(repository):
    for path in modules(repository):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        calls = [node for node in nodes if isinstance(node, ast.Call)]
        names = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
        assert not names & {"print", "eval", "exec"}, path.name


def test_it_imports_without_diffusers(repository):
    script = (
        "import sys; sys.modules['diffusers'] = None; import s2st; "
        "assert 'comfy' not in sys.modules; s2st.translate"
    )
    subprocess.run([sys.executable, "-c", script], cwd=repository, check=True)


def test_every_module_has_its_tests(repository):
    for path in modules(repository):
        if path.name != "__init__.py":
            place = path.relative_to(repository / "s2st")
            mirror = repository / "tests" / "s2st" / place.with_name(f"test_{path.name}")
            assert mirror.is_file(), place


@pytest.mark.parametrize("name", ["translate", "Conditioning", "Denoiser", "InversionConfig"])
def test_public_names_are_listed(name):
    import s2st

    assert name in s2st.__all__
    assert all(hasattr(s2st, one) for one in s2st.__all__)
