"""A server that runs in a container, told by docker exec; and the other way, an image that writes its files itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handlers.wireguard import live as wireguard_live
from handlers.wireguard.dns_address import addresses_of
from handlers.wireguard.files import read
from handlers.wireguard.regenerate_peers import RegenerateArgs, RegeneratePeers
from handlers.wireguard.set_dns_forward import ForwardArgs, SetDnsForward
from hooks.config.settings import Settings
from hooks.handler import Duration, GiveUp
from tests.handlers.cases_wireguard import contents
from tests.handlers.contract import Notes
from tests.parts.docker.dockerd import Dockerd
from tests.parts.docker.on_engine import ends, now, state
from tests.parts.process.gluehook import until
from tests.parts.targets.wireguard import require_tunnels
from tests.parts.targets.wireguard_folder import make_folder

pytestmark = [pytest.mark.docker, pytest.mark.wireguard]

# what a Debian needs to run wg, wg-quick, bash and ip in a container that has none of them
_PROGRAMS = {"/usr": "/usr", "/lib": "/lib", "/lib64": "/lib64", "/usr/bin/bash": "/bin/bash"}
_UP = (
    "mkdir -p /run/wireguard && wireguard-go wg0 && wg-quick strip wg0 > /tmp/stripped && wg setconf wg0 /tmp/stripped "
    "&& ip address add 10.13.13.1 dev wg0 && ip link set wg0 up && ip -4 route add 10.13.13.2/32 dev wg0 "
    "&& touch /up && exec sleep 1000"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "config", ["phone"])


def run_server(engine: Dockerd, folder: Path, script: str = _UP, **config: Any) -> None:
    """WireGuard's container: its folder at /config, as linuxserver/wireguard has it."""
    binds = [f"{path}:{inside}:ro" for path, inside in _PROGRAMS.items()]
    host = {
        "binds": [*binds, f"{folder}:/config", f"{folder}/wg_confs:/etc/wireguard"],
        "cap_add": ["NET_ADMIN"], "devices": ["/dev/net/tun"],
    }  # fmt: skip
    variables = {"WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD": "1", **config.pop("environment", {})}
    engine.run("wireguard", ["sh", "-c", script], host=host, environment=variables, **config)


def told(engine: Dockerd, folder: Path, args: RegenerateArgs, memory: Notes | None = None) -> tuple[str, str]:
    ctx = now(engine, memory=memory, settings=Settings(wireguard_dir=str(folder)))
    return ends(RegeneratePeers(), args, ctx)


# -- a server that runs -------------------------------------------------------------------------------------


def test_a_running_server_lets_the_new_peer_in_and_the_removed_one_no_more(engine: Dockerd, folder: Path) -> None:
    require_tunnels()
    run_server(engine, folder, healthcheck=engine.health("/up"))
    ctx = now(engine)
    while state(engine, "wireguard")["Health"]["Status"] != "healthy":
        assert ctx.left() > 0, "the server does not come up"
        engine.shell("wireguard", "sleep 0.05")
    both = RegenerateArgs(peers=["phone", "tablet"])
    status, said = told(engine, folder, both)
    assert status == "changed"
    assert "tablet: new; the running server has the new peers, and no device was disconnected" in said
    with closing(engine.client()) as client:
        # each command has time of its own, however long the others take
        inside = wireguard_live.inside(client, state_id(engine), left=lambda: 10.0, wait=ctx.wait)
        assert lets_in(inside) == {("10.13.13.2/32",), ("10.13.13.3/32",)}
        assert "10.13.13.3 dev wg0" in inside(["ip", "route"])[1]
        assert told(engine, folder, both) == ("unchanged", f"WireGuard's peers in {folder} are as they should be")
        assert inside(["wg", "set", "wg0", "peer", read(folder).peers[0].public_key, "remove"])[0] == 0
        status, said = told(engine, folder, both)
        assert (status, "the running server has the new peers" in said) == ("changed", True), (
            "the peer that was thrown out is back"
        )
        assert told(engine, folder, RegenerateArgs(peers=["tablet"]))[0] == "changed"
        assert lets_in(inside) == {("10.13.13.3/32",)}


