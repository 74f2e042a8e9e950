"""What a piece of code means: one hash over every definition of ours that it can reach.

Results are kept under such a hash, so a changed algorithm is never mixed with results of the old
one, and nobody has to remember a version number. Comments, docstrings, layout and definitions that
are not reached do not count, so writing documentation throws no results away.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import resolve_name
from pathlib import Path
from types import FunctionType, MethodType

ROOT = Path(__file__).resolve().parent.parent
OURS = ("bench", "s2st", "demo_world")
LENGTH = 12

Place = tuple[str, str]  # module and name in it; the name "" is the whole module


@dataclass(frozen=True)
class Source:
    """One file: its top-level definitions, and where its imported names come from."""

    tree: ast.Module
    definitions: dict[str, list[ast.stmt]] = field(default_factory=dict)
    imports: dict[str, Place] = field(default_factory=dict)


def fingerprint(*roots: Callable) -> str:
    """The hash of all that these functions are and reach."""
    digest = hashlib.sha256()
    starts, facts = [], []
    for root in roots:
        for one in described(root):
            (starts if isinstance(one, tuple) else facts).append(one)
    texts = dict(reached(starts))
    for line in [*facts, *(f"{place} {texts[place]}" for place in sorted(texts))]:
        digest.update(line.encode())
    return digest.hexdigest()[:LENGTH]


def described(value: object) -> Iterator[Place | str]:
    """Where a value's code stands (as a Place), and what it carries along (as text)."""
    match value:
        case functools.partial():
            carried = [value.func, *value.args, *sorted(value.keywords.items())]
            yield from _each(carried)
        case _ if hasattr(value, "__wrapped__"):  # decorated, by no_grad or cache
            yield from described(value.__wrapped__)
        case FunctionType():
            if value.__module__.split(".")[0] not in OURS:
                yield inspect.getsource(value)
            yield value.__module__, value.__qualname__.split(".")[0]
            yield from _each(cell.cell_contents for cell in value.__closure__ or ())
        case MethodType():
            yield from _each([value.__func__, value.__self__])
        case type():
            yield value.__module__, value.__qualname__.split(".")[0]
        case tuple() | list():
            yield from _each(value)
        case _:
            yield from described(type(value))
            yield _steady(repr(value))


def _each(values) -> Iterator[Place | str]:
    for value in values:
        yield from described(value)


def _steady(text: str) -> str:
    if " at 0x" in text:
        raise ValueError(
            f"{text} carries its address in memory, so it has another fingerprint in every run: "
            f"give methods functions, numbers, texts and dataclasses of these only."
        )
    return text


def reached(starts: list[Place]) -> Iterator[tuple[Place, str]]:
    """Every definition of ours that the starts lead to, with its normalised text."""
    waiting, seen = list(starts), set()
    while waiting:
        place = _settled(waiting.pop())
        if place is None or place in seen:
            continue
        seen.add(place)
        nodes = _nodes(place)
        yield place, "\n".join(ast.dump(node) for node in nodes)
        waiting += [one for node in nodes for one in _references(place[0], node)]


def _settled(place: Place) -> Place | None:
    """The place where a name is really defined; None for what is not ours."""
    module, name = place
    while _file(module) is not None:
        source = read(module)
        if name in source.definitions or name == "":
            return module, name
        if _file(f"{module}.{name}") is not None:
            return f"{module}.{name}", ""
        if name not in source.imports:
            return (module, "") if name == "<lambda>" else None
        module, name = source.imports[name]
    return None


def _nodes(place: Place) -> list[ast.stmt]:
    source = read(place[0])
    return source.definitions[place[1]] if place[1] else source.tree.body


def _references(module: str, node: ast.AST) -> Iterator[Place]:
    imports = read(module).imports
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and not _is_module(imports.get(one.id)):
            yield module, one.id
        if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name):
            place = imports.get(one.value.id)
            if _is_module(place):
                yield _join(place), one.attr


def _is_module(place: Place | None) -> bool:
    return place is not None and _file(_join(place)) is not None


def _join(place: Place) -> str:
    return f"{place[0]}.{place[1]}" if place[1] else place[0]


@functools.cache
def _file(module: str) -> Path | None:
    if module.split(".")[0] not in OURS:
        return None
    path = ROOT.joinpath(*module.split("."))
    candidates = (path / "__init__.py", path.with_suffix(".py"))
    return next((one for one in candidates if one.is_file()), None)


@functools.cache
def read(module: str) -> Source:
    """Parse one of our modules, leaving docstrings out."""
    path = _file(module)
    source = Source(_without_docstrings(ast.parse(path.read_text(encoding="utf-8"))))
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in source.tree.body:
        for name in _defined(node):
            source.definitions.setdefault(name, []).append(node)
    for node in ast.walk(source.tree):
        source.imports.update(_imported(node, package))
    return source


def _without_docstrings(tree: ast.Module) -> ast.Module:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, kinds) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree


def _defined(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            names = (one for target in targets for one in ast.walk(target))
            yield from (one.id for one in names if isinstance(one, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.AugAssign(target=ast.Name(id=name)):
            yield name


def _imported(node: ast.AST, package: str) -> Iterator[tuple[str, Place]]:
    match node:
        case ast.ImportFrom(module=module, level=level, names=names):
            relative = "." * level + (module or "")
            origin = resolve_name(relative, package) if level else module
            yield from ((one.asname or one.name, (origin, one.name)) for one in names)
        case ast.Import(names=names):
            yield from ((one.asname or one.name.split(".")[0], (one.name, "")) for one in names)
