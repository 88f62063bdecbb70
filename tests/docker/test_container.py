"""Docker's own answers as the one container record, and what the world makes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from handlers.shared.docker import obstacle
from hooks.docker.container import MALFORMED, InspectedContainer, ListedContainer, inspected, listed
from hooks.events.jsonl import nanoseconds
from hooks.handler import Retry
from tests.parts.places import SAMPLES

A = "a" * 64
RECORDED = [json.loads(line) for line in (SAMPLES / "containers" / "engines.jsonl").read_text().splitlines()]
BOTH = [  # fields that the list and the inspect of a running container show alike
    "name", "id", "image", "labels", "running", "paused", "restarting", "never_started", "exit_code", "stopped",
]  # fmt: skip


def inspect_of(state: dict[str, Any], **more: Any) -> InspectedContainer:
    started = {"Running": True, "StartedAt": "2026-11-22T17:00:00Z", "ExitCode": 0}
    return inspected({"Name": "/web", "Id": A, "State": {**started, **state}, **more})


def list_of(state: str, status: str, **more: Any) -> ListedContainer:
    host = {"NetworkMode": "lan"}
    return listed(
        {"Id": A, "Names": ["/web"], "State": state, "Status": status, "Labels": None, "HostConfig": host, **more}
    )


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
def test_the_list_shows_state_and_health(state: str, status: str, seen: tuple[bool, str, int]) -> None:
    networks = {"lan": {"IPAddress": "", "GlobalIPv6Address": "fd00::2"}, "x": None}
    web = list_of(state, status, Names=["/other/link", "/web"], NetworkSettings={"Networks": networks})
    assert (web.running, web.health, web.exit_code, web.name) == (*seen, "web")
    assert web.addresses == {"lan": ("fd00::2",), "x": ()}
    assert web.for_world().addresses == {"lan": "fd00::2"}


# -- the world and the handlers agree, since there is one record -------------------------------------------


def test_unhealthy_is_unhealthy_wherever_the_engine_writes_it() -> None:
    for state in ({"Health": {"Status": "unhealthy"}}, {"Healthcheck": {"Status": "unhealthy"}}):
        vpn = inspect_of(state)
        assert vpn.for_world().health == "unhealthy"
        with pytest.raises(Retry, match="which is unhealthy"):
            obstacle(vpn, "container 'web' joins the network of 'vpn', which", healthy=True)


@pytest.mark.parametrize("state", [{}, {"Health": None}, {"Health": {"Status": ""}}, {"Health": {"Status": "none"}}])
def test_no_health_check_is_no_obstacle(state: dict[str, Any]) -> None:
    vpn = inspect_of(state)
    assert vpn.for_world().health == vpn.health == ""
    assert obstacle(vpn, "it joins one that", healthy=True) is None


def test_a_container_that_waits_for_its_restart_does_not_run_and_is_not_stopped_either() -> None:
    from_inspect = inspect_of({"Restarting": True, "ExitCode": 1})
    from_list = list_of("restarting", "Restarting (1) 2 seconds ago")
    for web in (from_inspect, from_list):
        assert (web.running, web.restarting, web.stopped, web.for_world().running) == (False, True, False, False)
    with pytest.raises(Retry, match="is restarting"):
        obstacle(from_inspect, "container 'web' joins the network of one that", healthy=False)


def test_a_paused_container_runs_as_docker_says_it_and_as_podman_does() -> None:
    docker, podman = inspect_of({"Paused": True}), inspect_of({"Running": False, "Paused": True})
    for web in (docker, podman, list_of("paused", "Up 2 hours (Paused)")):
        assert (web.running, web.paused, web.stopped, web.for_world().running) == (True, True, False, True)


def test_stranded_is_one_that_could_not_join_and_that_docker_does_not_try_again() -> None:
    state = {"Running": False, "Error": "cannot join network of a non running container"}
    host = {"HostConfig": {"NetworkMode": f"container:{A}"}}
    assert inspect_of(state, **host).stranded
    assert not inspect_of({**state, "Restarting": True}, **host).stranded
    assert not inspect_of(state).stranded, "it joins nobody"


@pytest.mark.parametrize(
    ("status", "least"),
    [("Up Less than a second", 0), ("Up 1 second", 0.5), ("Up 59 seconds", 58.5), ("Up About a minute", 30),
     ("Up 3 minutes", 150), ("Up About an hour (healthy)", 1800), ("Up 2 hours (Paused)", 5400),
     ("Up 2 weeks", 1.5 * 7 * 86400), ("Up 3 months", 2.5 * 30 * 86400), ("Up 2 years", 1.5 * 365 * 86400),
     ("Exited (0) 2 days ago", 0), ("Restarting (1) 5 seconds ago", 0), ("Up", 0), ("Up 3 fortnights", 0)],
)  # fmt: skip
def test_the_list_shows_for_how_long_it_has_run_at_least(status: str, least: float) -> None:
    assert list_of("running", status).up_s == least


@pytest.mark.parametrize(
    "odd",
    [{"Names": None}, {"Names": []}, {"Id": None, "Names": [7]}, {"Labels": {"x": 1}}, {"Labels": {"x": "\udc80"}},
     {"Names": ["/\ud800"]}, {"Image": "\udfff:1"}, {"NetworkSettings": {"Networks": ["lan"]}}, {"HostConfig": "x"},
     {"NetworkSettings": {"Networks": {"\udc80": {"IPAddress": "10.0.0.2"}}}}],
    ids=repr,
)  # fmt: skip
def test_an_entry_of_an_odd_shape_is_malformed(odd: dict[str, Any]) -> None:
    with pytest.raises(MALFORMED):
        list_of("running", "Up 3 minutes", **odd)


@pytest.mark.parametrize(
    "odd",
    [{"Name": "/\udc80"}, {"State": None}, {"State": {"Running": True}}, {"Config": {"Env": ["A=\udc80"]}},
     {"Config": {"Labels": {"\udc80": ""}}}, {"Mounts": [{}]}, {"Config": {"StopTimeout": 1e400}}],
    ids=repr,
)  # fmt: skip
def test_an_inspect_of_an_odd_shape_is_malformed(odd: dict[str, Any]) -> None:
    state = {"Running": True, "StartedAt": "2026-11-22T17:00:00Z"}
    with pytest.raises(MALFORMED):
        inspected({"Name": "/web", "Id": A, "State": state, **odd})


def test_a_start_that_no_64_bits_hold_is_none() -> None:
    assert inspect_of({"StartedAt": "9999-01-01T00:00:00Z"}).started_at == 0


# -- recordings ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", RECORDED, ids=lambda row: f"{row['engine']} {row['inspected']['Name'][1:]}")
def test_list_and_inspect_of_a_recorded_engine_agree(row: dict[str, Any]) -> None:
    short, full = listed(row["listed"]), inspected(row["inspected"])
    assert {name: getattr(full, name) for name in BOTH} == {name: getattr(short, name) for name in BOTH}
    assert full.running
    assert full.started_at > 0
    assert full.labels["com.docker.compose.service"] == full.name
    if full.name == "gluetun":
        assert (full.health, full.parent) == ("healthy", None)
        assert full.gateways
        assert list(full.for_world().addresses) == ["home_default"]
    else:
        assert full.addresses == {}, "Podman shows those of gluetun"
        assert (full.health, full.for_world().health) == ("", "")
        assert len(full.parent or "") == 64
        assert full.mounts["/data"] == ("volume", "home_qbdata")
    if row["engine"].startswith("docker"):
        assert (short.health, short.network_mode) == (full.health, full.network_mode)
        assert short.addresses == full.addresses
    else:
        assert (short.health, short.network_mode) == ("", ""), "Podman's list shows neither: inspect"
        assert short.addresses == {}, "they may be another's"


def test_the_record_hides_the_environment_when_it_is_printed() -> None:
    web = inspect_of({}, Config={"Env": ["TOKEN=hunter2", "EMPTY"]})
    assert web.environment == {"TOKEN": "hunter2", "EMPTY": ""}
    assert "hunter2" not in repr(web)


@pytest.mark.parametrize(
    ("variables", "off"),
    [
        ((), False), (("VPN_PORT_FORWARDING=off",), True), (("VPN_PORT_FORWARDING=on",), False),
        (("VPN_PORT_FORWARDING=' No '",), True), (("VPN_PORT_FORWARDING=",), False),
        (("VPN_PORT_FORWARDING=maybe",), False), (("PORT_FORWARDING=on", "VPN_PORT_FORWARDING=off"), False),
        (("PRIVATE_INTERNET_ACCESS_VPN_PORT_FORWARDING=off",), True),
    ],
)  # fmt: skip
def test_whether_a_gluetun_is_set_to_forward_no_port(variables: tuple[str, ...], off: bool) -> None:
    for image, expected in (("qmcgaw/gluetun", off), ("linuxserver/qbittorrent", False)):
        seen = inspect_of({}, Config={"Image": image, "Env": [*variables, "X=y"]})
        assert seen.for_world().forwards_no_port == expected
