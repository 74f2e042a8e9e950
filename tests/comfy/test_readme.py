"""The README names what there is: every node, every command, no dead link."""

import re
from pathlib import Path

import pytest

from tools.commands import COMMANDS

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")
COMMAND = re.compile(r"python dev\.py ([a-z][a-z-]*)")
NODE_ROW = re.compile(r"^\| (?P<title>S2ST [^|]+?) \| `(?P<id>S2ST_\w+)` \|", re.MULTILINE)


def page(repository, name):
    return (repository / name).read_text(encoding="utf-8")


def test_the_node_table_is_the_server_s(comfy, repository):
    info = comfy.client.object_info()
    there = {name: one["display_name"] for name, one in info.items() if name.startswith("S2ST_")}
    table = NODE_ROW.findall(page(repository, "README.md"))
    assert {name: title for title, name in table} == there


@pytest.mark.parametrize("name", PAGES)
def test_no_link_is_dead(repository, name):
    folder = (repository / name).parent
    links = LINK.findall(page(repository, name))
    assert [one for one in links if not (folder / one).exists()] == []


@pytest.mark.parametrize("name", PAGES)
def test_every_command_exists(repository, name):
    known = {command.name for command in COMMANDS}
    assert set(COMMAND.findall(page(repository, name))) <= known


def test_the_two_commands_come_first(repository):
    commands = list(dict.fromkeys(COMMAND.findall(page(repository, "README.md"))))
    assert commands[:2] == ["demo", "test"]
