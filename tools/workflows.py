"""Workflows as ComfyUI's editor stores them: built from a description, and turned into API form.

A description adds nodes group by group; names, order and defaults of inputs come from a server's
own /object_info, so a workflow is written anew when a node gains an input.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tools.comfyui import NEWEST_RELEASE
from tools.environment import ROOT
from tools.publishable import read

ROW, WIDGET, TITLE = 20, 24, 30  # pixels of the editor: a socket, a widget, a node's title
GAP, MARGIN = 56, 16  # Nodes 2.0 needs half of the gap for a badge below each node
LETTER, LINE, PARAGRAPH = 7, 18, 10  # of notes, as Nodes 2.0 sets them
GROUP_TITLE = 44
TEXT_ROOM, PICTURE_ROOM, REPORT_ROOM = 76, 240, 110
LIVE_ROOM = 220  # of the preview that a node shows while it samples
NOTE_KIND = "MarkdownNote"
NOTE_COLOURS = {"color": "#432", "bgcolor": "#653"}
GROUP_COLOURS = ("#3f789e", "#88A", "#8A8", "#b58b2a", "#a1309b")
WIDGET_TYPES = {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"}
WITH_PICTURE = {"LoadImage", "PreviewImage", "SaveImage", "LoadVideo", "SaveVideo"}
WITH_REPORT = {"PreviewAny"}
WITH_LIVE_PREVIEW = {
    "S2ST_Restyle",
    "S2ST_DDIMInvert",
    "S2ST_NullTextInvert",
    "S2ST_SeedTranslate",
    "S2ST_TrajectoryOptimize",
    "S2ST_DifferencePath",
    "S2ST_SampleSeed",
    "S2ST_Translate",
    "S2ST_PaintStrokes",
    "S2ST_ExemplarTranslate",
}
OURS = "S2ST_"
# By which the editor finds a node that is missing: its pack's name in the registry, its version.
PROJECT = read(ROOT)[0]["project"]
PACK = {"cnr_id": PROJECT["name"], "ver": PROJECT["version"]}
CORE = {"cnr_id": "comfy-core", "ver": NEWEST_RELEASE}
UPLOADED = ("image_upload", "video_upload")
EDITOR_ONLY = {NOTE_KIND, "Note"}
ALWAYS, NEVER = 0, 2  # the editor's modes of a node
NAMESPACE = uuid.UUID("b6f0c3a2-2312-5001-9116-000000000000")


@dataclass(frozen=True)
class Input:
    """One input of a kind of node, as /object_info tells it."""

    name: str
    type: str
    options: Mapping[str, object]

    @property
    def is_widget(self) -> bool:
        """Whether the editor shows a widget for it and stores a value."""
        return self.type in WIDGET_TYPES and not self.options.get("forceInput", False)

    @property
    def default(self) -> object:
        """What the editor shows in a new node."""
        if "default" in self.options:
            return self.options["default"]
        if self.type == "COMBO":
            return next(iter(self.options["options"]), None)
        return {"INT": 0, "FLOAT": 0.0, "STRING": "", "BOOLEAN": False}[self.type]

    @property
    def companions(self) -> list[object]:
        """Values of the widgets that the editor puts behind this one by itself."""
        if self.options.get("control_after_generate"):
            return ["fixed"]
        return ["image"] if any(self.options.get(one) for one in UPLOADED) else []


@dataclass(frozen=True)
class Kind:
    """A kind of node: its inputs and outputs in order."""

    name: str
    inputs: tuple[Input, ...]
    outputs: tuple[tuple[str, str], ...]  # (name, type)

    @classmethod
    def of(cls, object_info: Mapping[str, dict], name: str) -> "Kind":
        """The kind called `name`, or an error that says the server has no such node."""
        if name not in object_info:
            raise ValueError(f"The server has no node {name!r}: is its pack installed?")
        facts = object_info[name]
        inputs = [
            _input(one, spec)
            for section in ("required", "optional")
            for one, spec in facts["input"].get(section, {}).items()
        ]
        outputs = zip(facts["output_name"], facts["output"], strict=True)
        return cls(name, tuple(inputs), tuple(outputs))

    @property
    def sockets(self) -> list[Input]:
        """Inputs in the editor's order of sockets: connections first, then widgets."""
        return sorted(self.inputs, key=lambda one: one.is_widget)

    def input(self, name: str) -> Input:
        """The input called `name`."""
        for one in self.inputs:
            if one.name == name:
                return one
        known = ", ".join(one.name for one in self.inputs)
        raise ValueError(f"{self.name} has no input {name!r}; it has {known}.")


def _input(name: str, spec: Sequence) -> Input:
    kind, options = spec[0], dict(spec[1]) if len(spec) > 1 else {}
    if isinstance(kind, list):
        return Input(name, "COMBO", {"options": kind, **options})
    return Input(name, kind, options)


