"""`gluehook doctor` on a home server of fakes: what it finds there, what it never does, and with any part missing."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hooks.config.settings import Settings
from hooks.doctor.examine import CHECKS, examine
from tests.parts.process.fake_home import (
    ENDPOINT,
    IN_ENVIRONMENTS,
    SECRETS,
    FakeHome,
    assert_only_read,
)
from tests.parts.targets.dns_server import dns_server


def found(part: FakeHome, within_s: float = 5.0, **more: Any) -> dict[str, str]:
    """The names of what it finds, with what was seen."""
    return {finding.check: finding.seen for finding in examine(replace(part.collector(), **more).collect_all(within_s))}


def test_nothing_is_found_where_all_is_well(here: FakeHome) -> None:
    with dns_server("NOERROR") as (port, asked):
        assert found(here, dns_port=port) == {}
    assert asked == [ENDPOINT.partition(":")[0]]
    assert_only_read(here)


@pytest.mark.parametrize("word", ["SERVFAIL", ""])
def test_a_dns_server_that_fails_or_is_silent(here: FakeHome, word: str) -> None:
    with dns_server(word) as (port, _):
        assert set(found(here, 1.5, dns_port=port)) == {"dns-silent"}


def test_the_name_that_devices_call_is_resolved(here: FakeHome) -> None:
    profile = here.wireguard / "peer_phone" / "peer_phone.conf"
    profile.write_text(profile.read_text().replace(ENDPOINT, "home.example.net:51820"))

    def nowhere(_: str) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with dns_server("NOERROR") as (port, asked):
        assert "home.example.net" in found(here, dns_port=port, resolve=nowhere)["endpoint-unknown"]
        assert found(here, dns_port=port, resolve=lambda _: ["192.168.1.9"]).keys() == {"endpoint-elsewhere"}
        assert found(here, dns_port=port, resolve=lambda _: ["8.8.4.9"], public_ip="8.8.4.9") == {}
    assert set(asked) == {"home.example.net"}


def without_dns(part: FakeHome) -> None:
    """AdGuard has no address, so that nothing is asked on port 53."""
    part.inspected("adguard")["NetworkSettings"]["Networks"] = {}


def troubled(part: FakeHome) -> None:
    """Much is wrong at once."""
    without_dns(part)
    part.inspected("gluetun")["Config"]["Env"] = [
        "VPN_SERVICE_PROVIDER=private internet access", "VPN_PORT_FORWARDING=on", "SERVER_REGIONS=us east",
        "PORT_FORWARD_ONLY=off", "VPN_PORT_FORWARDING_UP_COMMAND=wget u:s3cretly@h listen_port", *IN_ENVIRONMENTS,
    ]  # fmt: skip
    part.inspected("wireguard")["Config"]["Env"] = []
    part.inspected("qbittorrent")["Config"]["Env"] = ["TORRENTING_PORT=6881"]
    part.inspected("qbittorrent")["HostConfig"]["NetworkMode"] = "container:" + "e" * 64
    part.engine.has("autoheal", "f" * 64, image="willfarrell/autoheal")
    part.inspected("autoheal")["Config"]["Env"] = ["AUTOHEAL_CONTAINER_LABEL=all"]
    part.gluetun.port_lost = True
    part.qbittorrent.preferences |= {"upnp": True, "listen_port": 6881, "current_network_interface": "tun9"}
    (part.wireguard / "wg_confs" / "wg0.conf").chmod(0o644)
    part.program("grep", "exit 1")
    (part.state / "heartbeat.json").unlink()


def test_a_server_with_many_troubles_and_every_secret_set(here: FakeHome) -> None:
    troubled(here)
    ran = here.call("doctor", "--json", "--public-ip", "8.8.4.9")
    assert ran.returncode == 1, ran.stderr
    told = json.loads(ran.stdout)
    assert {finding["check"] for finding in told["findings"]} == {
        "gluehook-unwell", "port-forward-only-off", "tunnel-without-port", "torrenting-port-set",
        "random-port-or-upnp", "interface-missing", "port-differs", "nothing-listens", "another-writer", "orphaned",
        "healer-restarts-gluetun", "keys-in-the-log", "key-readable", "endpoint-elsewhere",
    }  # fmt: skip
    assert told["checks"] == len(CHECKS)
    assert all(finding[part] for finding in told["findings"] for part in ("seen", "why", "fix", "severity"))
    keys = [file.read_text().strip() for file in here.wireguard.rglob("p*key-*") if "public" not in file.name]
    secrets = [
        *filter(None, SECRETS.values()),
        *(line.partition("=")[2] for line in IN_ENVIRONMENTS),
        *keys,
        "s3cretly",
    ]
    assert len(keys) >= 3
    assert [secret for secret in secrets if secret in ran.stdout + ran.stderr] == []
    assert_only_read(here)


def test_a_broken_rules_file_is_found_without_a_gluehook_that_runs(here: FakeHome) -> None:
    without_dns(here)
    (here.folder / "rules.toml").write_text('version = 1\n[[rule]]\nname = "x"\n')
    told = json.loads(here.call("doctor", "--json").stdout)
    assert {finding["check"]: finding["seen"] for finding in told["findings"]} == {"rules-rejected": "it has 2 errors"}


def test_what_people_see_fits_a_terminal(here: FakeHome) -> None:
    troubled(here)
    ran = here.call("doctor", COLUMNS="80")
    assert ran.returncode == 1
    assert "broken gluehook-unwell" in ran.stdout
    assert "  so   port-differs: it is set to 6881, and gluetun forwards 40000" in ran.stdout
    assert max(len(line) for line in ran.stdout.splitlines() if not line.startswith("  run  ")) <= 80
    assert "  run  docker compose -p home up -d qbittorrent\n" in ran.stdout  # on one line, to be copied
    assert ran.stdout.splitlines()[-1] == f"{len(CHECKS)} checks: 4 broken, 4 at risk, and 5 that follow from that"


MISSING = {
    "docker": ({"DOCKER_HOST": "unix:///nowhere/docker.sock"}, {"docker-unreachable"}),
    "gluetun": ({"GLUETUN_URL": "http://127.0.0.1:9"}, {"control-server-silent"}),
    "qbittorrent": ({"QBITTORRENT_URL": "http://127.0.0.1:9"}, {"web-ui-silent"}),
    "the folder of WireGuard": ({"WIREGUARD_DIR": "/nowhere"}, set()),
    "the port file": ({"FORWARDED_PORT_FILE": "/nowhere/forwarded_port"}, {"port-folder-missing"}),
    "a right key": ({"GLUETUN_API_KEY": "wr0ng-k3y"}, {"control-server-closed"}),
    "a right password": ({"QBITTORRENT_PASSWORD": "wr0ng-w0rd"}, {"password-rejected"}),
}


@pytest.mark.parametrize("part", MISSING)
def test_with_a_part_missing_the_rest_is_examined(here: FakeHome, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    environment, names = MISSING[part]
    without_dns(here)
    monkeypatch.setenv("DOCKER_HOST", environment.get("DOCKER_HOST", here.engine.host))
    settings = {name.lower(): value for name, value in environment.items() if name.lower() in Settings.__slots__}
    server = here.collector(environment, **settings).collect_all(5.0)
    assert {finding.check for finding in examine(server) if not finding.causes} == names


@pytest.mark.parametrize(("network", "questions"), [("home", 1), ("another", 0)])
def test_adguard_is_asked_only_on_a_network_of_our_own(here: FakeHome, network: str, questions: int) -> None:
    here.engine.has("gluehook", "e" * 64, network=network, address="127.0.0.2")
    with dns_server("NOERROR") as (port, asked):
        assert found(here, dns_port=port, own_id="e" * 64) == {}
    assert len(asked) == questions


def test_a_port_file_that_is_a_mount_itself(here: FakeHome, tmp_path: Path) -> None:
    without_dns(here)
    mounts = tmp_path / "mountinfo"
    line = "36 35 98:0 / {} ro,relatime - ext4 /dev/sda rw\n"
    mounts.write_text(line.format("/") + line.format(here.port_file.parent))
    assert found(here, mounts=str(mounts)) == {}
    mounts.write_text(line.format("/") + line.format(here.port_file))
    assert found(here, mounts=str(mounts)).keys() == {"port-file-mounted-alone"}
    assert found(here, mounts="/nowhere/mountinfo") == {}


def test_a_right_that_is_missing_is_found_before_the_rule_needs_it(here: FakeHome) -> None:
    without_dns(here)
    here.engine.forbids = "/restart"
    told = json.loads(here.call("doctor", "--json").stdout)
    assert [finding["check"] for finding in told["findings"]] == ["docker-right-missing"]
    assert "POST /containers/ID/restart: refused with 403" in told["findings"][0]["seen"]
    assert "rejoin-network" in told["findings"][0]["seen"]
    assert "ALLOW_RESTARTS=1" in told["findings"][0]["fix"]
    assert_only_read(here)


def test_only_rights_that_a_rule_uses_are_asked_for(here: FakeHome) -> None:
    without_dns(here)
    assert json.loads(here.call("doctor", "--json").stdout)["findings"] == []
    assert {question.split("/")[-1] for question in here.engine.questions} == {"restart", "start"}
    here.engine.questions.clear()
    (here.folder / "rules.toml").write_text(
        'version = 1\n[[rule]]\nname = "again"\non = "container.healthy"\n'
        'do = { use = "containers.rejoin", of = "gluetun", if_recreated = "recreate" }\n'
    )
    here.call("doctor", "--json")
    asked = {question.partition(" ")[0] + " " + question.split("/")[-1] for question in here.engine.questions}
    assert asked >= {"POST restart", "POST start", "POST stop", "POST rename"}


GARBAGE = ['{"port":50123}', "50123,50124", '"50123"', "port 50123", "99999", "50123\0", "\N{ARABIC-INDIC DIGIT FIVE}"]


@pytest.mark.parametrize("content", GARBAGE)
def test_garbage_in_the_port_file_is_found_and_named(here: FakeHome, content: str) -> None:
    without_dns(here)
    here.port_file.write_text(content)
    told = examine(here.collector().collect_all(5.0))
    assert [finding.check for finding in told if not finding.causes] == ["port-file-garbage"]
    assert str(here.port_file) in told[0].seen
    assert "let only gluetun write it" in told[0].fix


def test_a_port_file_that_is_a_folder(here: FakeHome) -> None:
    without_dns(here)
    here.port_file.unlink()
    here.port_file.mkdir()
    told = examine(here.collector().collect_all(5.0))
    assert [finding.check for finding in told if not finding.causes] == ["port-file-unreadable"]
    assert "FORWARDED_PORT_FILE must name the file that gluetun writes" in told[0].fix


@pytest.mark.parametrize("path", ["/nowhere/forwarded_port", "/etc/hostname/forwarded_port", "/proc/self/nowhere/x"])
def test_a_port_file_in_a_folder_that_is_not_there(here: FakeHome, path: str) -> None:
    without_dns(here)
    told = examine(here.collector(forwarded_port_file=path).collect_all(5.0))
    causes = [finding.check for finding in told if not finding.causes]
    assert causes[0] in ("port-folder-missing", "port-file-unreadable")
    assert len(causes) == 1


def test_the_remedy_names_the_folder_that_gluetun_really_writes(here: FakeHome) -> None:
    without_dns(here)
    gluetun = here.inspected("gluetun")
    gluetun["Mounts"] = [{"Type": "bind", "Source": "/srv/vpn", "Destination": "/gluetun/port"}]
    gluetun["Config"]["Env"].append("VPN_PORT_FORWARDING_STATUS_FILE=/gluetun/port/vpn.port")
    told = examine(here.collector(forwarded_port_file="/nowhere/forwarded_port").collect_all(5.0))
    assert told[0].check == "port-folder-missing"
    assert "/srv/vpn/vpn.port on this server" in told[0].fix


def test_any_container_may_be_the_one_that_writes_the_port_as_well(here: FakeHome) -> None:
    without_dns(here)
    here.engine.has("helper", "f" * 64, image="python:3-alpine", network="home")
    here.inspected("helper")["Config"]["Env"] = ["QBITTORRENT_URL=http://x", "GLUETUN_PORT_FILE=/port"]
    told = examine(here.collector().collect_all(5.0))
    assert [(finding.check, finding.run) for finding in told] == [("another-writer", ("docker stop helper",))]
