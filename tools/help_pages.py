"""Writes the tables of web/docs/*.md anew, from what a server says of the nodes and the ablation.

The words above and below the tables are written by hand and stay.
"""

import re
import sys
from collections.abc import Mapping

from tools import help_figures
from tools.comfy_client import ComfyClient
from tools.comfyui import CACHE, device_arguments, find, running
from tools.environment import ROOT, SetupError

FOLDER = ROOT / "web" / "docs"
INPUTS = ("input", "type", "default", "meaning")
OUTPUTS = ("output", "type", "meaning")
FILES = {"file"}  # inputs whose choices are what lies in the user's folders
KINDS = {"INT": "int", "FLOAT": "float", "STRING": "string", "BOOLEAN": "boolean"}
TABLE = r"(?<=## {heading}\n\n)\|.*?(?=\n\n|\Z)"


def page(text: str, node: Mapping) -> str:
    """A help page with the tables of the node as it is."""
    tables = {
        "Inputs": inputs(node),
        "Outputs": outputs(node),
        help_figures.HEADING: table(help_figures.HEADS, help_figures.rows(node["name"])),
    }
    for heading, new in tables.items():
        pattern = re.compile(TABLE.format(heading=heading), re.DOTALL)
        text = pattern.sub(lambda _, new=new: new, text)
    return text


def inputs(node: Mapping) -> str:
    rows = [
        row(name, kind, facts, optional=group == "optional")
        for group in ("required", "optional")
        for name, (kind, facts) in node["input"].get(group, {}).items()
    ]
    return table(INPUTS, rows)


def row(name: str, kind: object, facts: Mapping, *, optional: bool) -> list[str]:
    """One input: what it is called, what it takes, and what that means."""
    choices = kind if isinstance(kind, list) else facts.get("options")
    known = name not in FILES
    default = facts.get("default") if known else None
    return [
        f"`{name}` (optional)" if optional else f"`{name}`",
        "choice" if choices is not None else KINDS.get(kind, kind).replace(",", " or "),
        "" if default is None or default == "" else f"`{shown(default)}`",
        facts["tooltip"] + limits(facts) + (options(choices) if known else ""),
    ]


def limits(facts: Mapping) -> str:
    if "min" not in facts:
        return ""
    return f" From {facts['min']:.16g} to {facts['max']:.16g}."


def options(choices: list | None) -> str:
    if choices is None:
        return ""
    return f" One of: {', '.join(f'`{one}`' for one in choices)}."


def shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def outputs(node: Mapping) -> str:
    columns = (node["output_name"], node["output"], node["output_tooltips"])
    return table(OUTPUTS, [[f"`{name}`", *rest] for name, *rest in zip(*columns, strict=True)])


def table(heads: tuple[str, ...], rows: list[list[str]]) -> str:
    """Markdown."""
    lines = [f"| {' | '.join(line)} |" for line in (heads, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(heads), *lines[1:]])


def main() -> int:
    """Write every page anew."""
    try:
        with running(find(), CACHE / "comfyui-base", device_arguments()) as server:
            nodes = ComfyClient(server.address).object_info()
    except SetupError as error:
        print(f"tools.help_pages: {error}", file=sys.stderr)
        return 1
    for file in sorted(FOLDER.glob("*.md")):
        old = file.read_text(encoding="utf-8")
        file.write_text(page(old, nodes[file.stem]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
