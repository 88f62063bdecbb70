"""Findings under their causes: what hides what, in which order, and that the graph of checks is whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hooks.config.settings import Settings
from hooks.doctor.examine import CHECKS, examine
from hooks.doctor.facts.model import AdGuard, Gluehook, Gluetun, Server, Unread
from hooks.doctor.status.rows import rows
from hooks.world.model import PortFile
from tests.parts.values.server_facts import (
    ADGUARD_IP,
    CONTAINERS,
    NOW_S,
    PORT,
    PREFERENCES,
    QBITTORRENT,
    container,
    having,
    well,
)

EMPTY = PortFile((), "", "2-1", int((NOW_S - 900) * 1e9))
SILENT = Unread("qBittorrent at http://gluetun:8080 cannot be reached")
STOPPED = container("gluetun", running=False, image="qmcgaw/gluetun")


def told(server: Server) -> dict[str, tuple[str, ...]]:
    """Each finding that has no cause, with the consequences that stand under it."""
    return {one.check: one.consequences for one in examine(server) if not one.causes}


def test_a_check_follows_only_from_checks_before_it() -> None:
    names = [check.name for check in CHECKS]
    wrong = [(check.name, cause) for n, check in enumerate(CHECKS) for cause in check.follows if cause not in names[:n]]
    assert wrong == [], "a cause must be the name of a check that stands before this one; so there is no circle"
    assert len(set(names)) == len(names)


def test_no_check_names_a_cause_twice() -> None:
    assert [check.name for check in CHECKS if len(set(check.follows)) < len(check.follows)] == []


def test_a_stopped_gluetun_is_one_finding() -> None:
    server = having(STOPPED, qbittorrent=SILENT, gluetun=Unread("cannot be reached"), port_file=EMPTY)
    assert told(server) == {"container-down": ("dependent-waiting", "web-ui-silent")}
    assert not [one for one in examine(server) if "QBITTORRENT_URL" in one.fix]
    assert [one.run for one in examine(server)[1:]] == [(), ()]
    assert "docker start gluetun" in examine(server)[0].run


def test_a_re_created_gluetun_hides_the_silent_web_ui() -> None:
    made = {"com.docker.compose.depends_on": "gluetun:service_healthy:true"}
    lost = container("qbittorrent", network="container:earlier-id", labels=made)
    assert told(having(lost, qbittorrent=SILENT)) == {"dependent-elsewhere": ("web-ui-silent",)}


def test_while_gluetun_is_not_there_its_containers_are_orphans() -> None:
    server = well(containers={"gluetun": None}, qbittorrent=SILENT, gluetun=None, port_file=EMPTY)
    assert told(server) == {"orphaned": ("web-ui-silent",)}


@pytest.mark.parametrize("name", ["gluetun", "qbittorrent"])
def test_a_paused_container_gets_no_advice_about_addresses(name: str) -> None:
    paused = replace(CONTAINERS[name], paused=True)
    silent = {"gluetun": Unread("no answer")} if name == "gluetun" else {"qbittorrent": SILENT}
    found = examine(having(paused, **silent))
    assert [one.check for one in found if not one.causes] == ["container-paused"]
    assert found[0].run == (f"docker unpause {name}",)
    assert "URL" not in found[0].fix


def test_docker_keeps_the_health_of_a_stopped_container_and_that_is_no_finding() -> None:
    stopped = replace(STOPPED, health="unhealthy")
    found = [one.check for one in examine(having(stopped, qbittorrent=SILENT, gluetun=None, port_file=EMPTY))]
    assert "gluetun-unhealthy" not in found


def test_a_stopped_adguard_explains_nothing_about_qbittorrent() -> None:
    server = having(container("adguard", running=False), qbittorrent=SILENT)
    assert set(told(server)) == {"container-down", "web-ui-silent"}


def test_an_adguard_in_gluetuns_network_is_silent_because_the_tunnel_is_down() -> None:
    joined = container("adguard", image="adguard/adguardhome", network="container:gluetun-id", started_s=3000)
    server = having(
        joined, gluetun=Gluetun("crashed"), adguard=AdGuard("adguard", True, {"home": ADGUARD_IP}, "SERVFAIL")
    )
    assert told(server)["tunnel-down"] == ("dns-silent",)


def test_a_chain_of_causes_is_listed_under_the_first() -> None:
    bound = replace(QBITTORRENT, interfaces=("lo", "eth0"), listening=())
    server = well(gluetun=Gluetun("crashed"), qbittorrent=bound, port_file=EMPTY)
    found = examine(server)
    assert [one.check for one in found] == ["tunnel-down", "port-missing", "interface-missing", "nothing-listens"]
    assert found[0].consequences == ("port-missing", "interface-missing", "nothing-listens")
    assert found[3].causes == ("tunnel-down", "interface-missing")


def test_a_gluehook_that_does_not_run_explains_the_port_that_nobody_sets() -> None:
    other = replace(QBITTORRENT, preferences={**PREFERENCES, "listen_port": 6881}, listening=("10.8.0.2",))
    server = well(gluehook=Gluehook(False, ("no heartbeat at /x: it is not running",)), qbittorrent=other)
    assert told(server) == {"gluehook-unwell": ("port-differs",)}


def test_what_is_broken_stands_before_what_is_a_risk() -> None:
    privileged = replace(CONTAINERS["gluehook"], privileged=True)
    found = examine(having(privileged, qbittorrent=replace(QBITTORRENT, listening=())))
    assert [one.check for one in found] == ["nothing-listens", "docker-wide-open"]


def test_health_s_sentence_about_the_port_is_no_fault_of_gluehooks() -> None:
    sentence = "gluehook sees no valid port for 400 s although gluetun runs: see its log for why"
    server = well(gluehook=Gluehook(False, (sentence,)), port_file=EMPTY, gluetun=Gluetun("running", "8.8.8.8"))
    assert told(server) == {"tunnel-without-port": ("port-missing",)}


def test_a_member_of_a_chain_under_an_orphan_is_cut_off_as_well() -> None:
    lost = container("qbittorrent", network="container:gone-for-good")
    below = container("sonarr", network="container:qbittorrent-id")
    further = container("recyclarr", network="container:sonarr-id")
    server = having(lost, below, further)
    assert [one.about for one in examine(server)] == ["qbittorrent", "sonarr", "recyclarr"]
    assert "joins 'qbittorrent', which joins" in examine(server)[1].seen
    assert [row.what for row in rows(server) if row.part == "namespace"] == ["qbittorrent", "sonarr", "recyclarr"]


def test_a_dependent_of_a_stopped_gluetun_is_not_attached() -> None:
    below = container("sonarr", network="container:qbittorrent-id", started_s=2000)
    row = {one.what: one for one in rows(having(STOPPED, below)) if one.part == "namespace"}
    assert {one.state for one in row.values()} == {"wrong"}
    assert "does not run" in row["qbittorrent"].says
    found = [one for one in examine(having(STOPPED, below)) if one.about == "sonarr"]
    assert found[0].seen == "'sonarr' shares the network of 'gluetun', which does not run"


def test_after_a_loss_of_the_port_nothing_says_that_it_was_written_anew() -> None:
    server = well(applied={"generation": "1-1", "port": PORT}, port_file=EMPTY, gluetun=Gluetun("running", "8.8.8.8"))
    assert not [one for one in rows(server) if "wrote its port again" in one.says]
    assert "relisten-owed" not in {one.check for one in examine(server)}


def test_a_paused_container_is_a_row_and_its_web_ui_none() -> None:
    server = having(replace(CONTAINERS["qbittorrent"], paused=True), qbittorrent=SILENT)
    found = {one.what: one for one in rows(server) if one.part == "qBittorrent"}
    assert {name: one.state for name, one in found.items()} == {"container": "wrong"}
    assert "paused" in found["container"].says


@pytest.mark.parametrize(
    "server",
    [
        having(container("gluetun", image="qmcgaw/gluetun", started_s=5), gluetun=Unread("refuses the connection"),
               port_file=EMPTY),
        well(gluetun=Gluetun("running", "8.8.8.8"), port_file=PortFile((), "", "2-1", int((NOW_S - 2) * 1e9))),
        having(container("qbittorrent", network="container:gluetun-id", started_s=3), qbittorrent=SILENT),
    ],
    ids=["gluetun starts", "the tunnel came up and asks for a port", "qBittorrent starts"],
)  # fmt: skip
def test_what_only_takes_a_moment_is_no_finding(server: Server) -> None:
    found = [one.check for one in examine(server)]
    assert [name for name in found if name != "dependent-stale"] == []


def test_a_remedy_shows_no_password_of_an_address() -> None:
    settings = Settings(gluetun_url="http://me:hunter2@gluetun:8000", qbittorrent_url="http://me:hunter2@gluetun:8080")
    for server in (well(gluetun=Gluetun("stopped")), well(gluetun=Unread("no answer")), well(qbittorrent=SILENT)):
        told = str(examine(replace(server, settings=settings)))
        assert "PUT http://gluetun:8000/v1/vpn/status" in told or "stopped" not in told
        assert "hunter2" not in told
