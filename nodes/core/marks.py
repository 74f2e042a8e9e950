"""What tells one node's inputs from another's: what they hold, as far as it can be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from uuid import uuid4
from weakref import WeakKeyDictionary

from torch import Tensor

_PLAIN = (str, int, float, bool, type(None))
# Objects such as models and ControlNets are known by a name of their own as long as they live.
_NAMES: WeakKeyDictionary[object, str] = WeakKeyDictionary()


def parts_of(value: object) -> Iterator[Tensor | str]:
    """Tensors and texts that differ where values do."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, _PLAIN):
        yield repr(value)
    elif isinstance(value, Mapping):
        for key in sorted(value, key=str):
            yield repr(key)
            yield from parts_of(value[key])
    elif isinstance(value, (list, tuple)):
        yield f"{len(value)}"
        for one in value:
            yield from parts_of(one)
    elif is_dataclass(value) and not isinstance(value, type):
        yield type(value).__name__
        yield from parts_of({one.name: getattr(value, one.name) for one in fields(value)})
    else:
        yield _name(value)


def _name(thing: object) -> str:
    """The same for the same object; what cannot be remembered gets a new one every time."""
    try:
        return _NAMES.setdefault(thing, uuid4().hex)
    except TypeError:
        return uuid4().hex
