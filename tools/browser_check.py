"""Opens every template in ComfyUI's real editor (`python -m tools.browser_check`); needs Chromium.

Each is clicked in the template list, compared with what our own conversion to API form says, and
photographed. Not part of the tests: a bare machine has no browser.
"""

import argparse
import json
import sys
from pathlib import Path

from tools import chromium
from tools.comfy_client import ComfyClient
from tools.comfyui import CACHE, DEFAULT_RELEASE, RELEASES, device_arguments, find, running
from tools.environment import ROOT, SetupError
from tools.workflows import Kind, to_api

PICTURES = ROOT / "out" / "browser"
WINDOW = (2600, 1500)
LOADING_SECONDS = 60
READY = "window.app?.graph && document.querySelector('canvas') && LiteGraph.registered_node_types"

CARD = "document.querySelector('[data-testid=template-workflow-%s]')"
LIST = "document.querySelector('.templates-tab-button, [aria-label=Templates]')"
CATEGORY = """
[...document.querySelectorAll('[role=dialog] [role=button]')]
  .find(one => one.innerText.trim().toLowerCase() == '%s'.toLowerCase())
"""
LOADED = "(app.graph._nodes ?? app.graph.nodes).length == %d && !document.querySelector('%s')"
DIALOG = "[role=dialog]"
SEEN = """
(async () => {
  const nodes = app.graph._nodes ?? app.graph.nodes;
  const box = node => [...node.pos, ...node.size].map(Math.round);
  return {
    missing: nodes.filter(one => !LiteGraph.registered_node_types[one.type]).map(one => one.type),
    errors: nodes.filter(one => one.has_errors).map(one => one.type),
    nodes: nodes.map(one => ({title: one.title, box: box(one)})),
    prompt: (await app.graphToPrompt()).output,
  };
})()
"""
PAUSE = "new Promise(done => setTimeout(done, 1500))"
FIT = """
(() => {
  document.querySelectorAll('.p-dialog-mask, .p-toast').forEach(one => one.remove());
  const boxes = app.graph.groups.map(one => one._bounding ?? one.bounding);
  const right = Math.max(...boxes.map(one => one[0] + one[2]));
  const bottom = Math.max(...boxes.map(one => one[1] + one[3]));
  const view = app.canvas.ds, room = app.canvas.canvas;
  const ratio = window.devicePixelRatio;
  const width = room.width / ratio - 140, height = room.height / ratio - 140;
  view.scale = Math.min(width / right, height / bottom, 1);
  view.offset = [90 / view.scale, 90 / view.scale];
  app.graph.setDirtyCanvas(true, true);
})()
"""


def overlapping(nodes: list[dict]) -> list[str]:
    """Pairs of nodes that cover each other on the canvas, titles included."""
    found = []
    for place, one in enumerate(nodes):
        for other in nodes[place + 1 :]:
            if _cover(one["box"], other["box"]):
                found.append(f"{one['title']} / {other['title']}")
    return found


def _cover(one: list[int], other: list[int]) -> bool:
    title = 30
    across = one[0] < other[0] + other[2] and other[0] < one[0] + one[2]
    return across and one[1] - title < other[1] + other[3] and other[1] - title < one[1] + one[3]


def differences(editor: dict, ours: dict, object_info: dict) -> list[str]:
    """Where the editor would queue something else than our conversion says.

    Values of widgets that only the editor knows (the preview of Preview Any) do not count.
    """
    wanted = {name: node["inputs"] for name, node in ours.items()}
    queued = {name: _declared(node, object_info) for name, node in editor.items()}
    found = [f"node {name}: only on one side" for name in sorted(set(wanted) ^ set(queued))]
    for name in sorted(set(wanted) & set(queued)):
        for key in sorted(set(wanted[name]) | set(queued[name])):
            one, other = queued[name].get(key), wanted[name].get(key)
            if one != other:
                found.append(f"node {name} {key}: editor {one!r}, ours {other!r}")
    return found


def _declared(node: dict, object_info: dict) -> dict:
    known = {one.name for one in Kind.of(object_info, node["class_type"]).inputs}
    return {name: value for name, value in node["inputs"].items() if name in known}


def choose(page: chromium.Page, pack: str, name: str) -> None:
    """Click through the template list as a person does; the list is photographed too."""
    click(page, LIST)
    click(page, CATEGORY % pack)
    page.wait_for(CARD % name, LOADING_SECONDS)
    page.evaluate(PAUSE)
    page.picture(PICTURES / "list.png")
    click(page, CARD % name)


def click(page: chromium.Page, element: str) -> None:
    """Wait for an element and click it."""
    page.wait_for(element, LOADING_SECONDS)
    page.evaluate(f"{element.strip()}.click()")


def check(page: chromium.Page, client: ComfyClient, pack: str, name: str) -> list[str]:
    """Everything wrong with one template in the editor."""
    stored = client.get_json(f"/api/workflow_templates/{pack}/{name}.json")
    page.open(f"http://{client.address}/")
    page.wait_for(READY, LOADING_SECONDS)
    page.wait_for("LiteGraph.registered_node_types['S2ST_Translate']", LOADING_SECONDS)
    page.evaluate(PAUSE)
    choose(page, pack, name)
    page.wait_for(LOADED % (len(stored["nodes"]), DIALOG), LOADING_SECONDS)
    page.evaluate(PAUSE)
    seen = page.evaluate(SEEN)
    page.evaluate(FIT)
    page.evaluate(PAUSE)
    page.picture(PICTURES / f"{name}.png")
    problems = [f"no such node: {kind}" for kind in seen["missing"]]
    problems += [f"marked as wrong: {kind}" for kind in seen["errors"]]
    problems += [f"overlap: {pair}" for pair in overlapping(seen["nodes"])]
    info = client.object_info()
    return problems + differences(seen["prompt"], to_api(stored, info), info)


def check_all(address: str) -> int:
    """Check every template the server offers for this pack; the number of problems."""
    client = ComfyClient(address)
    offered = client.get_json("/api/workflow_templates")
    count = 0
    with chromium.running(WINDOW) as page:
        for pack, names in offered.items():
            for name in sorted(names):
                problems = check(page, client, pack, name)
                print(f"{name}: {'opens' if not problems else json.dumps(problems, indent=2)}")
                count += len(problems)
    client.close()
    print(f"Pictures are in {PICTURES.relative_to(ROOT).as_posix()}")
    return count if offered else 1


def main(arguments: list[str]) -> int:
    """Exit code 0 when all templates open as they should."""
    parser = argparse.ArgumentParser(prog="tools.browser_check", description=__doc__)
    parser.add_argument("--server", help="host:port of a ComfyUI that runs; else one is started")
    parser.add_argument("--version", choices=sorted(RELEASES), default=DEFAULT_RELEASE)
    options = parser.parse_args(arguments)
    base: Path = CACHE / "comfyui-base"
    try:
        chromium.find()
        if options.server:
            return min(1, check_all(options.server))
        with running(find(options.version), base, device_arguments()) as server:
            return min(1, check_all(server.address))
    except SetupError as error:
        print(f"tools.browser_check: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
