"""The polling source: what it posts, when, and what it does not post."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from hooks.engine.engine import Engine
from hooks.events import signals
from hooks.events.catalogue import Event
from hooks.handler import Retry
from hooks.rules.table import Entry, Rule, Step, Table
from hooks.sources.polling import PollingSource, PollingSources
from tests.parts.process.gluehook import until
from tests.parts.values.virtual_time import WAIT_S, VirtualTime


def peer(kind: str, name: str = "iphone", **data: Any) -> Event:
    return Event(f"wireguard.{kind}", name, 5, "wireguard", data={"peer": name, **data})


@dataclass
class Scene:
    """What there is to see, and what was told of it."""

    states: list[Event] = field(default_factory=list)
    trouble: str = ""
    polls: int = 0
    told: list[Event] = field(default_factory=list)
    poll_done: Callable[[], None] = lambda: None

    def poll(self) -> list[Event]:
        self.polls += 1
        self.poll_done()
        if self.trouble:
            raise Retry(self.trouble)
        return self.states

    def news(self) -> list[tuple[str, str, str]]:
        news = [(event.type, event.subject, event.origin) for event in self.told]
        self.told.clear()
        return news


@pytest.fixture
def clock() -> VirtualTime:
    return VirtualTime()


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def source(clock: VirtualTime, scene: Scene) -> Iterator[PollingSource]:
    made = PollingSource(
        "wireguard", scene.poll, scene.told.append, every_s=60.0, clock=lambda: clock.now_s,
        wait=clock.wait,
    )  # fmt: skip
    made.start()
    assert clock.asleep.wait(WAIT_S)
    yield made
    made.stop()
    assert not made.alive


@pytest.fixture
def listened(source: PollingSource, clock: VirtualTime, scene: Scene) -> PollingSource:
    scene.states = [peer("handshake"), peer("stale", "mac")]
    clock.settle(lambda: source.set(listened=True))
    return source


def test_it_does_not_poll_while_no_rule_listens(source: PollingSource, clock: VirtualTime, scene: Scene) -> None:
    clock.jump(3600)
    assert scene.polls == 0
    assert clock.timeouts_s == [None, None]
    clock.settle(lambda: source.set(listened=True))
    assert (scene.polls, clock.timeouts_s[-1]) == (1, 60.0)
    clock.settle(lambda: source.set(listened=False))
    clock.jump(3600)
    assert (scene.polls, clock.timeouts_s[-1]) == (1, None)


@pytest.mark.usefixtures("listened")
def test_the_first_poll_posts_every_state_and_later_polls_what_is_new(clock: VirtualTime, scene: Scene) -> None:
    assert scene.news() == [
        ("wireguard.handshake", "iphone", "resync"),
        ("wireguard.stale", "mac", "resync"),
    ]
    clock.jump(60)
    assert scene.news() == []
    scene.states = [peer("hairpin"), peer("stale", "mac"), peer("stale", "ipad")]
    clock.jump(60)
    assert scene.news() == [("wireguard.hairpin", "iphone", "live"), ("wireguard.stale", "ipad", "live")]


@pytest.mark.usefixtures("listened")
def test_a_peer_that_is_seen_no_more_was_removed(clock: VirtualTime, scene: Scene) -> None:
    scene.news()
    scene.states = [peer("handshake")]
    clock.jump(60)
    assert scene.news() == [("wireguard.removed", "mac", "live")]


@pytest.mark.usefixtures("listened")
def test_every_state_is_posted_again_now_and_then_and_new_ones_as_live(clock: VirtualTime, scene: Scene) -> None:
    scene.news()
    for _ in range(4):
        clock.jump(60)
    assert scene.news() == []
    scene.states = [peer("hairpin"), peer("stale", "mac")]
    clock.jump(60)
    assert scene.news() == [("wireguard.hairpin", "iphone", "live"), ("wireguard.stale", "mac", "resync")]


def test_new_rules_get_every_state(listened: PollingSource, clock: VirtualTime, scene: Scene) -> None:
    scene.news()
    clock.settle(lambda: listened.set(listened=True))
    assert [origin for _, _, origin in scene.news()] == ["resync", "resync"]


@pytest.mark.usefixtures("listened")
def test_an_outage_is_reported_once_and_ends_with_a_resync(clock: VirtualTime, scene: Scene) -> None:
    scene.news()
    said: list[tuple[str, Any]] = []

    def lost(_: object, name: str, reason: str) -> None:
        said.append((name, reason))

    def restored(_: object, name: str) -> None:
        said.append((name, None))

    with signals.source_lost.connected_to(lost), signals.source_restored.connected_to(restored):
        scene.trouble = "container 'wireguard' does not run"
        clock.jump(60)
        clock.jump(60)
        assert scene.news() == [("source.lost", "wireguard", "live")]
        scene.trouble, scene.states = "", [peer("handshake"), peer("handshake", "mac")]
        clock.jump(60)
    assert scene.news() == [
        ("wireguard.handshake", "iphone", "resync"),
        ("wireguard.handshake", "mac", "live"),
        ("source.restored", "wireguard", "live"),
    ]
    assert said == [
        ("wireguard", "container 'wireguard' does not run; it is polled again every 1m"),
        ("wireguard", None),
    ]


def test_what_the_last_poll_found_is_known_with_since_when_and_not_during_an_outage(
    source: PollingSource, clock: VirtualTime, scene: Scene
) -> None:
    def found() -> list[tuple[str, str, int]]:
        return [(event.type, event.subject, since) for event, since in source.states()]

    assert found() == []
    scene.states = [replace(peer("handshake"), time=7)]
    clock.settle(lambda: source.set(listened=True))
    scene.states = [replace(peer("handshake"), time=8), replace(peer("stale", "mac"), time=8)]
    clock.jump(60)
    assert found() == [("wireguard.handshake", "iphone", 7), ("wireguard.stale", "mac", 8)]
    scene.trouble = "Docker is away"
    clock.jump(60)
    assert found() == []
    scene.trouble, scene.states = "", [replace(peer("hairpin"), time=9)]
    clock.jump(60)
    assert found() == [("wireguard.hairpin", "iphone", 9)]
    assert PollingSources({}, lambda _: None, every="60s").states("wireguard") == []


def test_a_fresh_poll_says_whether_a_state_lasts(listened: PollingSource, scene: Scene) -> None:
    assert listened.poll_now()
    assert listened.lasts(peer("stale", "mac"))
    scene.states = [peer("handshake"), peer("handshake", "mac")]
    assert listened.lasts(peer("stale", "mac")), "it has not polled"
    assert listened.poll_now()
    assert not listened.lasts(peer("stale", "mac"))
    scene.trouble = "Docker is away"
    assert not listened.poll_now()


def test_nothing_is_posted_after_the_end(listened: PollingSource, scene: Scene) -> None:
    scene.news()
    listened.stop()
    scene.states = []
    assert listened.poll_now()
    scene.trouble = "Docker is away"
    assert not listened.poll_now()
    assert scene.told == []


def test_a_rule_that_waits_for_a_lost_device_runs_once_and_not_during_an_outage(
    listened: PollingSource, clock: VirtualTime, scene: Scene
) -> None:
    rule = Rule("gone", (Entry("wireguard.stale"),), (Step("notify.send", {}),), for_s=600.0)
    engine = Engine(Table((rule,)))

    def pass_on() -> list[str]:
        for event in scene.told:
            engine.feed(event, clock.now_s)
        scene.told.clear()
        return [run.key for run in engine.advance(clock.now_s)]

    assert pass_on() == []
    for _ in range(8):
        clock.jump(60)
        assert pass_on() == []
    scene.trouble = "container 'wireguard' does not run"
    for _ in range(20):
        clock.jump(60)
        assert pass_on() == [], "its clock stands still"
    scene.trouble = ""
    clock.jump(60)
    assert pass_on() == []
    clock.jump(60)
    assert pass_on() == ["mac"]


def test_a_closed_port_lasts_over_resyncs_and_a_new_port_begins_anew(
    listened: PollingSource, clock: VirtualTime, scene: Scene
) -> None:
    rule = Rule("closed", (Entry("port.closed"),), (Step("notify.send", {}),), for_s=1200.0)
    engine = Engine(Table((rule,)))

    def ran_at(minute: int, port: int, reason: str) -> list[Any]:
        data = {"container": "qbittorrent", "port": port, "reason": reason}
        scene.states = [Event("port.closed", "qbittorrent", int(clock.now_s * 1e9), "wireguard", data=data)]
        clock.jump(60)
        for event in scene.told:
            engine.feed(event, clock.now_s)
        scene.told.clear()
        return [(minute, run.event.data["port"]) for run in engine.advance(clock.now_s)]

    minutes = range(1, 120)
    ran = [ran_at(minute, 5001 if minute < 16 else 5002, f"reason {minute}") for minute in minutes]
    assert [run for runs in ran for run in runs] == [(36, 5002)]


# -- the sources of a table ----------------------------------------------------------------------------------


def table_of(scene: Scene, every: str) -> PollingSources:
    return PollingSources({"wireguard": scene.poll}, scene.told.append, every=every)


def test_only_what_a_rule_names_is_polled(scene: Scene) -> None:
    sources = table_of(scene, "1h")
    scene.states = [peer("stale")]
    came = threading.Event()
    scene.poll_done = came.set
    sources.start()
    try:
        sources.listen({"container.start", "port.cleared"})
        assert not came.wait(0.05)
        sources.listen({"container.start", "wireguard.hairpin"})
        assert came.wait(WAIT_S)
        until(lambda: scene.told, "it is not told")
    finally:
        sources.stop()
    assert scene.news() == [("wireguard.stale", "iphone", "resync")]


def test_switched_off_it_never_polls_and_says_so_where_a_rule_listens(scene: Scene) -> None:
    sources = table_of(scene, "off")
    said: list[str] = []

    def lost(_: object, name: str, reason: str) -> None:
        said.append(f"{name}: {reason}")

    sources.start()
    with signals.source_lost.connected_to(lost):
        sources.listen({"container.start"})
        assert said == []
        sources.listen({"container.start", "wireguard.stale"})
    assert sources.poll_now([peer("stale")])
    sources.stop()
    assert scene.polls == 0
    (sentence,) = said
    assert sentence.startswith("wireguard: GLUEHOOK_LOOK_EVERY is off, so no rule gets wireguard.stale;")


def test_it_answers_for_its_own_events_only(scene: Scene) -> None:
    sources = table_of(scene, "1h")
    assert sources.lasts(Event("container.start", "web", 1, "docker"))
    assert not sources.lasts(peer("stale"))
    scene.states, scene.trouble = [peer("stale")], "it is away"
    assert sources.poll_now([Event("container.start", "web", 1, "docker")])
    assert not sources.poll_now([peer("stale")])
    scene.trouble = ""
    assert sources.poll_now([peer("stale")])
    assert sources.lasts(peer("stale"))
