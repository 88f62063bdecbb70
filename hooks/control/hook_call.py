"""The verb `hook`: another program has called a hook of the web process, which hands it over here.

The response has one item: {"taken": …, "event": the event's id}. `taken` is
- "accepted": a rule listens to it, and the journal has it: it is done whatever happens to gluehook from now on;
- "repeated": an earlier call with the same idempotency key was accepted, and nothing more is done;
- "no rule": no rule that is in force listens to it, so nothing is done;
- "not stored": the journal cannot be written now, so nothing is done. The caller may send it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from hooks.control.loop_calls import on_the_loop
from hooks.control.server import Refused, Request, Response
from hooks.events import hook_names
from hooks.events.catalogue import Event
from hooks.journal.journal import Journal
from hooks.runtime.dispatcher import Dispatcher


class HookCall:
    """Takes calls of hooks. `now_ns` is nanoseconds since the Unix epoch."""

    def __init__(self, dispatcher: Dispatcher, journal: Journal, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._dispatcher, self._journal, self._now_ns = dispatcher, journal, now_ns

    def hook(self, request: Request) -> Response:
        """A call of the hook `name`, with `json`, `query` and the idempotency `key`, "" for none. Raises Refused."""
        event = self._event(request)
        taken = on_the_loop(self._dispatcher, lambda: self._take(event))
        yield {"taken": taken, "event": event.id}
        yield {"done": f"hook {event.subject}: {taken}"}

    def _take(self, event: Event) -> str:
        if self._journal.event(event.id) is not None:
            return "repeated"
        if not any(self._dispatcher.engine.rules_for(event)):
            return "no rule"
        if self._journal.problem:
            return "not stored"
        return "accepted" if self._dispatcher.accept(event) else "not stored"

    def _event(self, request: Request) -> Event:
        name, key, at = request.get("name"), request.get("key", ""), self._now_ns()
        if not isinstance(name, str) or not hook_names.is_name(name):
            raise Refused(f"that is not the name of a hook; {hook_names.WRITE}")
        data: dict[str, Any] = {"name": name}
        for field in ("json", "query"):
            if not isinstance(value := request.get(field, {}), dict):
                raise Refused(f"{field} of a hook is no JSON object")
            data |= {field: value} if value else {}
        return Event("hook.called", name, at, "hook", data=data, id=f"hook-{name}-{key or at}")
