"""The doctor with a real Docker: what it finds about containers and networks, and that it changes nothing there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from docker.errors import APIError

from handlers.containers.rejoin import Rejoin, RejoinArgs
from hooks.config.settings import Settings
from hooks.docker.client import forget
from hooks.doctor.examine import examine
from hooks.doctor.facts import qbittorrent
from hooks.doctor.facts.collect import Collector
from hooks.doctor.facts.in_container import runner
from hooks.doctor.facts.model import Gluehook, Server
from hooks.doctor.status.rows import rows
from tests.handlers.contract import Notes
from tests.parts.docker.docker_gate import Gate, gate
from tests.parts.docker.dockerd import IMAGE, Dockerd
from tests.parts.docker.on_engine import composed, inspected, now
from tests.parts.process.gluehook import until

pytestmark = pytest.mark.docker
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def door(engine: Dockerd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Every request of the doctor passes this gate, which counts the writes."""
    with gate(tmp_path / "docker.sock", engine.socket) as made:
        monkeypatch.setenv("DOCKER_HOST", made.host)
        try:
            yield made
        finally:
            forget()


def read(
    folder: Path, own: str = "", earlier: dict[str, tuple[str, ...]] | None = None, memory: Notes | None = None,
    **settings: Any,
) -> Server:  # fmt: skip
    where = {"qbittorrent_url": NOWHERE, "gluetun_url": NOWHERE, "wireguard_dir": str(folder / "none"),
             "forwarded_port_file": str(folder / "none"), **settings}  # fmt: skip
    own_state = Gluehook(True, ("healthy",), earlier_ids=earlier or {})
    # these addresses answer nothing; AdGuard is not asked by `collect`
    return Collector(Settings(**where), lambda: own_state, lambda _: None, memory or Notes(), own_id=own).collect(10.0)


def findings(server: Server) -> dict[str, str]:
    return {finding.check: " ".join((*finding.run, finding.fix)) for finding in examine(server)}


def dependents(server: Server) -> dict[str, str]:
    return {one.seen.name: one.state for one in server.dependents}


def test_attached_stale_stranded_and_stopped(engine: Dockerd, door: Gate, tmp_path: Path) -> None:
    engine.run("gluetun")
    for name in ("qbittorrent", "prowlarr", "sonarr"):
        engine.run(name, network="container:gluetun")
    with closing(engine.client()) as client:
        client.stop("sonarr")
        first = read(tmp_path)
        assert dependents(first) == {"qbittorrent": "attached", "prowlarr": "attached", "sonarr": "stopped"}
        assert findings(first) == {}  # nothing answers there, but these containers have only just started
        client.stop("gluetun")
        with pytest.raises(APIError, match="non running"):
            client.restart("prowlarr", timeout=0)
        client.start("gluetun")
    server = read(tmp_path)
    assert dependents(server) == {"qbittorrent": "stale", "prowlarr": "stranded", "sonarr": "stopped"}
    found = findings(server)
    assert set(found) == {"dependent-stale", "dependent-stranded"}
    assert found["dependent-stale"].startswith("docker restart qbittorrent")
    assert found["dependent-stranded"].startswith("docker start prowlarr")
    assert {row.what: row.state for row in rows(server) if row.part == "namespace"} == {
        "qbittorrent": "wrong", "prowlarr": "wrong", "sonarr": "note",
    }  # fmt: skip
    assert door.writes() == []


def test_what_gluehook_saw_and_did_counts_as_it_does_for_the_rule(engine: Dockerd, door: Gate, tmp_path: Path) -> None:
    engine.run("gluetun")
    ids = {name: engine.run(name, network="container:gluetun") for name in ("qbittorrent", "exporter", "sonarr")}
    memory = Notes()
    assert Rejoin().apply(RejoinArgs("gluetun"), now(engine, memory=memory)).status == "unchanged"
    joined = memory.values["containers.joined:gluetun"]
    starts = {name: joined[ident][0] for name, ident in ids.items()}
    joined[ids["qbittorrent"]][2] -= 1  # it joined another start, whatever the clock says
    memory.put("containers.stopped_with", {"exporter": starts["exporter"], "sonarr": starts["sonarr"] - 1})
    with closing(engine.client()) as client:
        for name in ("exporter", "sonarr"):
            client.stop(name)
    assert dependents(read(tmp_path, memory=memory)) == {
        "qbittorrent": "stale", "exporter": "stranded", "sonarr": "stopped",
    }  # fmt: skip
    assert door.writes() == []


