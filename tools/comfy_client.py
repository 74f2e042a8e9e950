"""A small client for a running ComfyUI: queue an API-form graph, follow it, collect its images."""

import io
import json
import struct
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import websocket
from PIL import Image

WAIT_SECONDS = 300
PREVIEW_EVENTS = (1, 4)  # BinaryEventTypes.PREVIEW_IMAGE and PREVIEW_IMAGE_WITH_METADATA


class GraphRefused(RuntimeError):
    """The server did not accept the graph; `details` is its answer."""

    def __init__(self, details: dict) -> None:
        super().__init__(json.dumps(details)[:2000])
        self.details = details


class GraphFailed(RuntimeError):
    """A node raised while the graph ran."""

    def __init__(self, details: dict) -> None:
        super().__init__(f"{details.get('node_type')}: {details.get('exception_message')}")
        self.node_type = details.get("node_type")
        self.exception_type = details.get("exception_type")
        self.exception_message = str(details.get("exception_message", "")).strip()
        self.traceback = "".join(details.get("traceback") or [])


class GraphInterrupted(RuntimeError):
    """The run was cancelled."""


@dataclass
class Run:
    """Everything the server said about one queued graph."""

    prompt_id: str
    events: list[tuple[str, dict]] = field(default_factory=list)
    previews: list[bytes] = field(default_factory=list)
    outputs: dict[str, dict] = field(default_factory=dict)

    def named(self, name: str) -> list[dict]:
        return [data for kind, data in self.events if kind == name]


Listener = Callable[[str, dict], None]


def ignore_event(name: str, data: dict) -> None:
    """The listener that does nothing."""


class ComfyClient:
    """One websocket session with a ComfyUI server."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.client_id = uuid.uuid4().hex
        self.socket = websocket.create_connection(
            f"ws://{address}/ws?clientId={self.client_id}", timeout=WAIT_SECONDS
        )

    def close(self) -> None:
        self.socket.close()

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://{self.address}{path}", timeout=60) as answer:
            return answer.read()

    def get_json(self, path: str) -> dict:
        return json.loads(self.get(path))

    def post(self, path: str, body: dict) -> bytes:
        request = urllib.request.Request(
            f"http://{self.address}{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def object_info(self) -> dict:
        return self.get_json("/object_info")

    def interrupt(self) -> None:
        self.post("/interrupt", {})

    def free(self) -> None:
        self.post("/free", {"unload_models": True, "free_memory": True})

    def queue(self, graph: dict) -> Run:
        """Queue an API-form graph and return at once."""
        try:
            answer = self.post("/prompt", {"prompt": graph, "client_id": self.client_id})
        except urllib.error.HTTPError as error:
            raise GraphRefused(json.loads(error.read())) from error
        accepted = json.loads(answer)
        if accepted.get("node_errors"):  # the server runs what is left of such a graph
            raise GraphRefused(accepted)
        return Run(prompt_id=accepted["prompt_id"])

    def follow(self, run: Run, listen: Listener = ignore_event) -> Run:
        """Read the websocket until this run has ended."""
        for name, data in self._messages(run):
            run.events.append((name, data))
            listen(name, data)
            if name == "execution_error":
                raise GraphFailed(data)
            if name == "execution_interrupted":
                raise GraphInterrupted(data.get("node_type") or "")
            if name == "executing" and data.get("node") is None:
                break  # sent once the history is written
        run.outputs = self.get_json(f"/history/{run.prompt_id}")[run.prompt_id]["outputs"]
        return run

    def run(self, graph: dict, listen: Listener = ignore_event) -> Run:
        """Queue a graph and wait for its end."""
        return self.follow(self.queue(graph), listen)

    def _messages(self, run: Run) -> Iterator[tuple[str, dict]]:
        while True:
            message = self.socket.recv()
            if isinstance(message, bytes):
                if struct.unpack(">I", message[:4])[0] in PREVIEW_EVENTS:
                    run.previews.append(message[8:])
                    yield "preview", {}
                continue
            parsed = json.loads(message)
            data = parsed.get("data") or {}
            if data.get("prompt_id") in (run.prompt_id, None):
                yield parsed["type"], data

    def image(self, reference: dict) -> np.ndarray:
        """One saved image as float32 [H,W,C] in 0..1."""
        query = urllib.parse.urlencode({k: reference[k] for k in ("filename", "subfolder", "type")})
        with Image.open(io.BytesIO(self.get(f"/view?{query}"))) as picture:
            return np.asarray(picture, dtype=np.float32) / 255.0

    def images(self, run: Run, node: str) -> list[np.ndarray]:
        """All images a node of this run saved."""
        return [self.image(reference) for reference in run.outputs[node]["images"]]
