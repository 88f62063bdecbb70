"""The verbs of `containers.*` that stop, pause and signal, in the contract, beside an engine with one container."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handlers.containers.pause import Pause, PauseArgs
from handlers.containers.run import Run, RunArgs
from handlers.containers.signal import Signal, SignalArgs
from handlers.containers.stop import Stop, StopArgs
from handlers.containers.unpause import Unpause, UnpauseArgs
from tests.handlers.cases_general import ID, OneContainer, an_engine, docker_at, engine_of
from tests.handlers.contract import CASES, Case, Fine

CASES += [
    Case(Stop, lambda _: StopArgs("box"), an_engine(), docker=docker_at, unix=True),
    Case(Pause, lambda _: PauseArgs("box"), an_engine(), docker=docker_at, unix=True),
    Case(Unpause, lambda _: UnpauseArgs("box"), an_engine(paused=True), docker=docker_at, unix=True),
    Case(
        Signal, lambda _: SignalArgs("box", signal="HUP"), an_engine(), docker=docker_at, unix=True, second=None,
        label="to one",
    ),
]  # fmt: skip

TOKEN, PASSWORD = "t0ken-of-the-command", "pa55-of-the-variables"


class OneImage(OneContainer):
    """An engine that makes a container of any image, which ends at once."""

    def inspect(self) -> bytes:
        return json.dumps({**json.loads(super().inspect()), "Config": {"Tty": False}}).encode()

    def answer(self, method: str, path: str) -> tuple[int, bytes]:
        word = path.partition("?")[0].rpartition("/")[2]
        if word == "create":
            self.writes.append(path)
            self.running = False
            return 201, b'{"Id": "%s"}' % ID.encode()
        if word == "logs":
            said = f"key={PASSWORD}\n".encode()
            return 200, b"\1\0\0\0" + len(said).to_bytes(4, "big") + said
        if word == "start" or method == "DELETE":
            return 204, b""
        return super().answer(method, path)


@contextmanager
def _an_image(folder: Path) -> Iterator[Fine]:
    one = OneImage()
    with engine_of(one, folder) as address:
        yield Fine(address, lambda: one.writes)


CASES += [
    Case(
        Run, lambda _: RunArgs("box", ["dump", TOKEN], environment={"API_KEY": PASSWORD}), _an_image,
        docker=docker_at, unix=True, second=None, more_secrets=(TOKEN, PASSWORD),
    ),
]  # fmt: skip
