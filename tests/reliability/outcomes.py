"""How a graph ends: well, refused by ComfyUI, refused by us in a sentence, or in no way it may."""

import os
import threading
from dataclasses import dataclass

import psutil

from tools.comfy_client import GraphFailed, GraphInterrupted, GraphRefused

PATIENCE = 3.0  # seconds a random graph may take before it is cancelled
PACK = f"{os.sep}custom_nodes{os.sep}s2st{os.sep}"
FEWEST_WORDS = 5
FINITE, REFUSED, SENTENCE, CANCELLED, WRONG = "finite", "refused", "sentence", "cancelled", "wrong"


@dataclass(frozen=True)
class Outcome:
    """How it ended, what was said, and how much work was done once Cancel was pressed."""

    kind: str
    said: str = ""
    seconds: float = 0.0


class Cancel:
    """Presses Cancel so many seconds after it was told to, and remembers when that was.

    What a server does from then on is counted in its processor's seconds, so that other work on
    the machine does not lengthen it.
    """

    def __init__(self, comfy):
        self._client, self._process = comfy.client, psutil.Process(comfy.server.process.pid)
        self._timer, self.pressed = None, None

    def after(self, seconds):
        self._timer = threading.Timer(seconds, self._press)
        self._timer.start()

    def _press(self):
        self.pressed = self._worked()
        self._client.interrupt()

    def _worked(self):
        times = self._process.cpu_times()
        return times.user + times.system

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()

    @property
    def since(self):
        """Seconds of work since it was pressed; None where it was not."""
        return None if self.pressed is None else self._worked() - self.pressed


def outcome_of(comfy, graph, patience=PATIENCE):
    """Queue it, wait, press Cancel when it takes long."""
    with Cancel(comfy) as cancel:
        cancel.after(patience)
        try:
            run = comfy.client.run(graph)
        except GraphRefused as refused:
            return of_refusal(refused)
        except GraphFailed as failed:
            return of_failure(failed)
        except GraphInterrupted:
            return Outcome(CANCELLED, seconds=cancel.since or 0.0)
    told = [one for one in run.outputs.values() if "finite" in one]
    finite = all(all(one["finite"]) for one in told)
    return Outcome(FINITE) if told and finite else Outcome(WRONG, "numbers that are not finite")


def of_refusal(refused):
    """By the core's own checks, of which none may have met an exception of ours."""
    errors = refused.details.get("node_errors") or {}
    told = [one for node in errors.values() for one in node["errors"]]
    wrong = [one["details"] for one in told if one["type"].startswith("exception")]
    return Outcome(WRONG, "; ".join(wrong)) if wrong else Outcome(REFUSED, str(refused))


def of_failure(failed):
    told = f"{failed.node_type}: {failed.exception_type}: {failed.exception_message}"
    if is_our_sentence(failed):
        return Outcome(SENTENCE, told)
    return Outcome(WRONG, f"{told}\n{failed.traceback[-1500:]}")


def is_our_sentence(failed):
    """One line that ends in a full stop, raised on purpose by our own code."""
    message, last = failed.exception_message, failed.traceback.rstrip().rpartition('File "')[2]
    raised = PACK in last.partition('"')[0] and "raise " in last
    whole = message.endswith(".") and "\n" not in message and len(message.split()) >= FEWEST_WORDS
    return failed.exception_type == "ValueError" and raised and whole