def test_a_gluetun_that_was_re_created(engine: Dockerd, door: Gate, tmp_path: Path) -> None:
    old = engine.run("gluetun")
    engine.run("qbittorrent", network="container:gluetun", labels=composed("qbittorrent", "gluetun"))
    engine.remove("gluetun")
    engine.run("gluetun", labels=composed("gluetun"))
    engine.run("other-vpn")
    gone = inspected(engine, "other-vpn")["Id"]
    engine.run("prowlarr", network="container:other-vpn")
    engine.remove("other-vpn")
    unknown = read(tmp_path)
    assert dependents(unknown) == {"qbittorrent": "elsewhere"}  # known by Compose's labels
    assert findings(unknown)["orphaned"].startswith("docker inspect prowlarr")
    known = read(tmp_path, earlier={"gluetun": (old, gone)})
    assert dependents(known) == {"qbittorrent": "elsewhere", "prowlarr": "elsewhere"}
    remedies = [finding.run[0] for finding in examine(known) if finding.check == "dependent-elsewhere"]
    assert any("docker compose -f /srv/compose.yaml" in fix for fix in remedies)
    assert door.writes() == []


def test_our_own_container_and_what_containers_are_set_to(engine: Dockerd, door: Gate, tmp_path: Path) -> None:
    file = tmp_path / "forwarded_port"
    file.write_text("40000")
    with closing(engine.client()) as client:
        client.tag(IMAGE, "willfarrell/autoheal")
        client.tag(IMAGE, "linuxserver/wireguard")
        mount = {"binds": [f"{file}:/tmp/gluetun/forwarded_port"]}
        pia = ["VPN_SERVICE_PROVIDER=private internet access", "VPN_PORT_FORWARDING=on", "SERVER_REGIONS=US East"]
        engine.run("gluetun", host=mount, environment=pia)
        engine.run("qbittorrent", network="container:gluetun", environment=["TORRENTING_PORT=6881"])
        own = engine.run("gluehook", network="container:gluetun")
        made = client.create_container(
            "willfarrell/autoheal", "sleep 1000", name="autoheal", environment=["AUTOHEAL_CONTAINER_LABEL=all"],
            stop_signal="KILL", host_config=client.create_host_config(network_mode="none"),
        )  # fmt: skip
        client.start(made["Id"])
        client.create_container("linuxserver/wireguard", "sleep 1000", name="wireguard")
    found = set(findings(read(tmp_path, own)))
    assert found == {
        "region-cannot-forward", "port-file-mounted-alone", "torrenting-port-set", "own-namespace-shared",
        "healer-restarts-gluetun", "keys-in-the-log", "container-down",
    }  # fmt: skip
    assert door.writes() == []


def test_wireguard_and_adguard_without_and_with_a_common_network(engine: Dockerd, door: Gate, tmp_path: Path) -> None:
    one, two = f"doctor-{uuid4().hex[:8]}", f"doctor-{uuid4().hex[:8]}"  # `engine` removes them
    with closing(engine.client()) as client:
        for name in (one, two):
            client.create_network(name, driver="bridge", internal=True)
        engine.run("wireguard", network=one)
        engine.run("adguard", network=two)
        assert set(findings(read(tmp_path))) == {"no-common-network"}
        client.connect_container_to_network("adguard", one)
        assert findings(read(tmp_path)) == {}
    assert door.writes() == []


def test_listeners_are_read_inside_of_the_container(engine: Dockerd, door: Gate, tmp_path: Path) -> None:
    engine.run("gluetun")
    engine.run("qbittorrent", "nc -l -p 4242 -e cat", network="container:gluetun")
    until(lambda: engine.shell("qbittorrent", "grep -q :1092 /proc/net/tcp /proc/net/tcp6") == 0, "nothing listens")
    server = read(tmp_path)
    ctx = Collector(server.settings, lambda: server.gluehook, lambda _: None, Notes()).context(server.docker, 10.0)  # type: ignore[arg-type]
    run = runner(ctx, server.docker, "qbittorrent")  # type: ignore[arg-type]
    assert run is not None
    code, table = run(qbittorrent.LISTENERS)
    assert code in (0, 2)
    assert list(qbittorrent.listeners(table, 4242)) == ["::"]
    assert list(qbittorrent.listeners(table, 4243)) == []
    # the only requests that are no GET, because Docker offers no other way to read a container's /proc
    assert len(door.writes()) == 2
    assert all(word.endswith(("/exec", "/start")) and "containers/qbittorrent" not in word for word in door.writes())


def test_a_socket_that_we_may_not_use(engine: Dockerd, door: Gate, tmp_path: Path) -> None:
    door.judge = lambda _: 403
    forget()
    found = findings(read(tmp_path))
    assert set(found) == {"docker-unreachable"}
    assert "EVENTS=1" in found["docker-unreachable"]