def test_a_server_that_is_not_up_yet_is_told_later(engine: Dockerd, folder: Path) -> None:
    require_tunnels()
    run_server(engine, folder, "sleep 1000")
    memory = Notes()
    word, said = told(engine, folder, RegenerateArgs(peers=["phone", "tablet"]), memory)
    assert (word, "'wg show' failed in WireGuard's container" in said) == ("Retry", True), said
    engine.remove("wireguard")
    status, said = told(engine, folder, RegenerateArgs(peers=["phone", "tablet"]), memory)
    assert (status, "tablet: new" in said) == ("changed", True), "what was written before is said now"


def state_id(engine: Dockerd) -> str:
    with closing(engine.client()) as client:
        return str(client.inspect_container("wireguard")["Id"])


def lets_in(inside: wireguard_live.Inside) -> set[tuple[str, ...]]:
    return {peer.allowed_ips for peer in wireguard_live.read_peers(inside, "wg0").values()}


# -- the image writes its files itself ------------------------------------------------------------------------

# What linuxserver/wireguard does at its start, as far as it matters here: FILE__ variables, the marker, the keys stay.
_IMAGE = """
for name in PEERDNS SERVERURL; do
  eval file=\\$FILE__$name; test -f "$file" && eval "$name=\\$(cat $file)"
done
test -f /config/.donoteditthisfile && . /config/.donoteditthisfile
if [ "$PEERDNS" != "$ORIG_PEERDNS" ] || [ "$SERVERURL" != "$ORIG_SERVERURL" ]; then
  sed -i "s/^DNS = .*/DNS = $PEERDNS/; s/^Endpoint = .*/Endpoint = $SERVERURL:51820/" /config/peer_*/*.conf
  printf 'ORIG_PEERDNS="%s"\\nORIG_SERVERURL="%s"\\n' "$PEERDNS" "$SERVERURL" > /config/.donoteditthisfile
fi
exec sleep 1000
"""
BY_THE_IMAGE = RegenerateArgs(dns="172.18.0.15", method="container")


def run_image(engine: Dockerd, folder: Path, **environment: str) -> None:
    given = {"SERVERURL": "home.example.net", "FILE__PEERDNS": "/config/gluehook/PEERDNS", **environment}
    run_server(engine, folder, _IMAGE, environment=given)


def test_the_image_is_given_the_value_and_restarted(engine: Dockerd, folder: Path) -> None:
    run_image(engine, folder, PEERDNS="172.18.0.14")
    before, marker = state(engine, "wireguard")["StartedAt"], folder / ".donoteditthisfile"
    status, said = told(engine, folder, BY_THE_IMAGE)
    assert (status, "phone: DNS 172.18.0.14 → 172.18.0.15" in said) == ("changed", True), said
    assert "DNS = 172.18.0.15\n" in (folder / "peer_phone/peer_phone.conf").read_text()
    assert (folder / "gluehook/PEERDNS").read_bytes() == b"172.18.0.15", "a line end would be a part of the value"
    until(lambda: marker.exists() and 'ORIG_PEERDNS="172.18.0.15"' in marker.read_text(), "the image marks nothing")
    restarted = state(engine, "wireguard")["StartedAt"]
    assert restarted > before
    assert told(engine, folder, BY_THE_IMAGE)[0] == "unchanged"
    assert state(engine, "wireguard")["StartedAt"] == restarted
    (folder / "peer_phone/peer_phone.png").unlink()
    assert told(engine, folder, BY_THE_IMAGE)[0] == "changed"
    assert state(engine, "wireguard")["StartedAt"] == restarted, "a QR code is no reason to end all sessions"
    profile = folder / "peer_phone/peer_phone.conf"
    profile.write_text(profile.read_text().replace("172.18.0.15", "1.1.1.1"))
    assert told(engine, folder, BY_THE_IMAGE)[0] == "changed", "although the image has been given this value before"
    assert "DNS = 172.18.0.15\n" in profile.read_text()


def test_an_image_that_cannot_be_given_the_value_is_named_with_the_line_that_is_missing(
    engine: Dockerd, folder: Path
) -> None:
    run_image(engine, folder, PEERDNS="172.18.0.14")
    before = contents(folder)
    word, said = told(engine, folder, replace(BY_THE_IMAGE, endpoint="h.example.org"))
    assert (word, "by FILE__SERVERURL: /config/gluehook/SERVERURL" in said) == ("GiveUp", True), said
    assert told(engine, folder, replace(BY_THE_IMAGE, keepalive=Duration(25.0)))[0] == "GiveUp"
    assert contents(folder) == before


