"""port.open and port.closed: what qBittorrent's status and a service that checks ports say of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handlers.qbittorrent import port_check, reachability
from hooks.config.settings import Settings
from hooks.events.catalogue import Event
from hooks.handler import GiveUp, Retry
from hooks.pairs.pairs import Pairs
from hooks.rules.servers import ServerTable
from hooks.rules.table import Table
from hooks.world.model import Container, PortFile, World
from tests.handlers.contract import Clock, Notes, context
from tests.parts.targets.certificates import made
from tests.parts.targets.fakes_gluetun import fake_gluetun
from tests.parts.targets.fakes_http import Answer, Ask, served
from tests.parts.targets.fakes_qbittorrent import PASSWORD, FakeQBittorrent, fake_qbittorrent

OWN = made()
RUNNING = Container("qbittorrent", "abc", running=True, network_mode="container:vpn-id", role="qbittorrent")
VPN = Container("vpn", "vpn-id", running=True, role="gluetun", image="qmcgaw/gluetun")


class Server:
    """A fake qBittorrent in the network of a gluetun that forwards a port."""

    def __init__(self, fake: FakeQBittorrent, url: str) -> None:
        self.fake, self.settings = fake, {"qbittorrent_url": url}
        self.containers, self.ports = [VPN, RUNNING], (40000,)
        self.table = Table()
        self.hold: Callable[[str], AbstractContextManager[None]] = nullcontext
        self.secrets, self.clock, self.memory = {"QBITTORRENT_PASSWORD": PASSWORD}, Clock(1e9), Notes()

    def states(self) -> list[tuple[str, Any]]:
        return [(event.type, event.data["reason"]) for event in self.events()]

    def events(self) -> list[Event]:
        world = World(file=PortFile(self.ports, generation="1") if self.ports else PortFile())
        for container in self.containers:
            world = world.with_container(container)
        ctx = context(
            settings=Settings(**self.settings), world=world, secrets=self.secrets, clock=self.clock, memory=self.memory,
        )  # type: ignore[arg-type]  # fmt: skip
        pairs = Pairs(world, ctx.settings, table=self.table)
        return reachability.states(replace(ctx, hold=self.hold, pairs=pairs))


@pytest.fixture(autouse=True)
def nothing_asked_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port_check, "_LAST", {})
    monkeypatch.setattr(reachability, "_LAST", {})


@contextmanager
def server(**traits: Any) -> Iterator[Server]:
    with fake_qbittorrent(**traits) as (fake, url):
        fake.preferences["listen_port"] = 40000
        yield Server(fake, url)


@pytest.mark.parametrize("version", [(4, 1), (4, 5), (5, 2)], ids=str)
@pytest.mark.parametrize(("status", "peers", "state"), [
    ("connected", (0, 0), [("port.open", "a peer has come in")]),
    ("connected", (3, 0), [("port.open", "a peer has come in")]),
    ("disconnected", (0, 0), [("port.closed", "it listens on no address")]),
    ("firewalled", (3, 0), [("port.closed", "it is connected to peers, and none of them has come in")]),
    ("firewalled", (0, 1), [("port.closed", "it is connected to peers, and none of them has come in")]),
    ("firewalled", (0, 0), []),
    ("unknown", (3, 3), []), ("a word of tomorrow", (3, 3), []),
])  # fmt: skip
def test_its_own_status(version: tuple[int, int], status: str, peers: tuple[int, int], state: list[Any]) -> None:
    with server(version=version, connection=status, peers=peers) as s:
        assert s.states() == state
        assert s.fake.writes == []
        assert s.fake.logins() == 1
        s.states()
        assert s.fake.logins() == 1, "the session stays"


def test_the_fields_name_the_client_and_its_gluetun() -> None:
    with server(connection="connected") as s:
        (event,) = s.events()
        assert event.subject == "qbittorrent"
        assert (event.source, event.data["port"], event.data["gluetun"]) == ("qbittorrent", 40000, "vpn")


@pytest.mark.parametrize("change", [
    {"ports": ()}, {"ports": (40001,)}, {"containers": [VPN]},
    {"containers": [VPN, Container("qbittorrent", "abc", role="qbittorrent")]},
])  # fmt: skip
def test_there_is_no_state_without_a_port_to_reach(change: dict[str, Any]) -> None:
    with server(connection="disconnected") as s:
        vars(s).update(change)
        assert s.states() == []


def test_where_qbittorrent_cannot_be_read_nothing_is_known() -> None:
    with server() as s:
        s.secrets = {"QBITTORRENT_PASSWORD": "wrong-9c"}
        for _ in range(2):
            with pytest.raises(GiveUp, match="rejects the password"):
                s.states()
        assert s.fake.logins() == 1
        s.secrets = {"QBITTORRENT_PASSWORD": PASSWORD}
    with pytest.raises(Retry):
        s.states()


def test_one_of_two_that_cannot_be_read_takes_nothing_from_the_other() -> None:
    with server(connection="connected") as s:
        second = Container("second", "def", running=True, network_mode="container:vpn-id", role="qbittorrent")
        s.containers.append(second)  # its address leads to nobody
        assert [event.subject for event in s.events()] == ["qbittorrent"]


def test_of_two_the_one_that_cannot_be_read_for_now_keeps_its_state() -> None:
    with server(connection="connected") as s, fake_qbittorrent(connection="firewalled", peers=(2, 0)) as (fake, url):
        fake.preferences["listen_port"] = 40000
        s.containers.append(
            Container("second", "def", running=True, network_mode="container:vpn-id", role="qbittorrent")
        )
        s.table = Table(clients=(ServerTable("qbittorrent", "second", url=url),))
        both = [("qbittorrent", "port.open"), ("second", "port.closed")]
        assert [(event.subject, event.type) for event in s.events()] == both
        fake.preferences["listen_port"] = "?"
        assert [(event.subject, event.type) for event in s.events()] == both, "it may be read again soon"
        s.containers[1] = replace(RUNNING, running=False)
        with pytest.raises(Retry, match="not its API's"):  # no other could be read: the source is lost
            s.events()
        s.containers[1], fake.preferences["listen_port"] = RUNNING, 40000
        assert [(event.subject, event.type) for event in s.events()] == both
        s.secrets = {"QBITTORRENT_PASSWORD": PASSWORD, "OTHER": "wrong-3f"}
        s.table = Table(clients=(ServerTable("qbittorrent", "second", url=url, password="OTHER"),))
        assert [(event.subject, event.type) for event in s.events()] == both[:1], "nobody knows until it is corrected"


def test_a_client_that_a_run_works_on_keeps_its_state() -> None:
    def is_taken(target: str) -> AbstractContextManager[None]:
        raise Retry(f"{target} is in use by run-1")

    with server(connection="connected") as s:
        assert s.states() == [("port.open", "a peer has come in")]
        s.fake.connection, s.hold = "disconnected", is_taken
        s.fake.asks.clear()
        assert s.states() == [("port.open", "a peer has come in")]
        assert s.fake.asks == []


ANSWERS = [
    *((word, True) for word in ("open", "true", "True\n", "1", '"open"', '{"open": true}', '{"open": 1, "ip": "x"}')),
    ('{"open": true, "port": 40000}', True),
    ('{"open": "open", "port": "40000", "ip": 7}', True),
    *((word, False) for word in ("closed", "false", "0", " CLOSED ", '{"open": false}')),
]
NO_ANSWERS = [
    Answer(200, "[" * 100_000),
    Answer(200, "maybe"), Answer(200, ""), Answer(200, "[]"), Answer(200, "{}"), Answer(200, "<html>open</html>"),
    Answer(404, "open"), Answer(500, "1"), Answer(200, "\xff\x00"),
]  # fmt: skip


@pytest.mark.parametrize("status", ["connected", "firewalled"])
@pytest.mark.parametrize(("said", "is_open"), ANSWERS)
def test_a_service_that_checks_ports_decides(said: str, status: str, *, is_open: bool) -> None:
    asks: list[Ask] = []
    with server(connection=status) as s, served(lambda ask: asks.append(ask) or Answer(200, said)) as url:
        s.settings["port_check_url"] = f"{url}/check/{{port}}?deep=1"
        reason = f"the service of PORT_CHECK_URL says so (connection status {status})"
        assert s.states() == [("port.open" if is_open else "port.closed", reason)]
        assert [(ask.path, ask.query) for ask in asks] == [("/check/40000", "deep=1")]
        s.states()
        assert len(asks) == 1, "it is asked every five minutes"
        s.clock.wait(301)
        s.states()
        assert len(asks) == 2
        s.fake.preferences["listen_port"], s.ports = 40001, (40001,)
        s.states()
        assert asks[-1].path == "/check/40001"


def test_a_service_that_has_moved_says_where(problems: list[str]) -> None:
    moved = Answer(302, "open", {"Location": "https://check.example.org/login?next=1"})
    with server(connection="connected") as s, served(lambda _: moved) as url:
        s.settings["port_check_url"] = f"{url}/{{port}}"
        assert s.states()[0][0] == "port.open"
    assert "answers 302 and sends us to https://check.example.org/login; if that is it" in problems[0]


@pytest.mark.parametrize("answer", NO_ANSWERS, ids=str)
def test_a_service_that_does_not_say_it_leaves_the_word_to_qbittorrent(answer: Answer, problems: list[str]) -> None:
    with server(connection="connected") as s, served(lambda _: answer) as url:
        s.settings["port_check_url"] = f"{url.replace('http://', 'http://me:hunter2@')}/{{port}}?token=s3cret"
        for _ in range(2):
            assert s.states() == [("port.open", "a peer has come in")]
            s.clock.wait(301)
    (said,) = problems
    assert "it should answer 200 with one of open, closed" in said
    assert said.endswith("until it does, qBittorrent's own connection status counts")
    assert "hunter2" not in said
    assert "s3cret" not in said


OTHERS = [
    ('{"open": true, "port": 51413}', "about another port ('51413') than 40000"),
    ('{"open": false, "port": "80"}', "about another port ('80') than 40000"),
    ('{"open": true, "port": 40000, "ip": "198.51.100.9"}', "about another ip ('198.51.100.9') than 203.0.113.1"),
    ('{"open": true, "ip": "2001:db8::1"}', "about another ip ('2001:db8::1') than 203.0.113.1"),
]


@pytest.mark.parametrize(("said", "words"), OTHERS)
def test_a_service_that_answers_about_another_place_is_not_believed(said: str, words: str, problems: list[str]) -> None:
    with (
        server(connection="connected") as s,
        served(lambda _: Answer(200, said)) as url,
        fake_gluetun() as (_, control),
    ):
        s.settings |= {"port_check_url": f"{url}/{{ip}}/{{port}}", "gluetun_url": control}
        assert s.states() == [("port.open", "a peer has come in")]
    assert words in problems[0]


def test_the_service_may_have_a_certificate_of_its_own(tmp_path: Path, problems: list[str]) -> None:
    with server(connection="connected") as s, served(lambda _: Answer(200, "0"), tls=OWN.server(tmp_path)) as url:
        s.settings["port_check_url"] = f"{url}/{{port}}"
        assert s.states()[0][0] == "port.open"
        assert "name a PEM file with that certificate in PORT_CHECK_CA_FILE" in problems[0]
        for cure in ({"port_check_ca_file": str(OWN.pem(tmp_path / "ca.pem"))}, {"port_check_fingerprint": OWN.sha256}):
            s.clock.wait(301)
            assert replaced(s, cure) == "port.closed"


def replaced(s: Server, settings: dict[str, str]) -> str:
    """The state with these settings beside those that it has."""
    before, s.settings = s.settings, {**s.settings, **settings}
    try:
        return s.states()[0][0]
    finally:
        s.settings = before


def test_a_service_that_is_away_and_the_vpns_address(problems: list[str]) -> None:
    with server(connection="connected") as s:
        s.settings["port_check_url"] = "http://127.0.0.1:9/{port}"
        assert s.states() == [("port.open", "a peer has come in")]
        assert "refuses the connection" in problems[0]
        paths: list[str] = []
        with served(lambda ask: paths.append(ask.path) or Answer(200, "1")) as url, fake_gluetun() as (vpn, control):
            s.settings |= {"port_check_url": f"{url}/{{ip}}/{{port}}", "gluetun_url": control}
            assert s.states()[0][0] == "port.open"
            assert paths == ["/203.0.113.1/40000"]
            vpn.status = "stopped"
            assert s.states() == [("port.open", "a peer has come in")]
            assert "'vpn' has no public address" in problems[1]


@pytest.mark.parametrize(("given", "problem"), [
    ("", ""), ("https://example.net/{port}", ""), ("http://a.example:8080/{ip}?p={port}", ""),
    ("https://example.net/", "{port}"), ("https://example.net/{port}/{name}", "no other braces"),
    ("example.net/{port}", "http://"),
])  # fmt: skip
def test_the_setting_says_what_to_write(given: str, problem: str) -> None:
    from hooks.config.settings import port_check as check

    if not problem:
        assert check(given) == given
        return
    with pytest.raises(ValueError, match=problem):
        check(given)
