"""The runner as the web process sees it: requests on the control socket, with the answers kept for a short time.

`gluehook run` owns the socket. Nothing here raises because the runner is away, stands still or is an older one: the
answer then says why it is unknown.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hooks.control import client
from hooks.control.server import Refused
from hooks.web.answer import Answer

SNAPSHOT_S = 1.0  # how long a snapshot is shown before it is read anew
DOCTOR_S = 300.0  # how long the doctor's findings are

Request = Callable[..., tuple[list[dict[str, Any]], str]]


class Runner:
    """The gluehook that runs on the state folder `state`. Thread-safe.

    `request(verb, **arguments)` sends a request, as `client.request` does for that folder; `now` gives seconds since
    the Unix epoch.
    """

    def __init__(self, state: Path, *, request: Request | None = None, now: Callable[[], float] = time.time) -> None:
        self._request = request or (lambda verb, **arguments: client.request(state, verb, **arguments))
        self._now = now
        self._answers: dict[str, Answer] = {}
        self._locks = {name: threading.Lock() for name in ("snapshot", "doctor")}

    def snapshot(self) -> Answer:
        """What the runner knows now: the one item of the verb `snapshot`."""
        return self._kept("snapshot", SNAPSHOT_S, lambda items, _: items[0])

    def doctor(self, within_s: float = DOCTOR_S) -> Answer:
        """The doctor's findings, not older than `within_s` seconds: {"findings": […], "said": "…"}."""
        return self._kept("doctor", within_s, lambda items, said: {"findings": items, "said": said})

    def ask(self, verb: str, **arguments: Any) -> tuple[list[dict[str, Any]], str]:
        """Send one request; the items and what was done. Raises client.NotRunning, or Refused."""
        return self._request(verb, **arguments)

    def _kept(self, verb: str, within_s: float, value: Callable[[list[dict[str, Any]], str], Any]) -> Answer:
        with self._locks[verb]:  # who comes meanwhile waits for the same answer
            kept = self._answers.get(verb)
            if kept and 0 <= self._now() - kept.at < (within_s if kept.value is not None else SNAPSHOT_S):
                return kept
            self._answers[verb] = answer = self._asked(verb, value)
            return answer

    def _asked(self, verb: str, value: Callable[[list[dict[str, Any]], str], Any]) -> Answer:
        try:
            items, said = self._request(verb)
            return Answer(value(items, said), self._now())
        except (client.NotRunning, Refused) as why:
            return Answer(None, self._now(), str(why))
        except IndexError:
            return Answer(None, self._now(), f"the running gluehook has answered '{verb}' without an item")
