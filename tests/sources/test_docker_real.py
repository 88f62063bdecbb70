"""The Docker source on a real engine: its restarts, its crashes, its silence, its addresses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from hooks.docker.client import forget
from tests.parts.docker.dockerd import Dockerd
from tests.parts.process.gluehook import until
from tests.parts.process.signals_heard import Ear

pytestmark = pytest.mark.docker


@pytest.fixture
def engine(engine: Dockerd, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dockerd]:
    """The private engine as DOCKER_HOST."""
    monkeypatch.setenv("DOCKER_HOST", engine.host)
    yield engine
    forget()


def test_a_container_s_life_is_posted_in_order(engine: Dockerd, ear: Ear, listen: Any) -> None:
    listen()
    ear.hears("restored")
    ident = engine.run("web", healthcheck=engine.health())
    ear.until("container.unhealthy")
    engine.shell("web", "touch /ok")
    ear.until("container.healthy")
    with closing(engine.client()) as client:
        client.rename("web", "shop")
    engine.remove("shop")
    ear.until("container.destroy")
    assert [event.type.partition(".")[2] for event in ear.events] == [
        "start", "unhealthy", "healthy", "rename", "die", "destroy",
    ]  # fmt: skip
    assert {event.data["id"] for event in ear.events} == {ident}
    assert [event.subject for event in ear.events] == ["web"] * 3 + ["shop"] * 3


def test_health_checks_make_no_noise(engine: Dockerd, ear: Ear, listen: Any) -> None:
    heard = []
    listen(lambda event: bool(heard.append(event.type)))
    ear.hears("restored")
    engine.run("web", healthcheck=engine.health(interval_ms=50))
    ear.until("container.unhealthy")
    engine.shell("web", "true")
    engine.remove("web")
    ear.until("container.destroy")
    assert not [kind for kind in heard if "exec" in kind]


def test_a_changed_address_is_posted_as_live(engine: Dockerd, ear: Ear, listen: Any) -> None:
    subnet = {"Driver": "default", "Config": [{"Subnet": f"{engine.net}.7.0/24"}]}
    with closing(engine.client()) as client:
        network = client.create_network("lan", driver="bridge", internal=True, ipam=subnet)["Id"]
        try:
            engine.run("adguard", network="lan")
            listen()
            ear.until("container.start")
            client.disconnect_container_from_network("adguard", network)
            client.connect_container_to_network("adguard", network, ipv4_address=f"{engine.net}.7.77")
            changed = ear.until("container.ip_changed")
            assert (changed.data["network"], changed.data["ip"]) == ("lan", f"{engine.net}.7.77")
            assert changed.origin == "live"
            old, _ = engine.remove("adguard"), ear.until("container.destroy")
            assert old is None
            engine.run("neighbour", network="lan")  # takes the address that was the first one's
            engine.run("adguard", network="lan")
            ear.until("container.recreated", container="adguard")
            assert ear.until("container.ip_changed", container="adguard").data["old_ip"] == f"{engine.net}.7.77"
        finally:
            engine.remove()
            client.remove_network(network)


def test_a_restarted_engine_is_lost_and_found(engine: Dockerd, ear: Ear, listen: Any) -> None:
    engine.run("web", host={"restart_policy": {"Name": "always"}})
    engine.run("job")
    source = listen()
    ear.until("container.start")
    first = ear.until("container.start").time
    engine.terminate()
    assert str(engine.socket) in ear.until("source.lost").data["reason"]
    assert not source.connected
    engine.start()
    ear.until("source.restored")
    restarted = [e for e in ear.told("container.start") if e.subject == "web" and e.time > first]
    assert restarted, "web came back with the engine"
    assert {e.subject for e in ear.told("container.die")} == {"web", "job"}
    assert ear.count("lost docker") == 1


def test_what_a_killed_engine_did_not_send_is_found(engine: Dockerd, ear: Ear, listen: Any) -> None:
    engine.run("job")
    listen()
    ear.until("container.start")
    engine.kill()
    assert str(engine.socket) in ear.until("source.lost").data["reason"]
    engine.start()
    assert ear.until("container.die").subject == "job"
    ear.until("source.restored")


def test_a_frozen_engine_is_reported_and_nothing_of_its_sleep_is_missed(engine: Dockerd, ear: Ear, listen: Any) -> None:
    engine.run("web")
    source = listen(silence_s=0.5, request_s=1.0)
    ear.until("container.start")
    engine.freeze()
    try:
        began = time.monotonic()
        assert "does not answer" in ear.until("source.lost").data["reason"]
        assert time.monotonic() - began < 10
        assert not source.inspect_again({"web"})
    finally:
        engine.thaw()
    ear.until("source.restored")
    engine.remove("web")
    assert ear.until("container.die").subject == "web"


def test_inspect_again_asks_the_engine_itself(engine: Dockerd, ear: Ear, listen: Any) -> None:
    engine.run("web", healthcheck=engine.health())
    source = listen()
    ear.until("container.unhealthy")
    assert source.inspect_again({"web", "nobody"})
    assert ear.tracker.world.containers["web"].health == "unhealthy"


def test_many_short_lives_are_all_posted_over_many_cuts(engine: Dockerd, ear: Ear, listen: Any) -> None:
    source = listen(silence_s=0.05)  # so that the stream is opened anew all the time
    ear.hears("restored")
    with closing(engine.client()) as client:
        engine.run("short", "true")
        for _ in range(9):
            client.wait("short")
            client.start("short")
        client.wait("short")
    engine.remove("short")
    ear.until("container.destroy")
    # with so short a silence a busy engine counts as lost now and then
    news = [event for event in ear.events if event.origin != "resync" and event.type.startswith("container.")]
    told = [event.type.partition(".")[2] for event in news]
    assert told == ["start", "die"] * 10 + ["destroy"]
    until(lambda: source.connected, "the engine stays lost")


def test_where_the_clock_was_set_back_all_that_is_remembered_is_asked_for(
    engine: Dockerd, ear: Ear, listen: Any
) -> None:
    engine.run("web")
    listen(lambda _: True, types={"container.create"}, cursor=time.time_ns() + 3600 * 10**9)
    assert ear.until("container.create", container="web").origin == "backlog"