@dataclass(frozen=True)
class Output:
    """One output of a node that was added."""

    node: int
    slot: int
    type: str


@dataclass
class Node:
    """A node on the canvas."""

    number: int
    kind: Kind
    title: str
    links: dict[str, Output]
    values: dict[str, object]
    width: int
    mode: int
    models: Sequence[Mapping[str, str]] = ()  # files that the editor offers to fetch
    position: tuple[int, int] = (0, 0)

    @property
    def outputs(self) -> tuple[Output, ...]:
        """What other nodes can be given, in the kind's order."""
        types = enumerate(kind for _, kind in self.kind.outputs)
        return tuple(Output(self.number, slot, kind) for slot, kind in types)

    @property
    def height(self) -> int:
        """Room for its sockets, widgets and what it shows, without the title."""
        widgets = [one for one in self.kind.inputs if one.is_widget]
        rows = max(len(self.kind.inputs) - len(widgets), len(self.kind.outputs))
        texts = sum(bool(one.options.get("multiline")) for one in widgets)
        count = sum(1 + len(one.companions) for one in widgets)
        return ROW * rows + WIDGET * count + TEXT_ROOM * texts + self._shown + 16

    @property
    def _shown(self) -> int:
        picture = max(PICTURE_ROOM, round(0.9 * self.width))
        rooms = (
            (WITH_PICTURE, picture),
            (WITH_REPORT, REPORT_ROOM),
            (WITH_LIVE_PREVIEW, LIVE_ROOM),
        )
        return sum(room for kinds, room in rooms if self.kind.name in kinds)


@dataclass
class Note:
    """A sheet of Markdown on the canvas."""

    number: int
    text: str
    width: int
    position: tuple[int, int] = (0, 0)

    @property
    def height(self) -> int:
        """Room for its lines at the editor's type size."""
        letters = self.width / LETTER
        paragraphs = [line for line in self.text.splitlines() if line]
        lines = sum(1 + int(len(line) / letters) for line in paragraphs)
        return 44 + LINE * lines + PARAGRAPH * len(paragraphs)


@dataclass
class Group:
    """A titled frame with one or more columns of nodes."""

    title: str
    width: int  # of a column
    asleep: bool
    columns: list[list[Node | Note]] = field(default_factory=lambda: [[]])


class Workflow:
    """Collects groups of nodes from left to right and writes the editor's JSON."""

    def __init__(self, name: str, object_info: Mapping[str, dict]) -> None:
        self.name = name
        self._object_info = object_info
        self._groups: list[Group] = []
        self._count = 0
        self._app: dict[str, object] = {}

    def group(self, title: str, width: int = 330, asleep: bool = False) -> None:
        """Start a new frame; what is added next belongs to it and does not run if asleep."""
        self._groups.append(Group(title, width, asleep))

    def column(self) -> None:
        """Go on in another column of the same frame."""
        self._groups[-1].columns.append([])

    def note(self, text: str) -> None:
        """Add a note in Markdown."""
        group = self._groups[-1]
        group.columns[-1].append(Note(self._next(), text.strip(), group.width))

    def add(
        self,
        kind: str,
        inputs: Mapping[str, object],
        title: str = "",
        models: Sequence[Mapping[str, str]] = (),
    ) -> tuple[Output, ...]:
        """Add a node and return its outputs; an input is another's output or a widget's value.

        `models` are files that it needs, each with name, url and directory.
        """
        known = Kind.of(self._object_info, kind)
        links, values = {}, {}
        for name, value in inputs.items():
            known.input(name)
            (links if isinstance(value, Output) else values)[name] = value
        group = self._groups[-1]
        mode = NEVER if group.asleep else ALWAYS
        node = Node(self._next(), known, title, links, values, group.width, mode, models)
        group.columns[-1].append(node)
        return node.outputs

    def app(self, widgets: Sequence[tuple[str, str]], results: Sequence[str]) -> None:
        """Let editors that have an App mode open there, with these widgets and results alone.

        Nodes are named by their titles, or kinds where they have none; a title is shown too.
        """
        nodes = {one.title or one.kind.name: one for one in self._nodes}
        self._app = {
            "linearMode": True,
            "linearData": {
                "inputs": [_exposed(nodes[name], widget) for name, widget in widgets],
                "outputs": [nodes[name].number for name in results],
            },
        }

    @property
    def _members(self) -> list[Node | Note]:
        return [one for group in self._groups for column in group.columns for one in column]

    @property
    def _nodes(self) -> list[Node]:
        return [one for one in self._members if isinstance(one, Node)]

    def _next(self) -> int:
        self._count += 1
        return self._count

    def as_json(self) -> dict:
        """The whole workflow, as the editor would save it."""
        frames = self._place()
        links = self._links()
        return {
            "id": str(uuid.uuid5(NAMESPACE, self.name)),
            "revision": 0,
            "last_node_id": self._count,
            "last_link_id": len(links),
            "nodes": [node_json(one, links) for one in self._members],
            "links": links,
            "groups": frames,
            "config": {},
            "extra": {"ds": {"scale": 0.7, "offset": [40, 90]}, **self._app},
            "version": 0.4,
        }

    def _links(self) -> list[list]:
        """Each a number, the node and slot that it leaves, those that it enters, and its type."""
        links: list[list] = []
        for node in self._nodes:
            for slot, one in enumerate(node.kind.sockets):
                source = node.links.get(one.name)
                if source is not None:
                    ends = [source.node, source.slot, node.number, slot]
                    links.append([len(links) + 1, *ends, source.type])
        return links

    def _place(self) -> list[dict]:
        frames, left = [], 0
        for number, group in enumerate(self._groups):
            step = group.width + 2 * MARGIN
            bottoms = [
                _stack(column, left + place * step + MARGIN)
                for place, column in enumerate(group.columns)
            ]
            width = step * len(group.columns)
            frames.append(_frame(number, group.title, (left, 0, width, max(bottoms))))
            left += width + 2 * MARGIN
        return frames