def test_what_the_owner_stopped_is_not_restarted_for_it(engine: Dockerd, folder: Path) -> None:
    run_image(engine, folder, PEERDNS="172.18.0.14")
    with closing(engine.client()) as client:
        client.stop("wireguard")
    before = contents(folder)
    status, said = told(engine, folder, BY_THE_IMAGE)
    assert (status, "does not run, so nothing was handed to it" in said) == ("skipped", True), said
    assert contents(folder) == before
    assert not state(engine, "wireguard")["Running"]


# -- CoreDNS -------------------------------------------------------------------------------------------------


def test_coredns_forwards_elsewhere_and_says_how_it_learns_of_it(engine: Dockerd, folder: Path) -> None:
    run_server(engine, folder, "sleep 1000")
    ctx, args = now(engine, settings=Settings(wireguard_dir=str(folder))), ForwardArgs(dns="172.18.0.15")
    status, said = ends(SetDnsForward(), args, ctx)
    by_hand = "CoreDNS reads it after `docker restart wireguard`, once"  # no s6 in this container
    assert (status, by_hand in said) == ("changed", True), said
    corefile = folder / "coredns/Corefile"
    assert corefile.read_text() == (
        ". {\n    loop\n    errors\n    health\n    reload 10s\n    forward . 172.18.0.15\n}\n"
    )
    assert ends(SetDnsForward(), args, ctx)[0] == "unchanged"
    status, said = ends(SetDnsForward(), ForwardArgs(dns=["172.18.0.16", "fd00::1"]), ctx)
    assert (status, said) == (
        "changed",
        f"{corefile} forwards to 172.18.0.16, fd00::1; CoreDNS reads it within seconds",
    )


# -- addresses -------------------------------------------------------------------------------------------------


@pytest.fixture
def two_networks(engine: Dockerd) -> Iterator[Dockerd]:
    made = []
    with closing(engine.client()) as client:
        for number, name in enumerate(("home", "other")):
            subnet = {"Driver": "default", "Config": [{"Subnet": f"{engine.net}.{20 + number}.0/24"}]}
            made.append(client.create_network(name, driver="bridge", internal=True, ipam=subnet)["Id"])
        try:
            yield engine
        finally:
            engine.remove()
            for network in made:
                client.remove_network(network)


def test_the_address_is_that_on_a_shared_network(two_networks: Dockerd) -> None:
    engine = two_networks
    engine.run("wireguard", network="home")
    engine.run("adguard", network="other")
    with pytest.raises(GiveUp, match=r"share no network, .* docker network connect home adguard"):
        addresses_of("adguard", now(engine))
    with closing(engine.client()) as client:
        client.connect_container_to_network("adguard", "home", ipv4_address=f"{engine.net}.20.77")
        assert addresses_of("adguard", now(engine)) == (f"{engine.net}.20.77",)
        client.stop("wireguard", timeout=0)
        assert addresses_of("adguard", now(engine)) == (f"{engine.net}.20.77",), (
            "the networks of what is stopped are known"
        )
        client.stop("adguard", timeout=0)
    said = addresses_of("adguard", now(engine))
    assert isinstance(said, str)
    assert "container 'adguard' does not run" in said


def test_who_lives_in_anothers_namespace_has_its_address(two_networks: Dockerd) -> None:
    engine = two_networks
    engine.run("wireguard", network="home")
    engine.run("house", network="home")
    engine.run("adguard", network="container:house")
    with closing(engine.client()) as client:
        networks = client.inspect_container("house")["NetworkSettings"]["Networks"]
    assert addresses_of("adguard", now(engine)) == (networks["home"]["IPAddress"],)


def test_the_beginning_of_an_id_is_no_name(two_networks: Dockerd) -> None:
    engine = two_networks
    ident = engine.run("wireguard", network="home")
    with pytest.raises(GiveUp, match="Docker knows no container"):
        addresses_of(ident[:12], now(engine))
