"""What a look at the interface tells: pure where it can be, and on a real engine with a real tunnel inside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from handlers.wireguard.live import LivePeer
from handlers.wireguard.watch import SESSION_S, address_of, ip_of, is_at_home, is_connected, states
from hooks.config.settings import Settings
from hooks.events import jsonl
from hooks.events.catalogue import CATALOGUE, topic_of
from hooks.handler import Context, GiveUp, Retry
from tests.parts import places
from tests.parts.docker.dockerd import Dockerd
from tests.parts.docker.on_engine import now
from tests.parts.process.gluehook import Gluehook
from tests.parts.targets.wireguard import (
    CLIENT,
    INTERFACE,
    ROUTER,
    SERVER,
    SERVER_AT_HOME,
    Host,
    container,
    host,
)
from tests.parts.targets.wireguard_folder import make_folder, server_key

ENGINES = frozenset({"172.18.0.1"})


@pytest.mark.parametrize(("ip", "router", "home"), [
    ("192.168.1.1", "", True),  # NAT reflection: the router's own address
    ("192.168.1.57", "", True),  # split DNS: the device's own
    ("10.0.0.138", "", True),
    ("fd00::1", "", True),
    ("203.0.113.7", "", False),
    ("100.64.3.4", "", False),  # a carrier's NAT, as on the road
    ("2001:db8::7", "", False),
    ("172.18.0.1", "", False),  # Docker's proxy: everybody comes from there
    ("", "", False),
    ("192.168.1.1", "192.168.1.1", True),
    ("192.168.1.57", "192.168.1.1", False),
    ("203.0.113.7", "203.0.113.7", True),  # a router that reflects with its address outside
])  # fmt: skip
def test_who_is_at_home(ip: str, router: str, home: bool) -> None:
    assert is_at_home(ip, router, ENGINES) is home


def test_where_a_peer_is() -> None:
    peer = LivePeer("key", "203.0.113.7:51820", 0, ("10.13.13.2/32", "192.168.7.0/24"))
    assert (ip_of(peer), address_of(peer)) == ("203.0.113.7", "10.13.13.2")
    assert ip_of(replace(peer, endpoint="[fe80::1%eth0]:51820")) == "fe80::1"
    assert (ip_of(replace(peer, endpoint="")), address_of(replace(peer, allowed_ips=()))) == ("", "")


def test_a_session_is_up_for_three_minutes() -> None:
    peer = LivePeer("key", "203.0.113.7:51820", 1000, ())
    assert is_connected(peer, 1000 + SESSION_S - 1)
    assert not is_connected(peer, 1000 + SESSION_S)
    assert not is_connected(replace(peer, handshake_s=0), 1e9)


def test_the_catalogue_knows_who_ends_whom() -> None:
    kinds = [CATALOGUE[f"wireguard.{kind}"] for kind in ("handshake", "hairpin", "stale")]
    assert {(kind.state.topic, kind.state.identity) for kind in kinds if kind.state} == {("tunnel", ())}
    assert len({kind.state.value for kind in kinds if kind.state}) == 3
    assert CATALOGUE["wireguard.removed"].ends == ("tunnel",)


SAMPLES = places.SAMPLES / "wireguard"


@pytest.mark.parametrize("kind", [kind for kind in CATALOGUE if kind.startswith("wireguard.")])
def test_a_recorded_event_of_each_kind(kind: str) -> None:
    (line,) = (SAMPLES / f"{kind}.jsonl").read_text().splitlines()
    event = jsonl.loads(line)
    assert event
    assert (event.type, event.subject, event.source) == (kind, "iphone", "wireguard")
    assert set(event.data) - {"ip"} == set(CATALOGUE[kind].fields) - {"ip"}
    assert event.data["address"] == "10.13.13.2"


# -- on a real engine ------------------------------------------------------------------------------------


@dataclass
class House:
    """WireGuard in a container, and a device beside it."""

    engine: Dockerd
    folder: Path
    server: Host
    device: Host

    @property
    def settings(self) -> Settings:
        return Settings(wireguard_dir=str(self.folder))

    def context(self, **settings: str) -> Context:
        return now(self.engine, settings=replace(self.settings, **settings))

    def move(self, server: str) -> None:
        """Let the device speak to the server's other address, and so come from its own other one."""
        self.device.run("wg", "set", INTERFACE, "peer", server_key(self.folder), "endpoint", f"{server}:51820")
        assert self.device.reaches("10.13.13.1")


