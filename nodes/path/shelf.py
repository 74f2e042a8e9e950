"""Cells that this process has finished: the next queue of a cancelled graph goes on with them."""

from __future__ import annotations

from collections import OrderedDict

from ...s2st.explore.run import Finished

MOST = 64  # latents on the CPU; the longest unused goes first


class Memory:
    """A shelf of the last few cells."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._cells: OrderedDict[str, Finished] = OrderedDict()

    def find(self, key: str) -> Finished | None:
        found = self._cells.get(key)
        if found is not None:
            self._cells.move_to_end(key)
        return found

    def keep(self, key: str, finished: Finished) -> None:
        self._cells[key] = finished
        while len(self._cells) > self._most:
            self._cells.popitem(last=False)


SHELF = Memory()
