"""The one list of all containers: one odd entry hides no other, and what a list does not show is inspected."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from handlers.containers.namespace import inspect_members
from handlers.containers.rejoin import Rejoin, RejoinArgs
from hooks.docker.client import connect
from hooks.docker.container import inspected
from hooks.docker.listing import NoEngineError, list_containers
from hooks.handler import Retry
from tests.handlers.cases_general import docker_at
from tests.handlers.contract import context
from tests.parts.docker import fake_docker
from tests.parts.docker.fake_docker import FakeEngine
from tests.parts.places import SAMPLES

socket, fake = fake_docker.socket, fake_docker.fake  # fixtures
A, B, C = "a" * 64, "b" * 64, "c" * 64
NAMELESS = {"Id": C, "Names": None, "State": "dead", "Status": "Dead", "HostConfig": {"NetworkMode": f"container:{A}"}}
ODD = [NAMELESS, {}, None, 7, {"Id": C, "Names": [None]}, {"Id": C, "Names": ["/\udc80"]}]
RECORDED = [json.loads(line) for line in (SAMPLES / "containers" / "engines.jsonl").read_text().splitlines()]


@pytest.fixture
def client(fake: FakeEngine) -> Iterator[Any]:
    with closing(connect(5.0)) as made:
        yield made


def home(fake: FakeEngine) -> None:
    """gluetun, and qbittorrent in its network, started before its last restart."""
    fake.has("gluetun", A, address="10.0.0.2", started=2 * 10**18)
    fake.has("qbittorrent", B, network=f"container:{A}", address="10.0.0.2", started=10**18)


@pytest.mark.parametrize("odd", ODD, ids=ascii)
def test_an_odd_entry_is_left_out_by_itself_and_named(fake: FakeEngine, client: Any, odd: Any) -> None:
    home(fake)
    fake.odd = [odd]
    listing = list_containers(client, networks=True)
    assert [one.name for one in listing.containers] == ["gluetun", "qbittorrent"]
    (doubt,) = listing.doubts
    assert "has an entry that cannot be read and is left out: container " in doubt
    assert doubt.isascii()
    if odd is NAMELESS:
        assert "container cccccccccccc (it has no name, as one that Docker could not remove" in doubt


@pytest.mark.parametrize("answer", [b"{}", b"null", b'"list"'])
def test_an_answer_that_is_no_list_is_an_error(fake: FakeEngine, client: Any, answer: bytes) -> None:
    fake.refusals["/containers/json"] = (200, answer)
    with pytest.raises(OSError, match="none of a Docker engine"):
        list_containers(client)


# -- Podman ----------------------------------------------------------------------------------------


def test_whose_network_it_is_comes_from_the_inspect_where_the_list_lacks_it(fake: FakeEngine, client: Any) -> None:
    home(fake)
    list_containers(client, networks=True)
    assert fake.count("/containers/a") + fake.count("/containers/b") == 0, "Docker's list shows it"
    fake.be_podman()
    gluetun, qbittorrent = list_containers(client, networks=True).containers
    assert (qbittorrent.parent, dict(qbittorrent.addresses)) == (A, {})
    assert (gluetun.parent, dict(gluetun.addresses)) == (None, {"lan": ("10.0.0.2",)})


def test_one_that_is_gone_by_the_inspect_is_not_there(fake: FakeEngine, client: Any) -> None:
    home(fake)
    fake.be_podman()
    fake.refusals[f"/containers/{B}"] = (404, b'{"message":"no such container"}')
    listing = list_containers(client, networks=True)
    assert [one.name for one in listing.containers] == ["gluetun"]
    assert listing.doubts == []


@pytest.mark.parametrize("answer", [
    (500, b"{}"), (403, b"{}"), (200, b"[]"), (200, b'{"Id":1}'), (200, b"[" * 100_000), (404, b"[" * 100_000),
], ids=["500", "403", "list", "id", "deep", "404 deep"])  # fmt: skip
def test_where_it_cannot_be_told_it_is_said(fake: FakeEngine, client: Any, answer: tuple[int, bytes]) -> None:
    home(fake)
    fake.be_podman()
    fake.refusals[f"/containers/{B}"] = answer
    listing = list_containers(client, networks=True)
    assert listing.unknown == ("qbittorrent",)
    assert listing.doubts == ["it cannot be told whose network 'qbittorrent' shares, because Docker does not show it"]


def test_a_list_of_thousands_of_lists_in_lists_is_no_engines(fake: FakeEngine, client: Any) -> None:
    fake.refusals["/containers/json"] = (200, b"[" * 100_000)
    with pytest.raises(NoEngineError, match="Docker's list of containers is none of a Docker engine"):
        list_containers(client)


@pytest.mark.parametrize("engine", ["podman-4.3", "podman-5.8"])
def test_recorded_podmans_have_their_members(fake: FakeEngine, client: Any, engine: str) -> None:
    rows = [row for row in RECORDED if row["engine"] == engine]
    fake.be_podman()
    fake.containers = {row["inspected"]["Id"]: row["inspected"] for row in rows}
    fake.refusals["/containers/json"] = (200, json.dumps([row["listed"] for row in rows]).encode())
    parent = next(inspected(row["inspected"]) for row in rows if row["inspected"]["Name"].strip("/") == "gluetun")
    found = inspect_members(client, parent, {})
    assert {one.seen.name: one.state for one in found.dependents} == {"qbittorrent": "attached"}


# -- containers.rejoin ---------------------------------------------------------------------------------


def test_rejoin_finds_who_is_stale_on_podman(fake: FakeEngine) -> None:
    home(fake)
    fake.be_podman()
    ctx = context(docker=docker_at(fake.host))
    assert Rejoin().plan(RejoinArgs(of="gluetun"), ctx) == "container 'qbittorrent' would be restarted"


def test_rejoin_never_calls_those_well_of_whom_it_does_not_know(fake: FakeEngine) -> None:
    home(fake)
    fake.be_podman()
    fake.refusals[f"/containers/{B}"] = (500, b"{}")
    with pytest.raises(Retry, match="it cannot be told whose network container 'qbittorrent' shares"):
        Rejoin().apply(RejoinArgs(of="gluetun"), context(docker=docker_at(fake.host)))


def test_rejoin_goes_on_beside_an_odd_entry_and_says_so(fake: FakeEngine) -> None:
    home(fake)
    fake.has("qbittorrent", B, network=f"container:{A}", started=3 * 10**18)
    fake.odd = [NAMELESS]
    outcome = Rejoin().apply(RejoinArgs(of="gluetun"), context(docker=docker_at(fake.host)))
    assert outcome.status == "unchanged"
    assert "is left out: container cccccccccccc" in outcome.said
