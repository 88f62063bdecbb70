"""The verbs of `containers.*` that stop, pause and signal, in the contract, beside an engine with one container."""

from __future__ import annotations

from handlers.containers.pause import Pause, PauseArgs
from handlers.containers.signal import Signal, SignalArgs
from handlers.containers.stop import Stop, StopArgs
from handlers.containers.unpause import Unpause, UnpauseArgs
from tests.handlers.cases_general import an_engine, docker_at
from tests.handlers.contract import CASES, Case

CASES += [
    Case(Stop, lambda _: StopArgs("box"), an_engine(), docker=docker_at, unix=True),
    Case(Pause, lambda _: PauseArgs("box"), an_engine(), docker=docker_at, unix=True),
    Case(Unpause, lambda _: UnpauseArgs("box"), an_engine(paused=True), docker=docker_at, unix=True),
    Case(
        Signal, lambda _: SignalArgs("box", signal="HUP"), an_engine(), docker=docker_at, unix=True, second=None,
        label="to one",
    ),
]  # fmt: skip
