"""client.set_port: the clients of a gluetun at once, of any kind, and the failure of one stops no other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from handlers.client.set_port import SetPort, SetPortArgs
from handlers.qbittorrent import set_port as qbittorrent_port
from handlers.shared import at_once
from hooks.config.settings import Settings
from hooks.events.catalogue import Event
from hooks.handler import Context, GiveUp, Retry
from hooks.pairs.model import Access, Client
from hooks.pairs.pairs import Pairs
from hooks.runtime.locks import TargetLocks
from hooks.world.model import Container, PortFile, World
from tests.handlers.contract import Notes, context
from tests.parts.targets import fakes_deluge, fakes_qbittorrent, fakes_transmission
from tests.parts.targets.fakes_deluge import fake_deluge
from tests.parts.targets.fakes_http import Answer, Ask, served
from tests.parts.targets.fakes_qbittorrent import fake_qbittorrent
from tests.parts.targets.fakes_transmission import fake_transmission

SECRETS = {
    "QBITTORRENT_PASSWORD": fakes_qbittorrent.PASSWORD, "TRANSMISSION_PASSWORD": fakes_transmission.PASSWORD,
    "DELUGE_PASSWORD": fakes_deluge.PASSWORD,
}  # fmt: skip
_USERS = {"qbittorrent": "admin", "transmission": fakes_transmission.USER}
_FAKES = {"qbittorrent": fake_qbittorrent, "transmission": fake_transmission, "deluge": fake_deluge}


class Known(Pairs):
    """These clients, whatever Docker shows. `ports`: what each gluetun forwards."""

    def __init__(self, clients: tuple[Client, ...], ports: dict[str, tuple[int, ...]], world: World) -> None:
        super().__init__(world, Settings())
        self._known, self._forwarded = clients, ports

    def clients(self, kind: str | None = None, gluetun: str | None = None) -> tuple[Client, ...]:
        return tuple(one for one in self._known if kind in (None, one.kind) and gluetun in (None, one.gluetun))

    def client(self, name: str) -> Client | None:
        return next((one for one in self._known if one.name == name), None)

    def port_of(self, gluetun: str) -> PortFile | None:
        return PortFile(self._forwarded[gluetun], generation="1") if gluetun in self._forwarded else None


@dataclass
class Server:
    """Torrent clients, each a fake: `vpn` forwards 40000 and 40001, `vpn2` forwards 50000."""

    clients: dict[str, Client] = field(default_factory=dict)
    fakes: dict[str, Any] = field(default_factory=dict)
    ports: dict[str, tuple[int, ...]] = field(default_factory=lambda: {"vpn": (40000, 40001), "vpn2": (50000,)})
    memory: Notes = field(default_factory=Notes)
    handler: Any = field(default_factory=SetPort)
    held: list[str] = field(default_factory=list)
    hold: Callable[[str], AbstractContextManager[Any]] = nullcontext
    stopped: tuple[str, ...] = ()
    gluetuns: tuple[str, ...] = ("vpn", "vpn2")
    network: str = "bridge"  # of the clients; "" while only an event has shown them

    def context(self, about: str) -> Context:
        world = World()
        for name in self.gluetuns:
            world = world.with_container(Container(name, f"id-{name}", running=True, role="gluetun"))
        for one in self.clients.values():
            running = one.name not in self.stopped
            seen = Container(one.name, f"id-{one.name}", running=running, network_mode=self.network, role=one.kind)
            world = world.with_container(seen)
        event = Event("container.start", about, 1, data={"gluetun": about} if about in self.gluetuns else {})
        ctx = context(event=event, world=world, memory=self.memory, secrets=SECRETS)
        return replace(ctx, pairs=Known(tuple(self.clients.values()), self.ports, world), hold=self._hold)

    def set(self, about: str = "vpn", **args: Any) -> Any:
        return self.handler.apply(self.handler.Args(**args), self.context(about))

    def _hold(self, target: str) -> AbstractContextManager[None]:
        self.held.append(target)
        return self.hold(target)

    def port(self, name: str) -> int:
        fake = self.fakes[name]
        if self.clients[name].kind == "deluge":
            return int(fake.listens)
        kept = fake.preferences if self.clients[name].kind == "qbittorrent" else fake.settings
        return int(kept["listen_port" if self.clients[name].kind == "qbittorrent" else "peer-port"])


@contextmanager
def server(*clients: tuple[str, str, str], port: int = 1) -> Iterator[Server]:
    """`clients`: name, kind and gluetun of each."""
    with ExitStack() as fakes:
        found = Server()
        for name, kind, gluetun in clients:
            found.fakes[name], url = fakes.enter_context(_FAKES[kind]())
            word = kind.upper()
            access = Access(url, _USERS.get(kind, ""), f"{word}_PASSWORD", f"{word}_API_KEY")
            found.clients[name] = Client(name, kind, access, gluetun, port)
        yield found


ALL = (("q", "qbittorrent", "vpn"), ("t", "transmission", "vpn"), ("d", "deluge", "vpn"), ("q2", "qbittorrent", "vpn2"))


def test_each_client_of_the_gluetun_is_set_and_those_of_another_are_left_alone() -> None:
    with server(*ALL) as s:
        outcome = s.set("vpn")
        assert outcome.status == "changed"
        for name, kind in (("q", "qBittorrent"), ("t", "Transmission"), ("d", "Deluge")):
            assert f"{kind} at {s.clients[name].url} " in outcome.said
            assert s.port(name) == 40000
        assert s.port("q2") == 6881
        assert s.set("vpn").status == "unchanged"
        assert s.set("vpn2").status == "changed"
        assert s.port("q2") == 50000
        assert {"container:q", "container:t", "container:d", "container:q2"} <= set(s.held)


def test_an_event_about_one_client_is_about_that_one_and_one_about_no_gluetun_is_about_all() -> None:
    with server(*ALL) as s:
        s.set("t")
        assert [s.port(name) for name in ("q", "t", "q2")] == [6881, 40000, 6881]
        assert s.handler.plan(SetPortArgs(), s.context("5m")).count(" would ") == 3
        s.set("5m")
        assert [s.port(name) for name in ("q", "t", "d", "q2")] == [40000, 40000, 40000, 50000]


def test_the_failure_of_one_stops_no_other_and_the_next_try_finds_those_unchanged() -> None:
    with server(*ALL[:3]) as s:
        fine = s.clients["t"]
        s.clients["t"] = replace(fine, access=replace(fine.access, url="http://127.0.0.1:1"))
        with pytest.raises(Retry, match=r"Transmission at http://127\.0\.0\.1:1 refuses the connection") as raised:
            s.set()
        assert "Deluge at" in raised.value.said
        assert [s.port(name) for name in ("q", "d")] == [40000, 40000]
        s.clients["t"] = fine
        writes = len(s.fakes["q"].writes)
        assert s.set().status == "changed"
        assert (s.port("t"), len(s.fakes["q"].writes)) == (40000, writes)


def test_a_login_that_is_rejected_gives_up_only_where_nothing_else_may_pass() -> None:
    with server(*ALL[:2]) as s:
        s.fakes["t"].login, s.clients["t"] = (
            True,
            replace(s.clients["t"], access=replace(s.clients["t"].access, username="nobody")),
        )
        with pytest.raises(GiveUp, match=r"Transmission .* rejects the user and the password.*\. qBitt.* listens"):
            s.set()
        s.fakes["q"].stubborn_port = s.fakes["q"].preferences["listen_port"] = 6881
        with pytest.raises(Retry, match="does another tool write its port"):
            s.set()


def test_a_stopped_client_a_gluetun_without_a_port_and_one_without_so_many() -> None:
    with server(*ALL) as s:
        s.stopped, s.ports = ("q",), {"vpn": (40000,)}
        outcome = s.set("5m")
        assert outcome.status == "changed"
        assert "q is not running" in outcome.said
        assert f"no forwarded port for qBittorrent at {s.clients['q2'].url}" in outcome.said
        s.clients["t"] = replace(s.clients["t"], port=2)
        assert "should have port number 2 of vpn, which forwards 1" in s.set("t").said
        s.ports = {"vpn": (40000, 40001)}
        s.set("t")
        assert s.port("t") == 40001


def test_a_client_in_nobodys_network_is_left_alone_where_there_are_several_gluetuns() -> None:
    with server(("q", "qbittorrent", "")) as s:
        assert "is in the network of no gluetun" in s.set("q").said
        s.gluetuns = ("vpn",)
        assert s.set("q").status == "changed"  # the one of the server


def test_a_new_client_waits_until_docker_has_shown_whose_network_it_shares() -> None:
    with server(("q", "qbittorrent", "")) as s:
        s.network = ""
        with pytest.raises(Retry, match=r"Docker has not shown yet whose network 'q' \(qBittorrent\) shares"):
            s.set("q")
        s.stopped = ("q",)
        assert "q is not running" in s.set("q").said
        s.stopped, s.gluetuns = (), ("vpn",)
        assert s.set("q").status == "changed"  # there is one gluetun, so it is that one's
        s.gluetuns, s.clients["q"] = ("vpn", "vpn2"), replace(s.clients["q"], gluetun="vpn2")  # a table says so
        assert s.set("q").status == "changed"


def test_no_client_and_an_unknown_one() -> None:
    with server() as s:
        assert s.set().status == "skipped"
    with server(*ALL[:2]) as s:
        with pytest.raises(GiveUp, match=r"no torrent client is called 'x'; known are q \(qBittorrent\), t \(Transm"):
            s.set(container="x")
        s.set(container="t")
        assert (s.port("q"), s.port("t")) == (6881, 40000)


def test_all_are_asked_at_once() -> None:
    with server(*ALL[:3]) as s:
        together = threading.Barrier(3)
        s.fakes["q"].asks, s.fakes["t"].calls, s.fakes["d"].calls = (_Waits(together) for _ in range(3))
        assert s.set().status == "changed"


def test_one_that_hangs_keeps_no_other_from_its_next_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_once, "PATIENCE_S", 0.5)
    locks = TargetLocks()
    with server(*ALL[:3]) as s, hanging() as (url, release):
        fine = s.clients["q"]
        s.clients["q"] = replace(fine, access=replace(fine.access, url=url))
        s.hold = lambda target: locks.hold((target,), "run", 5.0)
        for port in (40000, 40005):
            s.ports["vpn"] = (port,)
            with pytest.raises(Retry, match=r"qBittorrent at .* has not answered 0\.5 s after the others") as late:
                s.set()
            assert late.value.kind == "late"
            assert [s.port(name) for name in ("t", "d")] == [port, port]
        s.clients["q"] = replace(fine, access=replace(fine.access, url=url))
        release()  # the first call ends, and the second, which waited for its lock, does nothing
        with locks.hold(("container:q",), "test", 5.0):
            s.clients["q"] = fine
        assert s.port("q") == 6881
        s.ports["vpn"] = (40006,)
        assert s.set().status == "changed"
        assert s.port("q") == 40006


@contextmanager
def hanging() -> Iterator[tuple[str, Callable[[], None]]]:
    """A server that answers nothing until it is released, and 503 then. Yields its address."""
    released = threading.Event()

    def answer(_: Ask) -> Answer:
        released.wait(5)
        return Answer(503)

    with served(answer) as url:
        try:
            yield url, released.set
        finally:
            released.set()


class _Waits(list[str]):
    """A fake's list of calls: the first waits until the other fakes have one, too."""

    def __init__(self, together: threading.Barrier) -> None:
        super().__init__()
        self._together = together

    def append(self, call: str) -> None:
        if not self:
            self._together.wait(5)
        super().append(call)


def test_the_handler_of_one_kind_serves_its_kind() -> None:
    with server(("q", "qbittorrent", "vpn"), ("r", "qbittorrent", "vpn"), ("t", "transmission", "vpn")) as s:
        s.handler = qbittorrent_port.SetPort()
        assert s.set("vpn").status == "changed"
        assert [s.port(name) for name in ("q", "r", "t")] == [40000, 40000, 51413]
        assert s.set("vpn", port=45000).status == "changed"
        assert [s.port(name) for name in ("q", "r")] == [45000, 45000]


def test_an_event_of_no_gluetun_locks_none_of_several_gluetuns() -> None:
    server = Server()
    for about, expected in (("vpn", ("clients:gluetun",)), ("5m", ())):
        assert SetPort().locks(SetPortArgs(), server.context(about)) == expected
    assert SetPort().locks(SetPortArgs("qb"), server.context("5m")) == ("clients:qb",)
