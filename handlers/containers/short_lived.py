"""The short-lived containers of `containers.run`: each is removed, also after a kill of gluehook.

Its name is saved before it is made, and forgotten when it is gone. A name that is saved and belongs to no attempt of
this process was left by a process that was killed, or could not be removed; the next attempt of any `containers.run`
removes it. Its label `gluehook.run` shows a person what it is.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hooks.docker.answers import is_absent
from hooks.handler import Context

LABEL = "gluehook.run"
_SAVED = "containers.run"
_REMOVAL_S = 10.0  # however little of the attempt is left
_lock = threading.Lock()
_live: set[str] = set()  # of the attempts of this process


@contextmanager
def named(client: Any, ctx: Context) -> Iterator[str]:
    """A name for one container, which is removed at the end, whatever happens, with what runs in it."""
    name = f"gluehook-run-{re.sub(r'[^a-zA-Z0-9_.-]', '-', ctx.run)}-{secrets.token_hex(3)}"
    with _lock:
        _live.add(name)
        _put([*_saved(ctx), name], ctx)
    sure = False
    try:
        yield name
        sure = True
    finally:
        try:
            # where its making was cut off, the engine may make it yet
            _remove(client, name, ctx, forget_absent=sure)
        finally:
            with _lock:
                _live.discard(name)


def remove_leftovers(client: Any, ctx: Context) -> None:
    """Remove what earlier attempts have left."""
    for name in [name for name in _saved(ctx) if name not in _live]:
        _remove(client, name, ctx, forget_absent=True)


def _remove(client: Any, name: str, ctx: Context, *, forget_absent: bool) -> None:
    from docker.errors import APIError
    from requests.exceptions import RequestException

    client.timeout = _REMOVAL_S
    try:
        client.remove_container(name, force=True, v=True)
    except APIError as error:
        if not is_absent(error) or not forget_absent:
            return  # it stays saved
    except RequestException:
        return
    with _lock:
        _put([one for one in _saved(ctx) if one != name], ctx)


def _saved(ctx: Context) -> list[str]:
    return list(ctx.memory.get(_SAVED) or [])


def _put(names: list[str], ctx: Context) -> None:
    ctx.memory.put(_SAVED, names or None)
