"""What a snapshot says of containers and pairs, and when the loop stands still."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from hooks.config.settings import Settings
from hooks.control.server import Refused
from hooks.control.snapshot import Snapshot
from hooks.events.catalogue import Event
from hooks.pairs.pairs import Pairs
from hooks.rules.table import Entry, Rule, Step
from hooks.runtime.pauses import Pauses
from hooks.world.model import Container, PortFile, World
from tests.parts.process.playing import Stage, stage

T = TypeVar("T")
RULE = Rule("port", (Entry("container.start"),), (Step("play.act"),), enabled=False, dry_run=True, cooldown_s=5)
SETTINGS = Settings(
    qbittorrent_url="http://admin:hunter2@10.0.0.2:8080/?a=b@c", gluetun_container="vpn", gluetun_url="http://vpn:8000"
)
VPN = Container("vpn", "a" * 64, "qmcgaw/gluetun:latest", running=True, health="healthy", started_at=5_000_000_000)
WORLD = (
    World(file=PortFile((51413, 51414), generation="g", mtime=7_500_000_000))
    .with_container(VPN)
    .with_container(Container("qbittorrent", "b" * 64, "lscr.io/linuxserver/qbittorrent", running=True,
                              started_at=6_000_000_000, network_mode=f"container:{'a' * 64}"))
    .with_container(Container("web", "c" * 64, "nginx", finished_at=9_000_000_000, labels={"secret": "not shown"}))
)  # fmt: skip


def snapshot_of(it: Stage, world: World, *reach: Event) -> dict[str, Any]:
    """The object, as a program gets it."""
    docker = {"connected": False, "since": 1.5, "reason": "a hunter2"}
    snapshot = Snapshot(
        "1.2.3", True, it.dispatcher, it.journal, Pauses(it.dispatcher, it.journal, lambda: None), lambda: world,
        lambda seen: Pairs(seen, SETTINGS), lambda: {"docker": docker},
        lambda: [(event, event.time) for event in reach], lambda text: text.replace("hunter2", "***"), lambda: "f1",
        time.time(),
    )  # fmt: skip
    item, done = snapshot.snapshot({})
    assert isinstance(done, dict)
    found: dict[str, Any] = json.loads(json.dumps(item))
    return found


def test_containers_and_pairs_are_told_without_a_user_or_a_label() -> None:
    closed = Event("port.closed", "qbittorrent", 8_000_000_000, "qbittorrent")
    with stage(RULE) as it:
        seen = snapshot_of(it, WORLD, closed)
    assert seen["containers"] == [
        {"name": "vpn", "role": "gluetun", "why": "image", "image": "qmcgaw/gluetun:latest", "state": "running",
         "health": "healthy", "since": 5.0, "gluetun": "vpn"},
        {"name": "qbittorrent", "role": "qbittorrent", "why": "image", "image": "lscr.io/linuxserver/qbittorrent",
         "state": "running", "health": "", "since": 6.0, "gluetun": "vpn"},
        {"name": "web", "role": "", "why": "", "image": "nginx", "state": "exited", "health": "", "since": 9.0,
         "gluetun": ""},
    ]  # fmt: skip
    assert seen["pairs"] == [
        {"gluetun": "vpn", "port": [51413, 51414], "port_since": 7.5, "source": "file", "clients": [
            {"name": "qbittorrent", "kind": "qbittorrent", "url": "http://10.0.0.2:8080/?a=b@c",
             "connection": "closed", "connection_since": 8.0}]},
    ]  # fmt: skip
    assert seen["sources"] == {"docker": {"is_up": False, "since": 1.5, "said": "a ***"}}
    assert (seen["dry_run"], seen["fingerprint"]) == (True, "f1")
    (rule,) = seen["rules"]
    assert (rule["name"], rule["enabled"], rule["dry_run"], rule["paused_until"]) == ("port", False, True, None)
    assert "hunter2" not in json.dumps(seen)
    assert "not shown" not in json.dumps(seen)


@pytest.mark.parametrize(
    ("file", "port", "since", "source"),
    [
        (None, [], None, "file"), (PortFile((), "garbage"), [], None, "file"),
        (PortFile((5000,), mtime=1), [], None, "file"),  # older than the start of gluetun
        (PortFile((5000,), mtime=9_000_000_000, source="api:vpn"), [5000], 9.0, "api"),
    ],
    ids=["unread", "garbage", "old", "api"],
)  # fmt: skip
def test_a_port_is_the_one_that_holds_now(
    file: PortFile | None, port: list[int], since: float | None, source: str
) -> None:
    with stage(RULE) as it:
        (pair,) = snapshot_of(it, replace(WORLD, file=file))["pairs"]
    assert (pair["port"], pair["port_since"], pair["source"]) == (port, since, source)
    assert (pair["clients"][0]["connection"], pair["clients"][0]["connection_since"]) == ("unknown", None)


def test_a_loop_that_stands_still_refuses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(act: Callable[[], T]) -> T:
        raise TimeoutError

    with stage(RULE) as it:
        monkeypatch.setattr(it.dispatcher, "call", late)
        with pytest.raises(Refused, match=r"the loop of gluehook does not answer: .*; ask again"):
            snapshot_of(it, WORLD)
