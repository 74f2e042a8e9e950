"""Files of one kind in ComfyUI's output and input folders: saved under a number, listed, found."""

from __future__ import annotations

import ntpath
import os
import posixpath
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import folder_paths

from ...s2st.kit.storage import claim_next
from .api import io

FOLDER = "s2st"
FOLDERS = {posixpath: "/output", ntpath: "Z:\\output"}  # by which names are judged
# The editor asks for the list whenever it loads, and output folders grow without end.
DEEPEST = 3  # folders below ComfyUI's own
LOOKED_AT = 50_000  # names in each of them
SHIPPED = Path(__file__).resolve().parents[2] / "demo_world" / "networks"
PACK = "of this pack: "


@dataclass(frozen=True)
class Kept:
    """One kind of file: what it holds, how its name ends, and which node saves it."""

    what: str
    suffix: str
    saver: str

    @property
    def prefix(self) -> str:
        """The filename_prefix that its node proposes."""
        return f"{FOLDER}/{self.what}"

    @property
    def nothing(self) -> str:
        """What is offered where none is saved."""
        return f"(save a {self.what} first)"

    def name_input(self):
        """Under which name its node saves."""
        return io.String.Input(
            "filename_prefix",
            default=self.prefix,
            tooltip="Folder and name inside ComfyUI's output folder; a number is added.",
        )

    def file_input(self, which: str):
        """One of the saved files; `which` tells which files are offered."""
        files = self.listed() or [self.nothing]
        return io.Combo.Input(
            "file",
            options=files,
            default=files[-1],
            tooltip=f"{which}, in ComfyUI's output or input folder, at most {DEEPEST} folders "
            f"deep; links are not followed.",
        )

    def saved(self, save: Callable[[Path], None], prefix: str) -> str:
        """The new file's name in the output folder: under a number of its own, of which nothing is
        left if saving fails.
        """
        folder, name = destination(prefix, self.what)
        try:
            target = claim_next(folder, name, self.suffix)
            try:
                save(target)
            except BaseException:
                target.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise ValueError(
                f"The {self.what} could not be saved under {prefix!r} ({error.strerror}): "
                f"make room, or choose another filename_prefix."
            ) from error
        return target.relative_to(_output_folder()).as_posix()

    def listed(self) -> list[str]:
        """Files of the output and of the input folder, relative to it, oldest first."""
        found = [one for root in _roots() for one in _found(root, self.suffix)]
        return list(dict.fromkeys(name for _, name in sorted(found)))

    def located(self, file: object) -> Path:
        """The file inside ComfyUI's output or input folder, never outside of them; an API-form
        graph may name anything.
        """
        if file == self.nothing:
            raise ValueError(f"No {self.what} is saved yet: run {self.saver} first.")
        for root in _roots():
            path = Path(os.path.abspath(root / str(file)))
            ours = path.is_relative_to(root) and path.name.endswith(self.suffix)
            if ours and os.path.isfile(path):
                return path
        raise ValueError(
            f"There is no {self.what} {file!r} in ComfyUI's output or input folder: choose one of "
            f"the list, and press R to read the list again."
        )

    def problem(self, file: object) -> str | None:
        """Why a file cannot be taken, as ComfyUI asks before it runs a graph."""
        try:
            self.located(file)
        except ValueError as error:
            return str(error)
        return None


class Trained(Kept):
    """Files that a command trains; those that come with the pack are listed first."""

    def shipped(self) -> dict[str, Path]:
        """The pack's own, by the names that are offered."""
        found = SHIPPED.glob(f"*{self.suffix}")
        return {f"{PACK}{path.name.removesuffix(self.suffix)}": path for path in found}

    def listed(self) -> list[str]:
        return [*sorted(self.shipped()), *super().listed()]

    def located(self, file: object) -> Path:
        return self.shipped().get(str(file)) or super().located(file)


def destination(prefix: str, what: str) -> tuple[Path, str]:
    """(folder, name) that a filename_prefix stands for, inside ComfyUI's output folder."""
    if "\0" in prefix or not is_inside(prefix):
        raise ValueError(
            f"filename_prefix is {prefix!r}, but must be a name inside ComfyUI's output folder, "
            f"of letters that files may have: write for example {FOLDER}/{what}."
        )
    try:
        folder, name, *_ = folder_paths.get_save_image_path(prefix, str(_output_folder()))
    except OSError as error:
        raise ValueError(
            f"filename_prefix is {prefix!r}, but that folder cannot be used ({error.strerror}): "
            f"choose another."
        ) from error
    return Path(os.path.abspath(folder)), name


def is_inside(prefix: str) -> bool:
    """Whether a name stays in a folder by every platform's rules, for workflows travel."""
    return all(
        rules.normpath(rules.join(folder, prefix)).startswith(folder + rules.sep)
        for rules, folder in FOLDERS.items()
    )


def _output_folder() -> Path:
    return Path(os.path.abspath(folder_paths.get_output_directory()))


def _roots() -> list[Path]:
    return [_output_folder(), Path(os.path.abspath(folder_paths.get_input_directory()))]


def _found(root: Path, suffix: str) -> Iterator[tuple[int, str]]:
    """(time, name) of each such file in a folder; what another process removes is left out."""
    starts = (root / FOLDER, root)  # our own first, lest others use up what may be looked at
    for entry in (one for start in starts for one in islice(_entries(start), LOOKED_AT)):
        with suppress(OSError):
            if entry.name.endswith(suffix) and entry.is_file(follow_symlinks=False):
                kept = entry.stat(follow_symlinks=False)
                if kept.st_size > 0:  # else it is being saved
                    yield kept.st_mtime_ns, Path(entry.path).relative_to(root).as_posix()


def _entries(root: Path) -> Iterator[os.DirEntry]:
    """What lies in a folder and below it, the nearest first."""
    level = [str(root)]
    for _ in range(DEEPEST + 1):
        below = []
        for folder in level:
            for entry in _scanned(folder):
                yield entry
                if _is_folder(entry):
                    below.append(entry.path)
        level = below


def _scanned(folder: str) -> list[os.DirEntry]:
    try:
        with os.scandir(folder) as entries:
            return list(islice(entries, LOOKED_AT))
    except OSError:  # it is not there, or may not be read
        return []


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False
