"""WireGuard's peers: handshakes, and whether each is in step. No keys and no QR codes are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hooks.web.pages.words import State, cut, instant, texts

MOST_PEERS = 100  # on the page


@dataclass(frozen=True, slots=True)
class Peer:
    """One peer."""

    name: str
    address: str
    connection: State
    handshake: float | None
    endpoint: str
    step: State
    out_of_step: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Peers:
    """All of them. `problem`: why there are none, or what could not be read."""

    rows: tuple[Peer, ...] = ()
    hidden: int = 0
    problem: str = ""
    at: float | None = None


def peers(records: Sequence[Mapping[str, Any]], problem: str = "", at: float | None = None) -> Peers:
    """The records of `gluehook peers --json`, as they are shown."""
    shown = tuple(_peer(one) for one in records[:MOST_PEERS])
    return Peers(shown, max(0, len(records) - MOST_PEERS), cut(problem), at)


def _peer(one: Mapping[str, Any]) -> Peer:
    wrong = tuple(texts(one.get("out_of_step")))
    let_in = bool(one.get("let_in"))
    step = State("well", "in step") if not wrong else State("broken" if let_in else "plain", "out of step")
    step = step if let_in else State("plain", "removed")
    return Peer(cut(one.get("name"), 200), cut(one.get("address"), 200), _connection(one),
                instant(one.get("handshake_s")), cut(one.get("endpoint"), 100), step, wrong)  # fmt: skip


def _connection(one: Mapping[str, Any]) -> State:
    if one.get("handshake_s") is None:
        return State("unknown", "not read")
    if not one.get("connected"):
        return State("plain", "not connected" if one["handshake_s"] else "never connected")
    return State("risk", "connected, but at home") if one.get("at_home") else State("well", "connected")
