"""Refuses a publication that lacks something (`python -m tools.publishable --tag v0.2.0`).

The workflow that publishes runs it first, with nothing installed but Python 3.11 or newer.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.environment import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ADDRESSES = ("Repository", "Documentation", "Issues")
PICTURES = ("Icon", "Banner")
HTTPS = "https://"


def problems(project: Mapping[str, Any], changelog: str, tag: str) -> Iterator[str]:
    """One sentence about each thing that is missing or does not fit together."""
    version, urls = project["project"]["version"], project["project"].get("urls", {})
    comfy = project["tool"]["comfy"]
    for name in ADDRESSES:
        if not urls.get(name, "").startswith(HTTPS):
            yield f"[project.urls] {name} is missing from pyproject.toml: write its address there."
    for name in PICTURES:
        if name in comfy and not comfy[name].startswith(HTTPS):
            yield f"[tool.comfy] {name} is {comfy[name]!r}, but the registry shows only an address."
    if not comfy.get("PublisherId"):
        yield "[tool.comfy] PublisherId is missing: create a publisher in the registry first."
    if tag != f"v{version}":
        yield f"The tag is {tag!r}, but pyproject.toml says {version}: tag it v{version}."
    if not re.search(rf"^## {re.escape(version)} \(\d{{4}}-\d\d-\d\d\)$", changelog, re.MULTILINE):
        yield f"CHANGELOG.md has no '## {version} (2000-12-31)': say what has changed, and when."


def read(root: Path) -> tuple[dict[str, Any], str]:
    """pyproject.toml and CHANGELOG.md."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return project, (root / "CHANGELOG.md").read_text(encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Exit code 0 when nothing is missing."""
    parser = argparse.ArgumentParser(prog="tools.publishable", description=__doc__)
    parser.add_argument("--tag", required=True, help="the git tag that is to be published")
    found = list(problems(*read(ROOT), parser.parse_args(arguments).tag))
    print("\n".join(found) if found else "Nothing is missing.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
