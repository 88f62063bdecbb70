"""How much an object holds on to, found from outside: what the garbage collector can reach from it."""

from __future__ import annotations

import gc
from collections.abc import Container
from types import FunctionType, ModuleType

_SHARED = (type, ModuleType, FunctionType)


def reachable(root: object, kind: type, without: object = ()) -> int:
    """How many objects of this kind can be reached from `root`, and not from `without`."""
    return sum(isinstance(one, kind) for one in _all(root, _all(without, ())).values())


def _all(root: object, known: Container[int]) -> dict[int, object]:
    found: dict[int, object] = {}
    left = [root]
    while left:
        one = left.pop()
        if id(one) in found or id(one) in known or isinstance(one, _SHARED):
            continue
        found[id(one)] = one
        left += gc.get_referents(one)
    return found
