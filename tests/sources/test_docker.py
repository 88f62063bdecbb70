"""The Docker source on a good engine: what is told, what is looked at, what is asked."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from hooks.docker.filters import filters
from hooks.events.catalogue import Event
from hooks.sources.docker_stream import Backlog
from tests.parts.docker.fake_docker import FakeEngine
from tests.parts.process.signals_heard import Ear

A, B = "a" * 64, "b" * 64


# -- the straight way ----------------------------------------------------------------------


def test_present_states_are_posted_first_and_then_what_happens(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    fake.has("gluetun", A, health="unhealthy")
    source = listen()
    assert ear.until("container.unhealthy").origin == "resync"
    fake.tell("health_status: healthy", "gluetun", A)
    assert ear.until("container.healthy").origin == "live"
    assert source.ready.is_set()
    assert source.connected
    assert ear.hears("restored").endswith("1 of 1 containers run")
    assert not ear.told("source.restored"), "a first look is no restoration"


def test_only_what_moves_the_world_or_is_wanted_reaches_the_inbox(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    listen(lambda event: event.type == "container.oom", types={"container.oom"})
    ear.hears("restored")
    for action in ("create", "exec_start: sh", "oom", "kill", "start"):
        fake.tell(action, "web", A)
    ear.until("container.start")
    assert [event.type for event in ear.events] == ["container.oom", "container.start"]


def test_bytes_may_be_split_anywhere(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    fake.piece_bytes = 7
    listen()
    ear.hears("restored")
    fake.tell("start", "web-ü", A, at=5 * 10**18)
    assert ear.until("container.start").data["container"] == "web-ü"


def test_a_changed_address_is_posted_after_the_start(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    fake.has("adguard", A, address="10.0.0.2")
    listen()
    ear.until("container.start")
    fake.tell("die", "adguard", A, exitCode="0")
    fake.has("adguard", A, address="10.0.0.3", started=time.time_ns())
    fake.tell("start", "adguard", A)
    changed = ear.until("container.ip_changed")
    assert (changed.data["old_ip"], changed.data["ip"]) == ("10.0.0.2", "10.0.0.3")
    assert [event.type for event in ear.events[-3:]] == ["container.die", "container.start", "container.ip_changed"]


def test_what_is_unpaused_is_reason_to_read_everything(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    fake.has("gluetun", A, health="healthy")
    listen()
    ear.hears("restored")
    fake.wait_for_requests("/containers/json", 1)
    ear.events.clear()
    fake.tell("unpause", "sonarr", B)
    fake.wait_for_requests("/containers/json", 2)
    assert ear.until("container.healthy").origin == "resync"
    assert not ear.told("container.unpause"), "no rule listens to it"


def test_another_address_on_the_same_network_without_a_restart(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    fake.has("adguard", A, address="10.0.0.2")
    listen()
    ear.until("container.start")
    fake.has("adguard", A, address="10.0.0.9")
    fake.tell("connect", "lan", "n" * 64, kind="network", container=A)
    assert ear.until("container.ip_changed").data["ip"] == "10.0.0.9"


def test_a_re_creation_is_posted_although_the_old_one_is_removed_first(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    fake.has("adguard", A, address="10.0.0.2")
    listen()
    ear.until("container.start")
    fake.tell("die", "adguard", A, exitCode="0")
    fake.tell("destroy", "adguard", A)
    del fake.containers[A]
    fake.has("adguard", B, address="10.0.0.3", started=time.time_ns())
    fake.tell("start", "adguard", B)
    assert ear.until("container.recreated").data["old_id"] == A
    assert ear.until("container.ip_changed").data["old_ip"] == "10.0.0.2"


def test_a_burst_of_starts_costs_one_list_not_an_inspection_each(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    listen()
    ear.hears("restored")
    asked = fake.count("/containers/")
    for number in range(300):
        fake.has(f"c{number}", ident := f"{number:064d}", address="10.0.0.2")
        fake.tell("start", f"c{number}", ident)
    ear.until("container.start", container="c299")
    fake.wait_for_requests("/containers/", asked + 1)
    assert fake.count("/containers/") - asked < 30


# -- looking, and bursts -----------------------------------------------------------------------------


def test_inspect_again_posts_the_present_state(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    fake.has("gluetun", A, health="unhealthy")
    source = listen()
    ear.until("container.unhealthy")
    fake.has("gluetun", A, health="healthy")
    assert source.inspect_again({"gluetun", "nobody"})
    assert ear.until("container.healthy").origin == "resync"
    fake.refusals["/containers/gluetun"] = (500, b"{}")
    assert not source.inspect_again({"gluetun"})


def test_a_resync_comes_from_time_to_time(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    fake.has("web", A)
    listen(resync_s=0.05)
    for _ in range(3):
        ear.until("container.start", origin="resync")
    assert fake.count(f"/containers/{A}") == 1, "what the list tells is not inspected again"


@pytest.mark.parametrize("status", ["Up 2 seconds", "Up Less than a second", "Up About a minute", "Up long"])
def test_a_resync_finds_a_restart_that_no_event_reported(fake: FakeEngine, ear: Ear, listen: Any, status: str) -> None:
    fake.has("gluetun", A, started=10**18)
    source = listen(resync_s=3600.0)
    assert ear.until("container.start").time == 10**18
    fake.has("gluetun", A, started=10**18 + 5)
    fake.statuses[A] = status
    source._resynced = tuple(clock - 300 for clock in source._resynced)
    source._resync_at = 0.0
    source._backlog.mark(None)
    assert ear.until("container.start").time == 10**18 + 5


def test_a_full_backlog_is_made_up_for_by_a_resync(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    backlog, full = Backlog(most_lines=50), threading.Event()

    def slow(_: Event) -> bool:
        return any(backlog.dropped or full.wait(0.02) for _ in range(500))

    listen(slow, types={"container.oom"}, backlog=backlog)
    ear.hears("restored")
    for _ in range(500):
        fake.tell("oom", "web", A)
    fake.has("web", A, health="unhealthy")
    lists = fake.count("/containers/json")
    fake.tell("start", "web", A)
    fake.wait_for_requests("/containers/json", lists + 1)
    assert ear.until("container.unhealthy").origin == "resync"
    assert "events were dropped" in ear.hears("dropped")


def test_ten_thousand_events_at_once_are_all_posted(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    fake.has("web", A)
    listen(lambda _: True, types={"container.oom"})
    ear.hears("restored")
    for number in range(10_000):
        fake.tell("oom", "web", A, number=str(number))
    fake.tell("die", "web", A, exitCode="1")
    ear.until("container.die")
    assert [e.data["labels"]["number"] for e in ear.told("container.oom")] == [str(n) for n in range(10_000)]


def test_podmans_health_events_lead_to_an_inspect(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    fake.be_podman()
    fake.has("gluetun", A, health="healthy")
    listen()
    ear.until("container.healthy")
    fake.has("gluetun", A, health="unhealthy")
    fake.tell("health_status", "gluetun", A, health_status="healthy")
    ear.until("container.unhealthy", origin="live")
    fake.tell("died", "gluetun", A, containerExitCode="3")
    assert ear.until("container.die").data["exit_code"] == 3


def test_a_health_event_of_podmans_without_health_leads_to_an_inspect(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    fake.be_podman()
    fake.has("gluetun", A, health="healthy")
    listen()
    ear.until("container.healthy")
    fake.has("gluetun", A, health="unhealthy")
    fake.tell("health_status", "gluetun", A)
    ear.until("container.unhealthy", origin="live")


def test_a_rename_of_podmans_says_the_old_name_too(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    fake.be_podman()
    fake.has("qbittorrent", A)
    listen(types={"container.rename"})
    ear.until("container.start")
    fake.tell("rename", "qb2", A)
    assert ear.until("container.rename").data["old_name"] == "qbittorrent"
    assert list(ear.tracker.world.containers) == ["qb2"]


def test_a_connection_of_podmans_names_the_network_and_inspects_the_container(
    fake: FakeEngine, ear: Ear, listen: Any
) -> None:
    fake.be_podman()
    fake.has("adguard", A, address="10.0.0.2")
    listen(lambda _: True, types={"network.connect"})
    ear.until("container.start")
    fake.has("adguard", A, address="10.0.0.9")
    fake.tell("connect", "adguard", A, kind="network", network="lan", podId="")
    connected = ear.until("network.connect")
    assert (connected.subject, connected.data["container_id"]) == ("lan", A)
    assert ear.until("container.ip_changed").data["ip"] == "10.0.0.9"


def test_one_in_anothers_network_has_no_address_of_its_own_on_podman(fake: FakeEngine, ear: Ear, listen: Any) -> None:
    fake.be_podman()
    fake.has("gluetun", A, address="10.0.0.2")
    fake.has("qbittorrent", B, network=f"container:{A}", address="10.0.0.2")
    listen(resync_s=0.05)
    for _ in range(2):
        ear.until("container.start", container="qbittorrent")
    world = ear.tracker.world.containers
    assert (world["qbittorrent"].network_mode, dict(world["qbittorrent"].addresses)) == (f"container:{A}", {})
    assert dict(world["gluetun"].addresses) == {"lan": "10.0.0.2"}


# -- what is asked of the engine ---------------------------------------------------------------------


def test_filters_ask_for_the_world_and_for_what_rules_name() -> None:
    always = filters(set())
    assert always["type"] == ["container", "network"]
    assert set(always["event"]) == {"start", "die", "destroy", "rename", "health_status", "connect", "pause", "unpause"}
    more = filters({"container.oom", "image.pull", "port.forwarded", "container.ip_changed", "timer.tick"})
    assert more["type"] == ["container", "image", "network"]
    assert set(more["event"]) - set(always["event"]) == {"oom", "pull"}
    assert {"died", "remove"} <= set(filters(set(), podman=True)["event"])