@pytest.fixture
def house(dockerd: Dockerd, tmp_path: Path) -> Iterator[House]:
    dockerd.mend()
    folder = make_folder(tmp_path / "config", ["iphone", "mac"], endpoint=f"{SERVER}:51820")
    with (
        container(dockerd, folder, tmp_path / "wireguard-go.log") as server,
        host(tmp_path / "device", tmp_path / "device-confs") as device,
    ):
        server.join(device, (SERVER, SERVER_AT_HOME), (CLIENT, ROUTER))
        server.start(INTERFACE, "10.13.13.1/24")
        device.start(folder / "peer_iphone/peer_iphone.conf", "10.13.13.2/24")
        yield House(dockerd, folder, server, device)


@pytest.mark.docker
@pytest.mark.wireguard
def test_a_look_into_the_container(house: House) -> None:
    assert [(event.type, event.subject, event.data.get("ip")) for event in states(house.context())] == [
        ("wireguard.stale", "iphone", None),
        ("wireguard.stale", "mac", None),
    ]
    assert house.device.reaches("10.13.13.1")
    iphone, _ = states(house.context())
    assert (iphone.type, iphone.data) == (
        "wireguard.handshake",
        {"peer": "iphone", "container": "wireguard", "address": "10.13.13.2", "ip": CLIENT},
    )
    assert topic_of(iphone) == ("tunnel", "iphone")
    assert set(iphone.data) <= set(CATALOGUE[iphone.type].fields)
    house.move(SERVER_AT_HOME)
    hairpin, _ = states(house.context())
    assert (hairpin.type, hairpin.data["ip"], hairpin.time) == ("wireguard.hairpin", ROUTER, iphone.time)
    assert states(house.context(wireguard_router="192.168.1.254"))[0].type == "wireguard.handshake"
    later = house.context()
    later = replace(later, now=lambda: iphone.time / 1e9 + SESSION_S)
    stale, _ = states(later)
    assert (stale.type, stale.time) == ("wireguard.stale", iphone.time + SESSION_S * 10**9)


@pytest.mark.docker
@pytest.mark.wireguard
def test_what_keeps_it_from_looking_is_said(house: House, tmp_path: Path) -> None:
    with pytest.raises(GiveUp, match=r"there is no .*/nowhere/"):
        states(house.context(wireguard_dir=str(tmp_path / "nowhere")))
    with pytest.raises(Retry, match=r"container 'vpn' .* does not run"):
        states(house.context(wireguard_container="vpn"))
    house.server.run("ip", "link", "delete", INTERFACE)
    with pytest.raises(Retry, match=r"'wg show' failed in WireGuard's container .*Unable to access interface"):
        states(house.context())


RULES = """
version = 1
[[rule]]
name = "at-home"
on = "wireguard.hairpin"
do = { use = "command.run", command = ["echo", "${event.peer} is at home, at ${event.ip}"] }
[[rule]]
name = "away"
on = { event = "wireguard.handshake", peer = "iphone" }
do = { use = "command.run", command = ["echo", "${event.peer} is away, at ${event.ip}"] }
[[rule]]
name = "gone"
on = { event = "wireguard.stale", peer = "mac" }
for = "300ms"
do = { use = "command.run", command = ["echo", "${event.peer} is gone"] }
"""


@pytest.mark.docker
@pytest.mark.wireguard
def test_the_running_gluehook_hears_of_devices(house: House, tmp_path: Path) -> None:
    own = tmp_path / "gluehook"
    own.mkdir()
    gluehook = Gluehook(
        own, RULES, DOCKER_HOST=house.engine.host, WIREGUARD_DIR=str(house.folder), GLUEHOOK_LOOK_EVERY="200ms",
        GLUEHOOK_LOG_LEVEL="DEBUG",
    )  # fmt: skip
    try:
        gluehook.start()
        gluehook.hears("mac: wireguard.stale (resync)")
        assert house.device.reaches("10.13.13.1")
        gluehook.hears("iphone: wireguard.handshake (live)")
        gluehook.hears(f"iphone is away, at {CLIENT}")
        gluehook.hears("gone: ", "mac is gone")
        house.move(SERVER_AT_HOME)
        gluehook.hears(f"iphone is at home, at {ROUTER}")
        seen = gluehook.call("peers", "--json")
        assert '"at_home": true' in seen.stdout
        house.engine.remove("wireguard")
        gluehook.hears("wireguard cannot be seen:", "; it is polled again every 200ms")
        gluehook.hears("wireguard: source.lost (live)")
        assert gluehook.ends() == 0
    finally:
        gluehook.clean_up()
