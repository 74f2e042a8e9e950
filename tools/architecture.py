"""Writes docs/architecture.md from the code: `python -m tools.architecture`.

With --check it writes nothing and fails where the page is not what the code would draw.
"""

import argparse
import ast
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.environment import ROOT

PAGE = ROOT / "docs" / "architecture.md"
SOCKETS = ROOT / "tests" / "comfy" / "object_info.json"
PACKAGES = ("nodes", "s2st", "demo_world")
UNDIVIDED = {"demo_world"}  # one room each
# Every node that draws takes these, so that their arrows would hide the others.
EVERYWHERE = {"MODEL", "CLIP", "VAE", "CONDITIONING", "STRING"}
FOR_PEOPLE = {"chart", "charts", "sheet"}  # pictures that end the way
TEXT = """\
# Architecture

Drawn from the code by `python -m tools.architecture`; a test fails where the page is stale.

## Rooms

An arrow leads from a room to one that it imports; what is reached through another room has no arrow
of its own. No method's room leads to another method's.

{rooms}

{table}

## What travels

Boxes are nodes, round ones are values. Words on an arrow are the names of the inputs it leads to; a
dotted one may be left out. Models, prompts, texts and charts are not drawn.

{data}
"""

Graph = dict[str, set[str]]


def page(root: Path, sockets: Mapping) -> str:
    rooms = rooms_of(root)
    graph = imports_of(root, rooms)
    drawings = {"rooms": drawn_rooms(graph), "data": drawn_data(sockets)}
    return TEXT.format(table=table(rooms), **drawings)


# Rooms


def rooms_of(root: Path) -> dict[str, str]:
    """Every room, and the first sentence of what it says of itself."""
    found = {}
    for package in PACKAGES:
        inner = [] if package in UNDIVIDED else sorted((root / package).glob("*/__init__.py"))
        for file in inner or [root / package / "__init__.py"]:
            said = ast.get_docstring(tree_of(file)) or ""
            found[file.parent.relative_to(root).as_posix()] = said.split("\n\n")[0]
    return found


def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def imports_of(root: Path, rooms: Mapping[str, str]) -> Graph:
    """The rooms that each room imports from."""
    exports = exports_of(root)
    graph: Graph = {room: set() for room in rooms}
    for room, reached in graph.items():
        for file in sorted((root / room).rglob("*.py")):
            for name in imported_names(root, file):
                reached.add(room_of(exports.get(name, name), rooms))
        reached -= {room, ""}
    return graph


def imported_names(root: Path, file: Path) -> Iterator[str]:
    """Dotted names, from the root, of all that a file imports relatively."""
    parts = file.relative_to(root).with_suffix("").parts
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*parts[: -node.level], *(node.module or "").split(".")]
            for one in node.names:
                yield ".".join(filter(None, [*base, one.name]))


def exports_of(root: Path) -> dict[str, str]:
    """What a package hands on from its rooms, and where it is: s2st.invert, s2st.seeds..."""
    found = {}
    for package in PACKAGES:
        for name in imported_names(root, root / package / "__init__.py"):
            found[f"{package}.{name.rpartition('.')[2]}"] = name
    return found


def room_of(name: str, rooms: Mapping[str, str]) -> str:
    """The room that a dotted name lies in, or "" for a package's own files."""
    package, _, rest = name.partition(".")
    inner = f"{package}/{rest.partition('.')[0]}"
    return next((room for room in (inner, package) if room in rooms), "")


def below(graph: Graph, room: str) -> set[str]:
    """All rooms that a room stands on, near and far."""
    return graph[room].union(*(below(graph, one) for one in graph[room]))


def nearest(graph: Graph) -> Graph:
    """The graph without the arrows that go round a room between."""
    return {
        room: reached - set().union(*(below(graph, one) for one in reached))
        for room, reached in graph.items()
    }


def drawn_rooms(graph: Graph) -> str:
    lines = []
    for package in PACKAGES:
        inner = [room for room in graph if room.split("/")[0] == package]
        boxes = [f"{identifier(room)}[{room.split('/')[-1]}]" for room in inner]
        if package not in UNDIVIDED:
            boxes = [f"subgraph {package}", *(f"  {box}" for box in boxes), "end"]
        lines += boxes
    for room, reached in nearest(graph).items():
        lines += [f"{identifier(room)} --> {identifier(one)}" for one in sorted(reached)]
    return mermaid("flowchart TD", lines)


def table(rooms: Mapping[str, str]) -> str:
    lines = [f"| `{room}` | {said} |" for room, said in rooms.items()]
    return "\n".join(["| room | is |", "|---|---|", *lines])


# What travels


@dataclass(frozen=True)
class Socket:
    node: str
    name: str
    type: str
    optional: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.name, self.type

    def value(self, named: set[tuple[str, str]]) -> str:
        """What goes through it: its own name where both sides know it, else its type's."""
        return self.name if self.key in named else self.type.removeprefix("S2ST_").lower()


def outputs_of(nodes: Mapping) -> list[Socket]:
    return [
        Socket(node, name, kind)
        for node, facts in nodes.items()
        for name, kind in facts["outputs"].items()
        if kind not in EVERYWHERE and name not in FOR_PEOPLE
    ]


def inputs_of(nodes: Mapping, kinds: set[str]) -> list[Socket]:
    found = []
    for node, facts in nodes.items():
        for key, about in facts["inputs"].items():
            group, name = key.split(".", 1)
            several = about["type"].split(",") if isinstance(about["type"], str) else []
            found += [
                Socket(node, name, kind, optional=group == "optional")
                for kind in several
                if kind in kinds
            ]
    return found


def drawn_data(nodes: Mapping) -> str:
    given = outputs_of(nodes)
    taken = inputs_of(nodes, {one.type for one in given})
    named = {one.key for one in given} & {one.key for one in taken}
    into: dict[tuple[str, str], list[Socket]] = defaultdict(list)
    for one in taken:
        into[one.value(named), one.node].append(one)
    travelling = {value for value, _ in into}
    arrows = [
        f"{one.node} --> {one.value(named)}" for one in given if one.value(named) in travelling
    ]
    arrows += [arrow_into(value, node, sockets) for (value, node), sockets in into.items()]
    used = {one.node for one in [*given, *taken]}
    boxes = [f"{id}[{nodes[id]['display_name'].removeprefix('S2ST ')}]" for id in sorted(used)]
    boxes += [f"{value}([{plain(value)}])" for value in sorted(travelling)]
    return mermaid("flowchart LR", [*boxes, *dict.fromkeys(arrows)])


def arrow_into(value: str, node: str, sockets: list[Socket]) -> str:
    line = "-.->" if all(one.optional for one in sockets) else "-->"
    names = [one.name for one in sockets]
    words = "" if names == [value] else f"|{plain(', '.join(names))}|"
    return f"{value} {line}{words} {node}"


def plain(name: str) -> str:
    return name.replace("_", " ")


def mermaid(kind: str, lines: list[str]) -> str:
    """A drawing as Markdown shows it."""
    return "\n".join(["```mermaid", kind, *(f"  {line}" for line in lines), "```"])


def identifier(room: str) -> str:
    return room.replace("/", "_")


def stale(drawn: str) -> bool:
    return not PAGE.exists() or PAGE.read_text(encoding="utf-8") != drawn


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fail where the page is stale")
    options = parser.parse_args(arguments)
    drawn = page(ROOT, json.loads(SOCKETS.read_text(encoding="utf-8")))
    if options.check and stale(drawn):
        print(f"{PAGE.name} is stale: run `python -m tools.architecture`.")
        return 1
    if not options.check:
        PAGE.write_text(drawn, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
