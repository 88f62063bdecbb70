"""containers.rejoin in the contract: an engine with a parent that came up anew and the containers in its network."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handlers.containers.rejoin import Rejoin, RejoinArgs
from tests.handlers.cases_general import AFTER, BEFORE, NEVER, docker_at, engine_of
from tests.handlers.contract import CASES, Case, Fine

PARENT = "f" * 64


@dataclass
class SharedNetwork:
    """A Docker engine with `vpn`, which has just been restarted, and `count` containers that still sit beside it."""

    count: int = 1
    auto_remove: bool = False
    crashes: bool = False  # what is restarted ends at once, and Docker restarts it for ever
    gather: int = 0  # so many restarts must be asked for before one is answered
    requests: list[str] = field(default_factory=list)  # "GET /containers/…/json"
    most_at_once: int = 0
    _busy: int = 0
    _news: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self.started = {PARENT: AFTER, **{f"{number:064x}": BEFORE for number in range(1, self.count + 1)}}

    @property
    def writes(self) -> list[str]:
        return [request for request in self.requests if request.startswith("POST")]

    def answer(self, method: str, path: str) -> tuple[int, bytes]:
        parts = path.partition("?")[0].split("/")[1:]
        self.requests.append(f"{method} /{'/'.join(parts[1:])}")
        if parts[-1] == "version":
            return 200, b'{"Version": "20.10.24", "ApiVersion": "1.41"}'
        if parts[-2:] == ["containers", "json"]:
            return 200, json.dumps([self._listed(ident) for ident in self.started]).encode()
        ident = PARENT if parts[2] == "vpn" else parts[2]
        if parts[-1] == "restart":
            self._restart(ident)
            return 204, b""
        return 200, json.dumps(self._inspected(ident)).encode()

    def _restart(self, ident: str) -> None:
        with self._news:
            self._busy += 1
            self.most_at_once = max(self.most_at_once, self._busy)
            self._news.notify_all()
            assert self._news.wait_for(lambda: self.most_at_once >= self.gather, 5), "one after the other"
            self.started[ident] = AFTER
            self._busy -= 1

    def _crashed(self, ident: str) -> bool:
        return self.crashes and ident != PARENT and self.started[ident] == AFTER

    def _name(self, ident: str) -> str:
        return "/vpn" if ident == PARENT else f"/dep{int(ident, 16)}"

    def _shared(self, ident: str) -> dict[str, Any]:
        mode = "lan" if ident == PARENT else f"container:{PARENT}"
        return {"Id": ident, "HostConfig": {"NetworkMode": mode, "AutoRemove": self.auto_remove}}

    def _listed(self, ident: str) -> dict[str, Any]:
        state = "restarting" if self._crashed(ident) else "running"
        return {"Names": [self._name(ident)], "State": state, **self._shared(ident)}

    def _inspected(self, ident: str) -> dict[str, Any]:
        crash = {"Restarting": True, "ExitCode": 1} if self._crashed(ident) else {}
        state = {"Running": True, "StartedAt": self.started[ident], "FinishedAt": NEVER, **crash}
        return {"Name": self._name(ident), "State": state, **self._shared(ident)}


@contextmanager
def _stale(folder: Path) -> Iterator[Fine]:
    shared = SharedNetwork()
    with engine_of(shared, folder) as address:
        yield Fine(address, lambda: shared.writes)


CASES.append(Case(Rejoin, lambda _: RejoinArgs("vpn"), _stale, docker=docker_at, unix=True))
