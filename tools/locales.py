"""Writes what the nodes say in every language that we have: locales/<language>/nodeDefs.json.

English is what a server says of the nodes. The other languages are looked up in
tools/translations.json by the English text itself, so that a text which has changed stands there,
like a new one, without a translation until somebody writes it.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools.comfy_client import ComfyClient
from tools.comfyui import CACHE, device_arguments, find, running
from tools.environment import ROOT, SetupError

ENGLISH = "en"
LANGUAGES = ("zh", "ja", "ko")  # as the editor calls them
TABLE = ROOT / "tools" / "translations.json"


def definitions(language: str) -> Path:
    """Where the editor looks for the texts of nodes in a language."""
    return ROOT / "locales" / language / "nodeDefs.json"


def english(nodes: Mapping) -> dict:
    """The texts of our nodes in the editor's form, from what a server says of all nodes."""
    return {name: texts_of(nodes[name]) for name in sorted(nodes) if name.startswith("S2ST_")}


def texts_of(node: Mapping) -> dict:
    outputs = zip(node["output_name"], node["output_tooltips"], strict=True)
    return {
        "display_name": node["display_name"],
        "description": node["description"],
        "inputs": {
            name: {"name": facts.get("display_name", name), "tooltip": facts["tooltip"]}
            for group in ("required", "optional")
            for name, (_, facts) in node["input"].get(group, {}).items()
        },
        "outputs": {
            str(place): {"name": name, "tooltip": tooltip}
            for place, (name, tooltip) in enumerate(outputs)
        },
    }


def placed(texts: Mapping | str, place: str = "") -> Iterator[tuple[str, str]]:
    """(where it is shown, the text) of every text."""
    if isinstance(texts, str):
        yield place, texts
    else:
        for key, inner in texts.items():
            yield from placed(inner, f"{place}.{key}" if place else key)


def renewed(table: Mapping, shown: Mapping) -> dict:
    """The table with an entry for every text that is shown, and no other."""
    return {
        text: {language: table.get(text, {}).get(language, "") for language in LANGUAGES}
        for _, text in placed(shown)
    }


def translated(texts: Mapping | str, table: Mapping, language: str) -> dict | str:
    """The same texts in another language; one without a translation stays English."""
    if isinstance(texts, str):
        return table[texts][language] or texts
    return {key: translated(inner, table, language) for key, inner in texts.items()}


def missing(table: Mapping, shown: Mapping) -> list[str]:
    """A sentence for every text that waits for translations."""
    lacking = {
        text: [one for one in LANGUAGES if not table.get(text, {}).get(one)]
        for _, text in placed(shown)
    }
    first = {text: place for place, text in reversed(list(placed(shown)))}
    return [
        f"{first[text]}: no {' and '.join(languages)} of {text!r}."
        for text, languages in lacking.items()
        if languages
    ]


def load(file: Path) -> dict:
    return json.loads(file.read_text(encoding="utf-8"))


def save(content: Mapping | str, file: Path) -> None:
    """A text a line, readable in every script."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, indent=1, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tools.locales", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--stored",
        action="store_true",
        help="take the stored English texts instead of a server's, after words were filled in",
    )
    options = parser.parse_args(arguments)
    try:
        shown = load(definitions(ENGLISH)) if options.stored else english(asked())
    except SetupError as error:
        print(f"tools.locales: {error}", file=sys.stderr)
        return 1
    table = renewed(load(TABLE), shown)
    save(table, TABLE)
    save(shown, definitions(ENGLISH))
    for language in LANGUAGES:
        save(translated(shown, table, language), definitions(language))
    print("\n".join(missing(table, shown)) or "Every text has its translations.")
    return 0


def asked() -> dict:
    """What a server of our own says of all nodes."""
    with running(find(), CACHE / "comfyui-base", device_arguments()) as server:
        return ComfyClient(server.address).object_info()


if __name__ == "__main__":
    sys.exit(main())
