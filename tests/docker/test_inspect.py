"""Docker's own answers as containers of our world."""

from __future__ import annotations

from contextlib import closing

import pytest

from hooks.docker.client import connect
from hooks.docker.inspect import from_inspect, from_list, inspect_one
from hooks.events.jsonl import nanoseconds
from tests.parts.docker import fake_docker
from tests.parts.docker.fake_docker import FakeEngine

socket, fake = fake_docker.socket, fake_docker.fake  # fixtures

A = "a" * 64


@pytest.mark.parametrize(
    ("text", "ns"),
    [("2026-11-22T17:00:00.000000001Z", 1795366800000000001), ("2026-11-22T17:00:00Z", 1795366800000000000),
     ("2026-11-22T18:00:00.5+01:00", 1795366800500000000), ("2026-11-22T17:00:00.1234567891Z", 1795366800123456789),
     ("0001-01-01T00:00:00Z", 0), ("", 0), ("now", 0)],
)  # fmt: skip
def test_dockers_times(text: str, ns: int) -> None:
    assert nanoseconds(text) == ns


@pytest.mark.parametrize(
    ("state", "status", "seen"),
    [("running", "Up 3 minutes (healthy)", (True, "healthy", 0)),
     ("running", "Up 3 minutes (unhealthy)", (True, "unhealthy", 0)),
     ("running", "Up Less than a second (health: starting)", (True, "starting", 0)),
     ("running", "Up 3 minutes", (True, "", 0)), ("paused", "Up 2 hours (Paused)", (True, "", 0)),
     ("restarting", "Restarting (1) 2 seconds ago", (False, "", 0)), ("created", "Created", (False, "", 0)),
     ("exited", "Exited (137) 2 hours ago", (False, "", 137))],
)  # fmt: skip
def test_the_list_tells_state_and_health(state: str, status: str, seen: tuple[bool, str, int]) -> None:
    networks = {"lan": {"IPAddress": "", "GlobalIPv6Address": "fd00::2"}, "x": None}
    raw = {"Id": A, "Names": ["/other/link", "/web"], "State": state, "Status": status, "Labels": None}
    web = from_list({**raw, "NetworkSettings": {"Networks": networks}})
    assert (web.running, web.health, web.exit_code) == seen
    assert (web.name, dict(web.addresses)) == ("web", {"lan": "fd00::2"})


def test_a_container_between_two_restarts_does_not_run() -> None:
    raw = {"Name": "/web", "Id": A, "State": {"Running": True, "Restarting": True, "StartedAt": "", "ExitCode": 1}}
    assert not from_inspect(raw).running


def test_many_looks_go_over_one_connection(fake: FakeEngine) -> None:
    for name in "abc":
        fake.has(name, name * 64)
    with closing(connect(5.0)) as client:
        before = fake.connections
        assert [inspect_one(client, name * 64).name for name in "abc"] == ["a", "b", "c"]  # type: ignore[union-attr]
        assert fake.connections - before <= 1
