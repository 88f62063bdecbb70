"""Every check of the doctor on facts: a server with that one trouble, and nothing on a server that is well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from hooks.cli import status_doctor as verbs
from hooks.doctor import own_state
from hooks.doctor.checks import regions
from hooks.doctor.examine import CHECKS, examine
from hooks.doctor.facts import docker as docker_facts
from hooks.doctor.facts.model import (
    AdGuard,
    DockerAccess,
    Gluehook,
    Gluetun,
    HostName,
    Refusal,
    Server,
    Unread,
    WireGuard,
)
from hooks.world.model import PortFile
from tests.parts.places import TOP
from tests.parts.values.server_facts import (
    ADGUARD_IP,
    BOXES,
    DEVICE,
    GLUETUN_ENV,
    NOW_S,
    PORT,
    PREFERENCES,
    QBITTORRENT,
    box,
    docker,
    well,
)

GLUETUN, QB = BOXES["gluetun"], BOXES["qbittorrent"]


def gluetun(**environment: str) -> Server:
    return well(boxes={"gluetun": replace(GLUETUN, environment={**GLUETUN_ENV, **environment})})


def qbittorrent(**changed: Any) -> Server:
    return well(qbittorrent=replace(QBITTORRENT, **changed))


def preferring(**preferences: Any) -> Server:
    return qbittorrent(preferences={**PREFERENCES, **preferences})


def refused(kind: str, why: str) -> Server:
    return well(qbittorrent=Refusal(kind, why))


def device(**changed: Any) -> Server:
    return well(wireguard=WireGuard((replace(DEVICE, **changed),)))


def over_tcp(*unneeded: str) -> Server:
    return well(access=DockerAccess("tcp://proxy:2375", is_socket=False, unneeded=unneeded))


def resolved(*addresses: str, error: str = "") -> Server:
    return well(names=[HostName("home.example.net", addresses, error)])


OLD = PortFile((PORT,), "", "1-1", int((NOW_S - 99_999) * 1e9))
ELSEWHERE = box("qbittorrent", network="container:gone-for-good")
HEALER = box("autoheal", image="willfarrell/autoheal", environment={"AUTOHEAL_CONTAINER_LABEL": "all"})
UNHEALTHY = replace(GLUETUN, container=replace(GLUETUN.container, health="unhealthy"))
LABELLED = replace(GLUETUN, container=replace(GLUETUN.container, labels={"deunhealth.restart.on.unhealthy": "true"}))

# check -> servers that have that trouble, each with words that must be in what is seen or in the remedy
CASES: Mapping[str, Sequence[tuple[Server, tuple[str, ...]]]] = {
    "docker-unreachable": [
        (well(docker=Unread("gluehook may not use Docker's socket /d.sock (permission denied): add the line `x`")),
         ("may not use", "add the line")),
        (well(docker=Unread("there was no answer within 5.0 s")), ("no answer", "DOCKER_HOST")),
    ],
    "docker-wide-open": [
        (well(access=DockerAccess("/d.sock", writable_by_all=True)), ("every user", "chmod o-rw /d.sock")),
        (over_tcp("IMAGES", "VOLUMES", "INFO"), ("tcp://proxy:2375", "without TLS",)),
        (over_tcp("INFO"), ("allows INFO=1", "the proxy")),
        (well(boxes={"gluehook": replace(BOXES["gluehook"], privileged=True)}), ("privileged",)),
    ],
    "container-down": [
        (well(boxes={"gluetun": box("gluetun", running=False)}), ("'gluetun' does not run", "docker start gluetun")),
        (well(boxes={"adguard": box("adguard", running=False)}), ("'adguard'",)),
    ],
    "gluetun-unhealthy": [(well(boxes={"gluetun": UNHEALTHY}), ("is unhealthy", "heal-vpn"))],
    "gluehook-unwell": [
        (well(gluehook=Gluehook(False, ("no heartbeat at /x: it is not running",))), ("no heartbeat", "not running")),
    ],
    "rules-rejected": [(well(gluehook=Gluehook(True, ("healthy",), rules_rejected="2 errors")), ("2 errors", "check"))],
    "region-cannot-forward": [
        (gluetun(SERVER_REGIONS="US East, us texas"), ("US East, us texas", "Mexico,Panama")),
        (gluetun(SERVER_REGIONS="", REGION="US Chicago"), ("US Chicago",)),
        (gluetun(SERVER_REGIONS="US East", PORT_FORWARD_ONLY="on"), ("US East",)),
    ],
    "port-forward-only-off": [
        (gluetun(SERVER_REGIONS="US East", PORT_FORWARD_ONLY="off"),
         ("no port in US East", "take PORT_FORWARD_ONLY out")),
        (gluetun(SERVER_REGIONS="Panama,US East", PORT_FORWARD_ONLY="false"), ("no port in US East",)),
        (gluetun(SERVER_REGIONS="", PORT_FORWARD_ONLY="no"), ("leaves open",)),
    ],
    "region-unknown": [(gluetun(SERVER_REGIONS="Mexcio"), ("'Mexcio'", "write Mexico"))],
    "tunnel-down": [
        (well(gluetun=Gluetun("stopped")), ("stopped", "somebody stopped it")),
        (well(gluetun=Gluetun("crashed")), ("crashed", "credentials")),
    ],
    "tunnel-without-port": [(well(gluetun=Gluetun("running", "8.8.8.8", "Panama", 0)), ("8.8.8.8", "heal-vpn"))],
    "port-file-stale": [(well(port_file=OLD), (str(PORT), "older than gluetun's start"))],
    "port-file-elsewhere": [
        (well(port_file=PortFile()), (f"forwards {PORT}", "holds no port", "./port:/tmp/gluetun")),
        (well(port_file=PortFile((), "the port file x cannot be read: permission denied")), ("permission denied",)),
    ],
    "port-file-mounted-alone": [
        (well(port_file_is_mounted=True), ("in gluehook's container", "mount the folder")),
        (well(boxes={"gluetun": replace(GLUETUN, mounts=("/tmp/gluetun/forwarded_port",))}),
         ("in gluetun's container",)),
    ],
    "control-server-closed": [
        (well(gluetun=Refusal("closed", "gluetun answers 401")), ("answers 401", "[[roles]]", "GET /v1/vpn/status")),
    ],
    "control-server-silent": [
        (well(gluetun=Unread("gluetun at http://gluetun:8000 refuses the connection")), ("refuses", "GLUETUN_URL")),
    ],
    "password-rejected": [(refused("password", "rejects the password"), ("rejects", "QBITTORRENT_PASSWORD"))],
    "api-key-rejected": [(refused("api-key", "qBittorrent rejects the API key"), ("rejects", "QBITTORRENT_API_KEY"))],
    "address-banned": [(refused("banned", "has banned our address"), ("banned", "docker restart qbittorrent"))],
    "host-header-refused": [(refused("host", "answers 401 before any"), ("before any", "WEBUI_PORT: 8181"))],
    "login-missing": [(refused("no-login", "wants a login"), ("wants a login", "Bypass authentication"))],
    "web-ui-silent": [(well(qbittorrent=Unread("refuses the connection")), ("refuses", "http://gluetun: and"))],
    "torrenting-port-set": [
        (well(boxes={"qbittorrent": replace(QB, environment={"TORRENTING_PORT": "6881"})}), ("6881", "take it out")),
    ],
    "random-port-or-upnp": [
        (preferring(random_port=True), ("a random port",)),
        (preferring(upnp=True), ("UPnP",)),
    ],
    "interface-missing": [(qbittorrent(interfaces=("lo", "eth0")), ("bound to tun0", "lo, eth0"))],
    "port-differs": [(preferring(listen_port=6881), ("set to 6881", f"forwards {PORT}"))],
    "nothing-listens": [
        (qbittorrent(listening=()), ("nobody", "to another one, apply, and back")),
        (qbittorrent(listening=("172.18.0.2",)), ("only 172.18.0.2", "tunnel is 10.8.0.2")),
    ],
    "relisten-owed": [
        (well(applied={"generation": "0-0", "port": PORT}), ("was written after", "gluehook history")),
    ],
    "another-writer": [
        (gluetun(VPN_PORT_FORWARDING_UP_COMMAND="/bin/sh -c 'wget --post-data json={\"listen_port\":{{PORT}}} u:p@h'"),
         ("UP_COMMAND sets listen_port",)),
        (well(boxes={"qbittorrent": replace(QB, environment={"DOCKER_MODS": "x/gsp-gluetun-sync-port-mod"})}),
         ("DOCKER_MODS",)),
        (well(boxes={"sticky": box("sticky", image="ghcr.io/monstermuffin/qsticky:latest")}),
         ("'sticky'", "docker stop sticky")),
    ],
    "open-to-everybody": [
        (preferring(bypass_auth_subnet_whitelist_enabled=True, bypass_auth_subnet_whitelist="10.0.0.0/8,0.0.0.0/0"),
         ("every address",)),
    ],
    "dependent-stale": [
        (well(boxes={"qbittorrent": box("qbittorrent", network="container:gluetun-id", started_s=9000)}),
         ("longer than 'gluetun'", "docker restart qbittorrent")),
    ],
    "dependent-stranded": [
        (well(boxes={"qbittorrent": box("qbittorrent", network="container:gluetun-id", running=False,
                                        error="cannot join network of a non running container: abc")}),
         ("could not join 'gluetun'", "docker start qbittorrent")),
    ],
    "orphaned": [
        (well(boxes={"qbittorrent": ELSEWHERE}), ("does not exist (gone-for-goo)", "docker inspect qbittorrent")),
    ],
    "own-namespace-shared": [
        (well(boxes={"gluehook": box("gluehook", network="container:gluetun-id")}), ("network_mode", "gluetun:8181")),
    ],
    "healer-restarts-gluetun": [
        (well(boxes={"autoheal": HEALER}), ("label is all", "AUTOHEAL_CONTAINER_LABEL: autoheal")),
        (well(boxes={"gluetun": LABELLED, "deunhealth": box("deunhealth", image="qmcgaw/deunhealth")}),
         ("label is deunhealth", "off gluetun")),
    ],
    "hairpin": [(device(seen_at="192.168.1.1:51820", at_home=True), ("'phone'", "192.168.1.1", "SSIDs"))],
    "keys-in-the-log": [
        (well(boxes={"wireguard": box("wireguard", image="lscr.io/linuxserver/wireguard:1")}), ("means true",)),
        (well(boxes={"wireguard": box("wireguard", image="linuxserver/wireguard", environment={"LOG_CONFS": "true"})}),
         ("LOG_CONFS is true",)),
    ],
    "key-readable": [
        (well(wireguard=WireGuard((DEVICE,), ("/c/wg0.conf", "/c/a", "/c/b", "/c/d"))),
         ("and 1 more", "chmod 600 /c/wg0.conf")),
    ],
    "peers-dns-elsewhere": [(device(dns=("172.18.0.99",)), ("phone (172.18.0.99)", "ipv4_address"))],
    "no-common-network": [
        (well(boxes={"wireguard": box("wireguard", network="other", environment={"LOG_CONFS": "false"})}),
         ("on other", "'adguard' on home")),
    ],
    "dns-silent": [
        (well(adguard=AdGuard("adguard", True, {"home": ADGUARD_IP}, Unread("did not answer"))), ("did not answer",)),
        (well(adguard=AdGuard("adguard", True, {"home": ADGUARD_IP}, "SERVFAIL")), ("SERVFAIL", "upstream")),
    ],
    "endpoint-unknown": [
        (resolved(error="Name or service not known"), ("cannot be resolved", "getent")),
        (device(endpoint=":51820"), ("no Endpoint in the file of phone", "SERVERURL")),
    ],
    "endpoint-elsewhere": [
        (resolved("192.168.1.20"), ("from outside", "dynamic DNS")),
        (resolved("8.8.8.8"), ("address of the VPN",)),
        (well(public_ip="8.8.4.9"), ("public address is 8.8.4.9",)),
    ],
}  # fmt: skip
FLAT = [pytest.param(name, *case, id=f"{name}-{n}") for name, cases in CASES.items() for n, case in enumerate(cases)]


@pytest.mark.parametrize(("name", "server", "words"), FLAT)
def test_a_check_finds_its_trouble(name: str, server: Server, words: tuple[str, ...]) -> None:
    found = [finding for finding in examine(server) if finding.check == name]
    assert len(found) == 1
    told = " ".join((found[0].seen, found[0].fix, *found[0].run))
    assert [word for word in words if word not in told] == []
    assert found[0].why


def test_nothing_is_found_where_all_is_well() -> None:
    assert examine(well()) == []


def test_every_check_has_its_case() -> None:
    assert {check.name for check in CHECKS} - {"dependent-elsewhere"} == set(CASES)  # that one: see the next test


def test_a_dependent_of_an_earlier_gluetun_gets_composes_own_command() -> None:
    made = {"com.docker.compose.project": "home", "com.docker.compose.service": "qbittorrent",
            "com.docker.compose.project.config_files": "/srv/home/compose.yaml",
            "com.docker.compose.project.working_dir": "/srv/home"}  # fmt: skip
    lost = box("qbittorrent", network="container:earlier-id", labels=made)
    dependents, orphans = docker_facts.dependents(docker(GLUETUN, lost), "gluetun", {"gluetun": ("earlier-id",)})
    found = examine(well(boxes={"qbittorrent": lost}, dependents=dependents, orphans=orphans))
    assert [one.check for one in found] == ["dependent-elsewhere"]
    assert found[0].run[0].startswith("docker compose -f /srv/home/compose.yaml")
    assert found[0].run[0].endswith("up -d --force-recreate qbittorrent")


@pytest.mark.parametrize(
    "server",
    [
        gluetun(SERVER_REGIONS="US East,mexico"),  # gluetun leaves the first one out by itself
        gluetun(SERVER_REGIONS="US East", VPN_PORT_FORWARDING="off"),
        gluetun(SERVER_REGIONS="US East", VPN_SERVICE_PROVIDER="mullvad"),
        gluetun(SERVER_REGIONS="CA Toronto"),
        preferring(current_network_interface=""),
        well(applied={"generation": "1-1", "port": PORT}),
        qbittorrent(interfaces=None),  # 4.1 cannot tell
        qbittorrent(listening=Unread("forbidden")),
        qbittorrent(listening=("0.0.0.0",)),
        device(seen_at="", handshake_s=0),
        well(wireguard=WireGuard((replace(DEVICE, dns=("10.13.13.1",)),), addresses=("10.13.13.1",),
                                 forwards_to=(ADGUARD_IP,))),
        well(gluetun=None, qbittorrent=None, wireguard=None, adguard=None, names=(), boxes=dict.fromkeys(BOXES)),
        well(boxes={"autoheal": replace(HEALER, environment={})}),
    ],
)  # fmt: skip
def test_no_false_alarm(server: Server) -> None:
    assert examine(server) == []


def test_no_finding_tells_a_variable_that_may_hold_a_secret() -> None:
    told = str([examine(server) for cases in CASES.values() for server, _ in cases])
    assert "u:p@h" not in told
    assert GLUETUN_ENV["OPENVPN_PASSWORD"] not in told


def test_the_list_of_regions_is_whole_and_case_does_not_count() -> None:
    data = regions._data()
    assert (len(data["forward"]), len(data["do_not_forward"])) == (110, 52)
    assert all(name.startswith("US ") for name in data["do_not_forward"])
    found = regions.classify(["mexico", "PANAMA", "us East", "CA Toronto", "Atlantis"])
    assert found == regions.Regions(("mexico", "PANAMA", "CA Toronto"), ("us East",), ("Atlantis",))
    assert regions.nearest("panma") == "Panama"
    assert regions.nearest("xyzzy") is None


def test_the_compose_files_that_ship_are_as_the_doctor_wants_them() -> None:
    folder = TOP / "container"
    services = {**_services(folder / "compose.yaml"), **_services(folder / "wireguard/compose.yaml")}
    boxes = {
        name: replace(BOXES[name], environment={k: str(v) for k, v in services[name].get("environment", {}).items()})
        for name in ("gluetun", "qbittorrent", "wireguard", "gluehook")
    }
    assert boxes["gluetun"].environment["SERVER_REGIONS"]
    assert examine(well(boxes=boxes)) == []


def _services(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))["services"]
    return found


def test_troubleshooting_names_checks_that_there_are() -> None:
    page = (TOP / "docs/troubleshooting.md").read_text(encoding="utf-8")
    table = page.partition("## What you see on the server")[2].partition("\n## ")[0]
    named = {word for row in table.splitlines()[4:] if row for word in row.split("|")[3].strip().split(", ")}
    assert len(named) > 25
    assert named <= {check.name for check in CHECKS}


def test_the_page_of_the_doctor_has_the_verbs_own_numbers() -> None:
    page = " ".join((TOP / "docs/doctor.md").read_text(encoding="utf-8").split())
    assert f"does not answer within {verbs._PATIENCE_S:g} s" in page
    assert f"looks again every {verbs._AGAIN_S:g} seconds" in page
    assert "not shown again for an hour" in page
    assert own_state._REJECTION_S == 3600
