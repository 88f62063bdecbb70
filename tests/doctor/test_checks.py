"""Every check of the doctor on facts: a server with that one trouble, and nothing on a server that is well."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from hooks.cli.status import REFRESH_S, TARGET_TIMEOUT_S
from hooks.config.settings import Settings
from hooks.doctor import own_state
from hooks.doctor.checks import regions
from hooks.doctor.checks.commands import up
from hooks.doctor.examine import CHECKS, examine
from hooks.doctor.facts import docker as docker_facts
from hooks.doctor.facts.model import (
    Docker,
    Gluehook,
    HasRole,
    Server,
    Unread,
    WireGuard,
)
from hooks.pairs import model as pairs
from tests.doctor.check_cases import CASES
from tests.doctor.troubled_servers import GLUETUN, HEALER, QB, device, gluetun, preferring, qbittorrent
from tests.parts.places import TOP
from tests.parts.values.server_facts import (
    ADGUARD_IP,
    CONTAINERS,
    DEVICE,
    GLUETUN_ENV,
    PORT,
    PREFERENCES,
    QBITTORRENT,
    container,
    docker,
    having,
    well,
)

ORDER = """
docker-unreachable docker-right-missing docker-wide-open docker-list-incomplete gluehook-unwell rules-rejected
secret-without-value region-cannot-forward port-forward-only-off region-unknown container-not-found role-unclear
container-down container-paused dependent-waiting dependent-stale dependent-stranded dependent-elsewhere
orphaned own-namespace-shared
healer-restarts-gluetun tunnel-down gluetun-unhealthy tunnel-without-port control-server-closed control-server-silent
control-server-behind-proxy control-server-https web-ui-behind-proxy web-ui-https port-file-mounted-alone
port-folder-missing port-file-unreadable port-file-garbage port-file-elsewhere port-file-stale port-missing
password-rejected api-key-rejected address-banned host-header-refused login-missing web-ui-silent torrenting-port-set
port-redirected port-not-forwarded another-writer random-port-or-upnp interface-missing address-missing port-differs
nothing-listens relisten-owed open-to-everybody hairpin keys-in-the-log key-readable peers-dns-elsewhere
no-common-network dns-silent endpoint-unknown endpoint-elsewhere
"""
"""The order in which users see findings of one severity: the cause of a trouble before its consequences."""
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


def test_the_checks_run_in_the_order_that_users_know() -> None:
    assert [check.name for check in CHECKS] == ORDER.split()


def test_findings_come_in_the_order_of_the_checks() -> None:
    server = well(qbittorrent=Unread("refuses"), gluetun=Unread("refuses"), wireguard=WireGuard((DEVICE,), ("/c/key",)),
                  public_ip="8.8.4.9", port_file_is_mounted=True, docker=Unread("no answer"),
                  gluehook=Gluehook(False, ("no heartbeat", "the journal is broken")))  # fmt: skip
    found = [finding.check for finding in examine(server)]
    assert found == [
        "docker-unreachable", "gluehook-unwell", "gluehook-unwell", "port-file-mounted-alone", "key-readable",
        "endpoint-elsewhere",
    ]  # fmt: skip


def test_a_finding_carries_what_its_check_says() -> None:
    (found,) = examine(well(port_file_is_mounted=True))
    (check,) = [check for check in CHECKS if check.name == "port-file-mounted-alone"]
    assert (found.check, found.severity, found.why) == (check.name, "risk", check.why)
    assert check.finds == "The port file is mounted as a single file"
    keys = ["check", "severity", "seen", "why", "fix", "run", "about", "causes", "consequences"]
    assert list(asdict(found)) == keys  # of --json, in order


def test_of_several_gluetuns_one_without_a_client_is_well_and_each_is_reached_by_its_own_table() -> None:
    roles = [
        HasRole("gluetun", "gluetun", "image"),
        HasRole("gluetun", "vpn", "image"),
        HasRole("qbittorrent", "tor", "image"),
    ]
    listed = {"tor": container("tor", image="hotio/qbittorrent"), "qbittorrent": None}
    settings = Settings(gluetun_url="http://10.0.0.9:8000")
    vpn = pairs.Gluetun(
        "gluetun", pairs.Access("", named_by="the url of a [[gluetun]] for it", in_table="a [[gluetun]] for it")
    )
    found = examine(well(containers=listed, gluetun=Unread("refuses"), roles=roles, settings=settings, vpn=vpn))
    assert "container-not-found" not in [one.check for one in found]
    (fix,) = [one.fix for one in found if one.check == "control-server-silent"]
    assert 'a [[gluetun]] with container = "gluetun" and url = "http://gluetun:8000"' in fix


@pytest.mark.parametrize("several", [True, False])
def test_of_several_pairs_each_finding_names_its_container(several: bool) -> None:
    alone, beside = preferring(upnp=True), preferring(upnp=True)
    beside = replace(beside, settings=replace(beside.settings, qbittorrent_container="tor"))
    server = replace(alone, others=[beside] if several else [])
    found = [one for one in examine(server) if one.check == "random-port-or-upnp"]
    named = ["'qbittorrent': ", "'tor': "] if several else [""]
    assert [one.seen for one in found] == [f"{name}switched on: UPnP / NAT-PMP" for name in named]


def test_every_check_has_its_case() -> None:
    assert {check.name for check in CHECKS} - {"dependent-elsewhere"} == set(CASES)  # that one: see the next test


def test_a_dependent_of_an_earlier_gluetun_gets_composes_own_command() -> None:
    made = {"com.docker.compose.project": "home", "com.docker.compose.service": "qbittorrent",
            "com.docker.compose.project.config_files": "/srv/home/compose.yaml",
            "com.docker.compose.project.working_dir": "/srv/home"}  # fmt: skip
    lost = container("qbittorrent", network="container:earlier-id", labels=made)
    dependents, orphans = docker_facts.dependents(docker(GLUETUN, lost), "gluetun", {"gluetun": ("earlier-id",)})
    found = examine(having(lost, dependents=dependents, orphans=orphans))
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
        gluetun(SERVER_REGIONS='"DK Copenhagen"'),  # gluetun takes the quotes off
        gluetun(SERVER_REGIONS="US East", VPNSP="mullvad"),  # the old name wins
        gluetun(SERVER_REGIONS="US East", REGION="Panama"),
        gluetun(SERVER_REGIONS="US East", PORT_FORWARDING="off"),
        gluetun(VPN_PORT_FORWARDING_UP_COMMAND="/bin/true"),
        having(container("dash", image="homepage", environment={"HOMEPAGE_VAR_QBITTORRENT_URL": "x",
                                                                "HOMEPAGE_VAR_GLUETUN_URL": "y"})),
        having(container("watcher", image="loggifly", environment={"CONTAINERS": "sonarr"})),
        having(container("exporter", image="me/prometheus-qbittorrent-exporter:1")),
        having(replace(QB, environment={"WEBUI_PORT": "8181", "VPN_PORT": "1", "HEALTH_PORT": "2"})),
        replace(gluetun(VPN_PORT_FORWARDING_LISTENING_PORT="6881"), uses=(), qbittorrent=replace(
            QBITTORRENT, preferences={**PREFERENCES, "listen_port": 6881})),
        preferring(current_network_interface=""),
        well(applied={"generation": "1-1", "port": PORT}),
        qbittorrent(interfaces=None),  # 4.1 cannot tell
        qbittorrent(listening=Unread("forbidden")),
        qbittorrent(listening=("0.0.0.0",)),
        device(seen_at="", handshake_s=0),
        well(wireguard=WireGuard((replace(DEVICE, dns=("10.13.13.1",)),), addresses=("10.13.13.1",),
                                 forwards_to=(ADGUARD_IP,))),
        well(gluetun=None, qbittorrent=None, wireguard=None, adguard=None, names=(),
             containers=dict.fromkeys(CONTAINERS)),
        having(replace(HEALER, environment={})),
    ],
)  # fmt: skip
def test_no_false_alarm(server: Server) -> None:
    assert examine(server) == []


def test_no_finding_shows_a_variable_that_may_hold_a_secret() -> None:
    told = str([examine(server) for cases in CASES.values() for server, _ in cases])
    assert "u:p@h" not in told
    assert GLUETUN_ENV["OPENVPN_PASSWORD"] not in told


def test_the_list_of_regions_is_whole_and_case_does_not_count() -> None:
    data = json.loads((TOP / "hooks/doctor/checks/pia_regions.json").read_text(encoding="utf-8"))
    assert (len(data["forward"]), len(data["do_not_forward"])) == (110, 52)
    assert all(name.startswith("US ") for name in data["do_not_forward"])
    found = regions.classify(["mexico", "PANAMA", "us East", "CA Toronto", "Atlantis"])
    assert found == regions.Regions(("mexico", "PANAMA", "CA Toronto"), ("us East",), ("Atlantis",))
    assert regions.nearest("panma") == "Panama"
    assert regions.nearest("xyzzy") is None


def test_the_shipped_compose_files_have_no_finding() -> None:
    folder = TOP / "container"
    services = {**_services(folder / "compose.yaml"), **_services(folder / "wireguard/compose.yaml")}
    containers = {
        name: replace(CONTAINERS[name], environment={k: str(v) for k, v in environment.items()})
        for name in ("gluetun", "qbittorrent", "wireguard", "gluehook")
        for environment in (services[name].get("environment", {}),)
    }
    assert containers["gluetun"].environment["SERVER_REGIONS"]
    assert examine(well(containers=containers)) == []


def _services(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))["services"]
    return found


def test_troubleshooting_names_existing_checks() -> None:
    page = (TOP / "docs/troubleshooting.md").read_text(encoding="utf-8")
    table = page.partition("## What you see on the server")[2].partition("\n## ")[0]
    named = {word for row in table.splitlines()[4:] if row for word in row.split("|")[3].strip().split(", ")}
    assert len(named) > 25
    assert named <= {check.name for check in CHECKS}


def test_the_page_of_the_doctor_has_the_verbs_own_numbers() -> None:
    page = " ".join((TOP / "docs/doctor.md").read_text(encoding="utf-8").split())
    assert f"does not answer within {TARGET_TIMEOUT_S:g} s" in page
    assert f"reads everything again as soon as gluehook notices a change, and every {REFRESH_S:g} seconds" in page
    assert "do not try that password again for an hour" in page
    assert own_state.REJECTION_S == 3600


def test_on_podman_gluetun_is_made_anew_after_those_that_join_it_are_removed() -> None:
    server = well()
    assert isinstance(server.docker, Docker)
    on_podman = replace(server, docker=replace(server.docker, podman=True))
    joining = [one.seen.name for one in server.dependents]
    assert joining
    assert up(server, "gluetun") == ("docker compose -p home up -d gluetun",)
    others, start = " ".join(joining), "docker compose -p home"
    anew = f"{start} rm -s -f {others} && {start} up -d --force-recreate gluetun {others}"
    assert up(on_podman, "gluetun", recreate=True) == (anew,)
    assert up(on_podman, joining[0]) == (f"docker compose -p home up -d {joining[0]}",), "nobody joins that"
