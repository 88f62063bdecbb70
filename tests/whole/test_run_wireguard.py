"""peers-follow-dns end to end: a real engine, a user-defined network, and the rules that ship."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.handlers.cases_wireguard import contents
from tests.parts.docker.dockerd import Dockerd
from tests.parts.process.gluehook import Gluehook, shipped
from tests.parts.targets.wireguard_folder import make_folder

pytestmark = pytest.mark.docker

NETWORK = "home"


@pytest.fixture
def network(dockerd: Dockerd) -> Iterator[Dockerd]:
    """An engine with WireGuard's container on a network of the owner's."""
    dockerd.mend()
    dockerd.remove()
    subnet = {"Driver": "default", "Config": [{"Subnet": f"{dockerd.net}.8.0/24"}]}
    with closing(dockerd.client()) as client:
        made = client.create_network(NETWORK, driver="bridge", internal=True, ipam=subnet)["Id"]
        try:
            dockerd.run("wireguard", network=NETWORK)
            yield dockerd
        finally:
            dockerd.remove()
            client.remove_network(made)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "config", ["phone", "laptop"])


@pytest.fixture
def gluehook(network: Dockerd, folder: Path, tmp_path: Path) -> Iterator[Gluehook]:
    rules = shipped(peers_follow_dns_debounce='"300ms"')
    part = Gluehook(tmp_path, rules, DOCKER_HOST=network.host, WIREGUARD_DIR=str(folder), GLUEHOOK_LOG_LEVEL="DEBUG")
    try:
        yield part
    finally:
        part.clean_up()


def move(engine: Dockerd, name: str, address: str) -> None:
    """Give a running container another address."""
    with closing(engine.client()) as client:
        client.disconnect_container_from_network(name, NETWORK)
        client.connect_container_to_network(name, NETWORK, ipv4_address=address)


def dns(folder: Path) -> set[str]:
    lines = [line for path in folder.glob("peer_*/*.conf") for line in path.read_text().splitlines()]
    return {line.removeprefix("DNS = ") for line in lines if line.startswith("DNS")}


def replayed(gluehook: Gluehook) -> list[str]:
    """Whose address the peers would have been given, by a replay of what this gluehook has in its journal."""
    gluehook.ends()
    said = gluehook.call("replay", "--since", "1h", "--go-on", "1m", "--json").stdout
    steps = [step for row in map(json.loads, said.splitlines()) for step in row.get("steps", ())]
    return [step["args"]["dns_of"] for step in steps if step["use"] == "wireguard.regenerate_peers"]


def test_the_peers_follow_adguard_from_before_the_start_on(network: Dockerd, folder: Path, gluehook: Gluehook) -> None:
    network.run("adguard", network=NETWORK)
    move(network, "adguard", f"{network.net}.8.50")  # while nobody looked
    assert dns(folder) == {"172.18.0.14"}
    gluehook.start()
    gluehook.hears("peers-follow-dns", f"phone, laptop: DNS 172.18.0.14 → {network.net}.8.50", "must import")
    assert dns(folder) == {f"{network.net}.8.50"}
    gluehook.hears("WireGuard devices must re-import: WireGuard's peers in")
    move(network, "adguard", f"{network.net}.8.51")
    gluehook.hears("peers-follow-dns", f"DNS {network.net}.8.50 → {network.net}.8.51")
    assert dns(folder) == {f"{network.net}.8.51"}
    before = contents(folder)
    with closing(network.client()) as client:
        client.restart("adguard", timeout=0)
    gluehook.hears("peers-follow-dns", "are as they should be")
    assert contents(folder) == before
    assert set(replayed(gluehook)) == {"adguard"}


def test_nobody_else_is_taken_for_adguard(network: Dockerd, folder: Path, gluehook: Gluehook) -> None:
    gluehook.start()
    gluehook.hears("is ready")
    network.run("adguard-sync", network=NETWORK)
    move(network, "adguard-sync", f"{network.net}.8.60")
    network.run("adguardhome", network=NETWORK)  # after it: what concerns the other has been told by then
    gluehook.hears("peers-follow-dns", "DNS 172.18.0.14 → ")
    assert gluehook.told("adguard-sync", "container.ip_changed") == []
    assert dns(folder).isdisjoint({"172.18.0.14", f"{network.net}.8.60"})
    assert set(replayed(gluehook)) == {"adguardhome"}
