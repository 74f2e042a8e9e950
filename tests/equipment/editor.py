"""ComfyUI's real editor in a real browser: what a person does there, and what is seen then."""

import json
import re
from pathlib import Path

from tools.chromium import Page

WINDOW = (1800, 1100)
SECONDS = 60
NAME = r"^%s( \(\d+\))?$"  # of a tab: a number is added to the second of a name

READY = "window.app?.graph && window.LiteGraph?.registered_node_types['S2ST_Restyle']"
LIST = "document.querySelector('.templates-tab-button, [aria-label=Templates]')"
BUTTON = """
[...document.querySelectorAll('%s')]
  .filter(one => one.innerText.trim().toLowerCase() == '%s').at(-1)
"""
CARD = "document.querySelector('[data-testid=template-workflow-%s]')"
CARDS = "[...document.querySelectorAll('[data-testid^=template-workflow-]')]"
NAMES = CARDS + ".map(one => one.dataset.testid.replace('template-workflow-', ''))"
DRAWN = CARDS + ".filter(one => [...one.querySelectorAll('img')].some(seen => seen.naturalWidth))"
TAB = "app.extensionManager.workflow.activeWorkflow?.filename ?? ''"
WRITING = "document.activeElement.tagName == 'INPUT'"
WHOLE = "app.extensionManager.command.execute('Comfy.Canvas.FitView')"
SEARCH = "app.extensionManager.command.execute('Workspace.SearchBox.Toggle')"
BLANK = "app.extensionManager.command.execute('Comfy.NewBlankWorkflow')"
MISSING = (
    "app.graph.nodes.map(one => one.type).filter(one => !LiteGraph.registered_node_types[one])"
)
BOXES = """
(() => {
  const drawn = [...document.querySelectorAll('[data-node-id]')].filter(one => one.offsetWidth);
  const box = one => Object.values(one.getBoundingClientRect().toJSON()).slice(0, 4);
  const title = one => app.graph.getNodeById(Number(one.dataset.nodeId)).title;
  return drawn.length
    ? drawn.map(one => [title(one), ...box(one).map(side => side / app.canvas.ds.scale)])
    : app.graph.nodes.map(
        one => [one.title, one.pos[0], one.pos[1] - 30, one.size[0], one.size[1] + 30]);
})()
"""
SETTLED = "new Promise(done => setTimeout(done, 1000))"
QUEUED = "(async () => (await app.graphToPrompt()).output)()"
FIT = """
(() => {
  const boxes = app.graph.groups.map(one => one._bounding ?? one.bounding);
  const right = Math.max(...boxes.map(one => one[0] + one[2]));
  const bottom = Math.max(...boxes.map(one => one[1] + one[3]));
  const view = app.canvas.ds, room = app.canvas.canvas, ratio = window.devicePixelRatio;
  const width = room.width / ratio - 140, height = room.height / ratio - 140;
  view.scale = Math.min(width / right, height / bottom, 1);
  view.offset = [90 / view.scale, 90 / view.scale];
  app.graph.setDirtyCanvas(true, true);
})()
"""
LISTEN = """
(() => {
  window.heard = {progress: {}, previews: 0, done: false};
  app.api.addEventListener('progress', one => {
    (heard.progress[one.detail.node] ??= []).push(one.detail.value);
  });
  app.api.addEventListener('b_preview', () => { heard.previews += 1; });
  app.api.addEventListener('execution_success', () => { heard.done = true; });
})()
"""
RESULT = """
[...document.querySelectorAll('img'), ...app.graph.nodes.flatMap(one => one.imgs ?? [])]
  .some(one => one.src.includes('%s') && one.naturalWidth > 0)
"""
WIDGETS = (
    "[...document.querySelectorAll('[data-testid=app-mode-widget-item]')].map(one => one.innerText)"
)


class Editor:
    """The editor of a server, in one tab."""

    def __init__(self, page: Page, address: str, pictures: Path) -> None:
        self.page, self.pictures = page, pictures
        page.open(f"http://{address}/")
        page.wait_for(READY, SECONDS)

    def picture(self, name: str) -> None:
        """Keep what is seen now."""
        self.page.picture(self.pictures / f"{name}.png")

    def click(self, element: str) -> None:
        """Wait for an element and click it."""
        self.page.wait_for(element, SECONDS)
        self.page.evaluate(f"({element.strip()}).click()")

    def press(self, label: str, among: str = "button") -> None:
        """Click what has this label."""
        self.click(BUTTON % (among, label))

    def show_list(self, pack: str) -> None:
        """The template list, below the name of a pack."""
        self.click(LIST)
        self.press(pack, "[role=dialog] [role=button], [role=dialog] button")

    def listed(self, count: int) -> list[str]:
        """Names in the list, once there are so many and the first ones have their pictures."""
        self.page.wait_for(f"{CARDS}.length == {count} && {DRAWN}.length > 3", SECONDS)
        return self.page.evaluate(NAMES)

    def choose(self, name: str, count: int) -> None:
        """Click a template in the list and wait for its nodes."""
        self.click(CARD % name)
        tab = f"/{NAME % re.escape(name)}/.test({TAB})"
        self.page.wait_for(f"{tab} && app.graph.nodes.length == {count}", SECONDS)
        self.page.press("Escape")  # what is told of missing files

    def fit(self) -> None:
        """Bring the whole graph into sight."""
        self.page.evaluate(FIT)
        self.page.evaluate(SETTLED)

    def add(self, name: str) -> None:
        """A node alone in a new workflow, found by its name."""
        self.page.evaluate(BLANK)
        self.page.wait_for("app.graph.nodes.length == 0", SECONDS)
        self.page.evaluate(SEARCH)
        self.page.wait_for(WRITING, SECONDS)
        self.page.write(name)
        self.page.wait_for(f"document.body.innerText.includes({json.dumps(name)})", SECONDS)
        self.page.press("Enter")
        self.page.wait_for(f"app.graph.nodes.length == 1 && !({WRITING})", SECONDS)
        self.page.evaluate(WHOLE)
        self.page.evaluate(SETTLED)

    def missing(self) -> list[str]:
        """Kinds of nodes that the editor does not know."""
        return self.page.evaluate(MISSING)

    def boxes(self) -> list[list]:
        """Title, left, top, width and height of every node, its head included."""
        return self.page.evaluate(BOXES)

    def queued(self) -> dict[str, dict]:
        """What it would queue now."""
        return self.page.evaluate(QUEUED)

    def run(self, file: str) -> dict:
        """Run it, keep a picture on the way, and wait until a file is seen; what was heard."""
        self.page.evaluate(LISTEN)
        self.press("run")
        self.page.wait_for("Object.values(heard.progress).flat().length > 3", SECONDS)
        self.picture("running")
        self.page.wait_for(f"heard.done && {(RESULT % file).strip()}", SECONDS)
        self.picture("done")
        return self.page.evaluate("heard")
