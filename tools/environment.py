"""The project's own virtual environment, made by the standard library alone."""

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NETWORKS = ROOT / "demo_world" / "networks"  # that come with the pack, for templates
ENVIRONMENT = ROOT / ".venv"
REQUIREMENTS = (ROOT / "requirements" / "library.txt", ROOT / "requirements" / "comfyui.txt")
STAMP = ENVIRONMENT / "s2st-installed.txt"
GIGABYTE = 1e9


class SetupError(RuntimeError):
    """A set-up step that failed, told in one sentence for the person at the terminal."""


def environment_python() -> Path:
    """The interpreter inside `.venv` on this platform."""
    folder, name = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return ENVIRONMENT / folder / name


def expected_download() -> tuple[float, float]:
    """Gigabytes downloaded and gigabytes on disk, measured once per platform."""
    if sys.platform == "linux" and platform.machine() == "x86_64":
        return 3.2, 6.0
    return 0.6, 2.0


def requirements_fingerprint() -> str:
    """Changes whenever a pin or the Python that made the environment changes."""
    digest = hashlib.sha256(sys.version.encode())
    for path in REQUIREMENTS:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_ready() -> bool:
    """Whether `.venv` holds exactly what is pinned."""
    return (
        environment_python().exists()
        and STAMP.exists()
        and STAMP.read_text(encoding="utf-8") == requirements_fingerprint()
    )


def _check_venv_module() -> None:
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        raise SetupError(
            f"This Python ({sys.executable}) lacks the module {missing[0]}, so no environment can "
            "be made; on Debian and Ubuntu install it with: sudo apt install python3-venv"
        )


def _check_disk(download: float, installed: float) -> None:
    free = shutil.disk_usage(ROOT).free / GIGABYTE
    if free < download + installed:
        raise SetupError(
            f"Set-up needs about {download + installed:.1f} GB free beside {ROOT.name}, "
            f"only {free:.1f} GB are; make room and run the same command again."
        )


def _run_step(arguments: list[str], failure: str) -> None:
    try:
        code = subprocess.call(arguments, cwd=ROOT)
    except OSError as error:
        raise SetupError(f"{failure} ({error}).") from error
    if code != 0:
        raise SetupError(f"{failure} (exit code {code}; the reason stands above).")


def _make_environment() -> None:
    print(f"Making .venv with Python {platform.python_version()}", flush=True)
    _run_step(
        [sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)],
        "The environment .venv could not be made; check that this folder is writable",
    )


def _environment_is_usable() -> bool:
    """Whether `.venv` has this Python's version and a working pip."""
    question = "import sys, pip; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [str(environment_python()), "-c", question], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return False
    return answer.stdout.strip() == f"{sys.version_info[0]}.{sys.version_info[1]}"


def _install() -> None:
    arguments = [str(environment_python()), "-m", "pip", "install"]
    arguments += ["--disable-pip-version-check"]
    for path in REQUIREMENTS:
        arguments += ["-r", str(path)]
    _run_step(
        arguments,
        "The pinned packages could not be installed; check the network and the free disk space, "
        "then run the same command again: what is already there is kept",
    )


def prepare() -> Path:
    """Make `.venv` hold what is pinned and return its Python; instant when it already does."""
    if is_ready():
        return environment_python()
    if not _environment_is_usable():
        _check_venv_module()
        download, installed = expected_download()
        _check_disk(download, installed)
        print(
            f"First set-up: about {download:.1f} GB to download, {installed:.1f} GB on disk "
            "(PyTorch is most of it). Later runs start at once.",
            flush=True,
        )
        _make_environment()
    _install()
    STAMP.write_text(requirements_fingerprint(), encoding="utf-8")
    return environment_python()
