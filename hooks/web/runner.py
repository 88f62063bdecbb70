"""The runner as the web process sees it: requests on the control socket, with the answers kept for a short time.

`gluehook run` owns the socket. Nothing here raises because the runner is away, stands still or is an older one: the
answer then says why it is unknown.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hooks.control import client
from hooks.control.server import Refused
from hooks.events.wall_clock import local_time
from hooks.web.answer import Answer

SNAPSHOT_S = 1.0  # how long a snapshot is shown, if nothing has happened since
_APART_S = 0.1  # between two snapshots, however much happens: each costs the runner some of its time
_PATIENCE_S, _HURRY_S = 1.5, 0.05  # for a runner that answers, and for one that did not answer the last time

Request = Callable[..., tuple[list[dict[str, Any]], str]]


class Runner:
    """The gluehook that runs on the state folder `state`. Thread-safe.

    `request(verb, **arguments)` sends a request, as `client.request` does for that folder; `now` gives seconds since
    the Unix epoch, `clock` seconds that are never set back.
    """

    def __init__(
        self, state: Path, *, request: Request | None = None, now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._request = request or (lambda verb, **arguments: client.request(state, verb, **arguments))
        self._now, self._clock = now, clock
        self._snapshot = Answer(None, 0.0, "the running gluehook has not been asked yet")
        self._asked_at = float("-inf")
        self._is_reading, self._is_slow, self._is_stale = False, False, True
        self._changed = threading.Condition()

    def note(self, _: Mapping[str, Any]) -> None:
        """Something has happened in the runner, so the last snapshot is of the past."""
        self._is_stale = True

    def snapshot(self) -> Answer:
        """What the runner knows now: the one item of the verb `snapshot`.

        If the runner does not answer soon, the last one, and `why` says so.
        """
        with self._changed:
            if not self._is_reading and not self._is_fresh():
                self._is_reading = True
                threading.Thread(target=self._read, name="snapshot", daemon=True).start()
            patience_s = _HURRY_S if self._is_slow else _PATIENCE_S
            if self._changed.wait_for(lambda: not self._is_reading, patience_s):
                return self._snapshot
            self._is_slow = True
            last = self._snapshot
            since = f", so this is as it was at {local_time(last.at)}" if last.value is not None else ""
            return Answer(last.value, last.at, f"the running gluehook does not answer{since}")

    def doctor(self) -> Answer:
        """The doctor's findings: {"findings": […], "said": "…"}. It waits for them."""
        return self._answer("doctor", lambda items, said: {"findings": items, "said": said})

    def ask(self, verb: str, **arguments: Any) -> tuple[list[dict[str, Any]], str]:
        """Send one request; the items and what was done. Raises client.NotRunning, or Refused."""
        try:
            return self._request(verb, **arguments)
        finally:
            self._is_stale = True

    def _is_fresh(self) -> bool:
        age_s = self._clock() - self._asked_at
        return not self._is_stale and age_s < SNAPSHOT_S

    def _read(self) -> None:
        answer = Answer(None, self._now(), "the snapshot could not be read; see the log")
        try:
            time.sleep(max(0.0, min(_APART_S, self._asked_at + _APART_S - self._clock())))
            self._is_stale, self._asked_at = False, self._clock()
            answer = self._answer("snapshot", lambda items, _: items[0])
        finally:
            with self._changed:
                self._snapshot, self._is_reading, self._is_slow = answer, False, False
                self._changed.notify_all()

    def _answer(self, verb: str, value: Callable[[list[dict[str, Any]], str], Any]) -> Answer:
        try:
            items, said = self._request(verb)
            return Answer(value(items, said), self._now())
        except (client.NotRunning, Refused) as why:
            return Answer(None, self._now(), str(why))
        except IndexError:
            return Answer(None, self._now(), f"the running gluehook has answered '{verb}' without an item")