def _exposed(node: Node, widget: str) -> list[object]:
    """A widget as App mode lists it."""
    name = node.kind.input(widget).name
    return [node.number, name, *([{"description": node.title}] if node.title else [])]


def _stack(column: list[Node | Note], left: int) -> int:
    """Place a column's members below each other; where the column ends."""
    y = GROUP_TITLE
    for one in column:
        one.position = (left, y + TITLE)
        y += TITLE + one.height + GAP
    return y


def _frame(number: int, title: str, box: tuple[int, int, int, int]) -> dict:
    colour = GROUP_COLOURS[number % len(GROUP_COLOURS)]
    return {
        "id": number + 1,
        "title": title,
        "bounding": list(box),
        "color": colour,
        "font_size": 22,
        "flags": {},
    }


def node_json(one: Node | Note, links: list[list]) -> dict:
    """A node or a note as the editor would save it, among these links."""
    common = {
        "id": one.number,
        "type": NOTE_KIND if isinstance(one, Note) else one.kind.name,
        "pos": list(one.position),
        "size": [one.width, one.height],
        "flags": {},
        "order": one.number - 1,
        "mode": ALWAYS if isinstance(one, Note) else one.mode,
    }
    if isinstance(one, Note):
        empty = {"inputs": [], "outputs": [], "properties": {}}
        return {**common, **empty, "widgets_values": [one.text], **NOTE_COLOURS}
    return {
        **common,
        **({"title": one.title} if one.title else {}),
        "inputs": [_socket_json(one, slot, links) for slot in range(len(one.kind.inputs))],
        "outputs": [_output_json(one, slot, links) for slot in range(len(one.kind.outputs))],
        "properties": _properties(one),
        "widgets_values": _widget_values(one),
    }


def _properties(node: Node) -> dict:
    home = PACK if node.kind.name.startswith(OURS) else CORE
    models = {"models": [dict(one) for one in node.models]} if node.models else {}
    return {"Node name for S&R": node.kind.name, **home, **models}


def _socket_json(node: Node, slot: int, links: list[list]) -> dict:
    one = node.kind.sockets[slot]
    link = next((link[0] for link in links if link[3:5] == [node.number, slot]), None)
    socket = {"name": one.name, "type": one.type, "link": link}
    return {**socket, "widget": {"name": one.name}} if one.is_widget else socket


def _output_json(node: Node, slot: int, links: list[list]) -> dict:
    name, kind = node.kind.outputs[slot]
    leaving = [link[0] for link in links if link[1:3] == [node.number, slot]]
    return {"name": name, "type": kind, "links": leaving or None}


def _widget_values(node: Node) -> list:
    values = []
    for one in node.kind.inputs:
        if one.is_widget:
            values += [node.values.get(one.name, one.default), *one.companions]
    return values


def to_api(workflow: Mapping, object_info: Mapping[str, dict]) -> dict[str, dict]:
    """The API form of a stored workflow, as the editor queues it."""
    ends = {link[0]: [str(link[1]), link[2]] for link in workflow["links"]}
    return {
        str(node["id"]): {
            "class_type": node["type"],
            "inputs": _api_inputs(node, Kind.of(object_info, node["type"]), ends),
        }
        for node in workflow["nodes"]
        if node["type"] not in EDITOR_ONLY and node["mode"] != NEVER
    }


def _api_inputs(node: Mapping, kind: Kind, ends: Mapping[int, list]) -> dict[str, object]:
    stored, inputs = iter(node["widgets_values"]), {}
    for one in kind.inputs:
        if one.is_widget:
            inputs[one.name] = next(stored, one.default)
            for _ in one.companions:
                next(stored, None)
    linked = {one["name"]: ends[one["link"]] for one in node["inputs"] if one["link"] is not None}
    return {**inputs, **linked}
