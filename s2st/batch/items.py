"""The pictures below a folder, each with a name of its own among the results."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from .pictures import ENDINGS
from .tables import ENDING as TABLE
from .tables import is_table

ENDING = ".png"  # of results, which keeps every pixel and the settings
PICTURES = frozenset(ENDINGS)
PICTURES_AND_TABLES = PICTURES | {TABLE}


@dataclass(frozen=True)
class Item:
    """One picture, or a table of some: its path below the source folder is what it is known by."""

    id: str
    source: Path
    target: Path
    problem: str = ""  # why it cannot even be tried

    @property
    def drawn(self) -> int:
        """A number that depends on the item alone, wherever and after whatever it is run."""
        return number_of(self.id)


def number_of(text: str) -> int:
    """48 bits of a hash; names need not be valid text."""
    told = hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(told[:6], "big")


def items_of(source: Path, out: Path, taken: Set[str] = PICTURES) -> list[Item]:
    """All pictures of a folder and its folders by name, or the one picture that is named.

    `taken` are the endings of files that are looked for.
    """
    if not source.exists():
        raise ValueError(f"{source} does not exist: name a picture or a folder of pictures.")
    if source.is_file():
        return [Item(source.name, source, out / f"{source.stem}{ending_of(source)}")]
    if _real(source) == _real(out):
        raise ValueError(
            f"--out is {out}, which is the source folder, but results must not lie among the "
            f"pictures: name another."
        )
    found = [*_walked(source, source, (), _real(out), taken)]
    if not found:
        raise ValueError(
            f"{source} holds no picture, but at least 1 is needed: put some there that end in "
            f"{', '.join(sorted(taken))}."
        )
    return _named(sorted(found, key=lambda one: one.id), out)


def _walked(
    folder: Path, root: Path, above: tuple[str, ...], out: str, taken: Set[str]
) -> Iterator[Item]:
    """The pictures below a folder; links are followed, but not in circles."""
    above = (*above, _real(folder))
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries)
    except OSError as error:
        yield _problem(folder, root, f"The folder cannot be read ({error.strerror}).")
        return
    for name in names:
        path = folder / name
        real = _real(path)
        if real == out:
            continue
        if not os.path.isdir(path):
            if path.suffix.lower() in taken:
                yield Item(path.relative_to(root).as_posix(), path, path)
        elif real in above:
            yield _problem(path, root, "The link leads back to a folder above it; not followed.")
        else:
            yield from _walked(path, root, above, out, taken)


def _problem(path: Path, root: Path, sentence: str) -> Item:
    return Item(path.relative_to(root).as_posix(), path, path, sentence)


def _real(path: Path) -> str:
    return os.path.realpath(path)


def _named(items: Sequence[Item], out: Path) -> list[Item]:
    """Each with its result's path: folders and names kept, and no two the same file anywhere."""
    plain = [str(PurePosixPath(one.id).with_suffix(ending_of(one.source))) for one in items]
    shared = Counter(map(_folded, plain))
    taken: dict[str, str] = {}
    named = []
    for item, name in zip(items, plain, strict=True):
        if shared[_folded(name)] > 1:
            name = item.id + ENDING  # street.jpg beside street.png
        other = taken.setdefault(_folded(name), item.id)
        if other != item.id and not item.problem:
            problem = (
                f"{item.id} and {other} would have results whose names are one to many systems, "
                f"which ignore upper and lower case: rename one of them."
            )
            item = replace(item, problem=problem)
        named.append(replace(item, target=out / name))
    return named


def ending_of(source: Path) -> str:
    """Of the result."""
    return TABLE if is_table(source) else ENDING


def _folded(name: str) -> str:
    """What systems that ignore case and forms of accents take a name for."""
    return unicodedata.normalize("NFC", name).casefold()


def shard(items: Sequence[Item], number: int, count: int) -> list[Item]:
    """The part of one of several machines; others' parts change nothing of it."""
    return [one for one in items if one.drawn % count == number - 1]
