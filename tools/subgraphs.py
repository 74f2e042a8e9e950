"""Graphs that the editor offers as one node: built from a description, and turned into API form.

What is given to such a graph and what it gives are the node's sockets; where something given leads
to a widget, the node has that widget.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tools.workflows import (
    ALWAYS,
    GROUP_TITLE,
    NAMESPACE,
    ROW,
    Input,
    Kind,
    Node,
    Output,
    Workflow,
    node_json,
    to_api,
)

ENTRY, EXIT = -10, -20  # the editor's numbers of a graph's two ends
LINK = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
ACROSS, APART = 160, 80  # pixels: an end's frame, its distance from the nodes
WIDTH = 380  # of the whole as one node
CATEGORY = "S2ST"


class Blueprint(Workflow):
    """Collects the nodes inside one node, with what is given to them and what they give."""

    def __init__(
        self,
        name: str,
        object_info: Mapping[str, dict],
        description: str,
        aliases: Sequence[str],
    ) -> None:
        super().__init__(name, object_info)
        self._description = description
        self._aliases = list(aliases)
        self._given: list[Input] = []
        self._gives: list[tuple[str, Output]] = []

    def given(self, name: str, kind: str, like: str, **other: object) -> Output:
        """A socket of the whole, like this input of a kind of node but for `other` options.

        Connections come first, then what has a widget.
        """
        entered = Kind.of(self._object_info, kind).input(like)
        self._given.append(replace(entered, name=name, options={**entered.options, **other}))
        return Output(ENTRY, len(self._given) - 1, entered.type)

    def gives(self, name: str, output: Output) -> None:
        """An output of the whole."""
        self._gives.append((name, output))

    def as_json(self) -> dict:
        """One node and what is inside it, as the editor would publish it."""
        inside = super().as_json()
        outputs = tuple((name, one.type) for name, one in self._gives)
        kind = Kind(inside["id"], tuple(self._given), outputs)
        about = {
            "BlueprintDescription": self._description,
            "BlueprintSearchAliases": self._aliases,
        }
        return {
            "revision": 0,
            "last_node_id": 1,
            "last_link_id": 0,
            "nodes": [node_json(Node(1, kind, self.name, {}, {}, WIDTH, ALWAYS), [])],
            "links": [],
            "definitions": {"subgraphs": [self._definition(inside, kind)]},
            "extra": about,
            "version": 0.4,
        }

    def _links(self) -> list[list]:
        links = super()._links()
        for slot, (_, one) in enumerate(self._gives):
            links.append([len(links) + 1, one.node, one.slot, EXIT, slot, one.type])
        return links

    def _definition(self, inside: Mapping, kind: Kind) -> dict:
        frames, links = inside["groups"], inside["links"]
        right = max(left + width for left, _, width, _ in (one["bounding"] for one in frames))
        inputs = [(one.name, one.type) for one in kind.inputs]
        return {
            "id": kind.name,
            "version": 1,
            "revision": 0,
            "state": {
                "lastGroupId": len(frames),
                "lastNodeId": inside["last_node_id"],
                "lastLinkId": inside["last_link_id"],
                "lastRerouteId": 0,
            },
            "config": {},
            "name": self.name,
            "category": CATEGORY,
            "description": self._description,
            "inputNode": _end(ENTRY, -APART - ACROSS, len(inputs)),
            "outputNode": _end(EXIT, right + APART, len(kind.outputs)),
            "inputs": self._slots(ENTRY, inputs, links),
            "outputs": self._slots(EXIT, kind.outputs, links),
            "widgets": [],
            "nodes": inside["nodes"],
            "groups": frames,
            "links": [dict(zip(LINK, link, strict=True)) for link in links],
            "extra": {},
        }

    def _slots(
        self, end: int, sockets: Sequence[tuple[str, str]], links: Sequence[list]
    ) -> list[dict]:
        return [
            {
                "id": str(uuid.uuid5(NAMESPACE, f"{self.name} {end} {slot}")),
                "name": name,
                "type": kind,
                "linkIds": [link[0] for link in links if [end, slot] in (link[1:3], link[3:5])],
            }
            for slot, (name, kind) in enumerate(sockets)
        ]


def _end(number: int, left: int, slots: int) -> dict:
    return {"id": number, "bounding": [left, GROUP_TITLE, ACROSS, ROW * (slots + 2)]}


def opened(
    number: str, inputs: Mapping[str, object], definition: Mapping, object_info: Mapping[str, dict]
) -> tuple[dict[str, dict], list[list]]:
    """(what is inside a blueprint's node, where its outputs come from), as the editor queues it."""
    names = [one["name"] for one in definition["inputs"]]

    def seen(value: object) -> object:
        """What a node inside is given, as the graph around it says it."""
        if not isinstance(value, list):
            return value
        node, slot = value
        return inputs.get(names[slot]) if node == str(ENTRY) else [f"{number}:{node}", slot]

    links = [[link[one] for one in LINK] for link in definition["links"]]
    nodes = to_api({"nodes": definition["nodes"], "links": links}, object_info)
    for node in nodes.values():
        node["inputs"] = {name: seen(value) for name, value in node["inputs"].items()}
    leaving = sorted((link[4], link[1], link[2]) for link in links if link[3] == EXIT)
    return (
        {f"{number}:{name}": node for name, node in nodes.items()},
        [[f"{number}:{node}", slot] for _, node, slot in leaving],
    )
