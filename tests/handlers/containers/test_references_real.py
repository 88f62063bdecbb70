"""containers.rejoin on a real engine where containers share more than a network: processes, IPC, volumes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import docker
import pytest

from handlers.containers.rejoin import Rejoin, RejoinArgs
from handlers.containers.restart import Restart, RestartArgs
from hooks.handler import Duration
from hooks.world.model import World
from tests.handlers.cases_general import docker_at
from tests.handlers.contract import Notes
from tests.parts.docker.docker_gate import Gate, gate
from tests.parts.docker.dockerd import IMAGE, Dockerd
from tests.parts.docker.on_engine import composed, ends, inspected, namespace, now, state

pytestmark = pytest.mark.docker

REPORT, RECREATE = RejoinArgs("vpn"), RejoinArgs("vpn", "recreate", Duration(0.0))
PLACES = {"/data": "/data", "cfg:/config/": "/config", "dots:/a/./b": "/a/b", "slashes://x//y": "/x/y"}


@pytest.fixture
def door(engine: Dockerd, tmp_path: Path) -> Iterator[Gate]:
    with gate(tmp_path / "gate.sock", engine.socket) as opened:
        yield opened


def make(engine: Dockerd, name: str, network: str = "container:vpn", **host: Any) -> str:
    """A container with these words in its HostConfig, just as they are."""
    config = host.pop("config", {})
    body = {"Image": IMAGE, "Cmd": ["sleep", "1000"], "StopSignal": "KILL", **config}
    with closing(engine.client()) as client:
        made = client.create_container_from_config({**body, "HostConfig": {"NetworkMode": network, **host}}, name)
        client.start(made["Id"])
        return str(made["Id"])


def vpn_anew(engine: Dockerd) -> World:
    old = inspected(engine, "vpn")["Id"]
    engine.remove("vpn")
    engine.run("vpn")
    return World(earlier={"vpn": (old,)})


def restart(engine: Dockerd, name: str) -> None:
    with closing(engine.client()) as client:
        client.restart(name, timeout=0)


def until_ended(engine: Dockerd, *names: str) -> None:
    """The kernel ends them with whom they share processes with, and the engine hears of it a moment later."""
    for name in names:
        with closing(engine.client()) as client:
            client.wait(name, timeout=10)
        assert state(engine, name)["Status"] == "exited"


def processes(engine: Dockerd, name: str) -> str:
    return str(Path(f"/proc/{state(engine, name)['Pid']}/ns/pid").readlink())


def test_a_restart_brings_back_whom_it_stops_and_its_order_follows_every_reference(engine: Dockerd) -> None:
    engine.run("vpn")
    engine.run("z-owner", network="container:vpn", volumes=["/data"])
    make(engine, "a-member", PidMode="container:z-owner", VolumesFrom=["z-owner:ro"])
    make(engine, "outside", network="none", PidMode="container:a-member")
    restart(engine, "vpn")
    done = "containers 'a-member' and 'z-owner' restarted, in the network of 'vpn'"
    assert ends(Rejoin(), REPORT, now(engine)) == ("changed", f"{done}; container 'outside' restarted, with 'a-member'")
    assert {namespace(engine, name) for name in ("a-member", "z-owner")} == {namespace(engine, "vpn")}
    assert len({processes(engine, name) for name in ("a-member", "z-owner", "outside")}) == 1
    assert ends(Rejoin(), REPORT, now(engine))[0] == "unchanged"


def test_a_recreation_names_everyone_by_the_present_id(engine: Dockerd) -> None:
    engine.run("vpn")
    owner = engine.run("z-owner", network="container:vpn", volumes=["/data"], host={"ipc_mode": "shareable"})
    assert engine.shell("z-owner", "echo kept > /data/file") == 0
    make(engine, "member", PidMode="container:z-owner", IpcMode="container:z-owner", VolumesFrom=[f"{owner}:ro"])
    make(engine, "another", VolumesFrom=[owner[:12]])
    world = vpn_anew(engine)
    assert ends(Rejoin(), RECREATE, now(engine, world=world)) == (
        "changed", "containers 'another', 'member' and 'z-owner' re-created, in the network of 'vpn'",
    )  # fmt: skip
    ident, host = inspected(engine, "z-owner")["Id"], inspected(engine, "member")["HostConfig"]
    assert {host["PidMode"], host["IpcMode"], *host["VolumesFrom"]} == {f"container:{ident}", f"{ident}:ro"}
    assert inspected(engine, "another")["HostConfig"]["VolumesFrom"] == [ident]
    assert inspected(engine, "another")["HostConfig"]["Binds"] in (None, []), "it has the volume by the owner"
    for name in ("member", "another"):
        assert engine.shell(name, 'test "$(cat /data/file)" = kept') == 0
    assert processes(engine, "member") == processes(engine, "z-owner")
    assert ends(Rejoin(), RECREATE, now(engine, world=world))[0] == "unchanged"


def test_an_attached_one_that_shares_the_processes_of_a_recreated_one_goes_with_it(engine: Dockerd) -> None:
    engine.run("vpn")
    engine.run("owner", network="container:vpn")
    world = vpn_anew(engine)
    make(engine, "member", PidMode="container:owner")  # in the new network, as Compose may have made it meanwhile
    status, said = ends(Rejoin(), RECREATE, now(engine, world=world))
    assert (status, "containers 'member' and 'owner' re-created" in said) == ("changed", True), said
    assert processes(engine, "member") == processes(engine, "owner")


def test_one_with_networks_of_its_own_keeps_them(engine: Dockerd) -> None:
    engine.run("vpn")
    engine.run("owner", network="container:vpn")
    with closing(engine.client()) as client:
        for number, name in enumerate(("first", "second"), 1):
            pool = docker.types.IPAMPool(subnet=f"{engine.net}.{number}.0/24")
            client.create_network(name, ipam=docker.types.IPAMConfig(pool_configs=[pool]))
        asked = {"Aliases": ["watcher"], "IPAMConfig": {"IPv4Address": f"{engine.net}.1.77"}}
        body = {
            "Image": IMAGE, "Cmd": ["sleep", "1000"], "StopSignal": "KILL", "ExposedPorts": {"80/tcp": {}},
            "HostConfig": {"NetworkMode": "first", "PidMode": "container:owner",
                           "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}},
            "NetworkingConfig": {"EndpointsConfig": {"first": asked}},
        }  # fmt: skip
        made = client.create_container_from_config(body, "outside")
        client.connect_container_to_network(made, "second", aliases=["other"])
        client.start(made)
    before = inspected(engine, "outside")
    for _ in "12":
        assert ends(Rejoin(), RECREATE, now(engine, world=vpn_anew(engine))) == (
            "changed",
            "container 'owner' re-created, in the network of 'vpn'; container 'outside' re-created, with 'owner'",
        )
        after = inspected(engine, "outside")
        assert (after["Id"] != before["Id"], after["State"]["Running"]) == (True, True)
        assert processes(engine, "outside") == processes(engine, "owner")
        assert own_networks(after) == own_networks(before)
        for key in ("PortBindings", "NetworkMode"):
            assert after["HostConfig"][key] == before["HostConfig"][key]
        assert after["Config"]["Hostname"] == after["Id"][:12], "and not the one before's"
        assert after["Config"]["ExposedPorts"] == before["Config"]["ExposedPorts"]


def own_networks(raw: dict[str, Any]) -> dict[str, Any]:
    """What was asked for, by network, and the address where one was."""
    found = {}
    for name, network in raw["NetworkSettings"]["Networks"].items():
        fixed = (network["IPAMConfig"] or {}).get("IPv4Address")
        aliases = {alias for alias in network["Aliases"] or () if alias != raw["Id"][:12]}
        found[name] = (fixed, network["IPAddress"] if fixed else "", aliases)
    return found


def test_one_that_goes_when_it_stops_is_named_with_the_command(engine: Dockerd) -> None:
    engine.run("vpn")
    engine.run("owner", network="container:vpn")
    make(engine, "outside", network="none", PidMode="container:owner", AutoRemove=True,
         config={"Labels": composed("watcher", "owner")})  # fmt: skip
    word, said = ends(Rejoin(), RECREATE, now(engine, world=vpn_anew(engine)))
    assert (word, "container 'owner' re-created, in the network of 'vpn'" in said) == ("GiveUp", True), said
    assert "container 'outside' shares the processes of 'owner' and must be re-created after it; run: docker" in said


def test_what_our_restart_stopped_is_brought_back_by_the_next_attempt(engine: Dockerd, door: Gate) -> None:
    engine.run("vpn")
    engine.run("owner", network="container:vpn")
    member = make(engine, "member", PidMode="container:owner")
    outside = make(engine, "outside", network="none", PidMode="container:owner")
    restart(engine, "vpn")
    memory = Notes()
    ctx = now(engine, memory=memory, docker=docker_at(door.host))
    door.judge = lambda request: 500 if request.startswith("POST") and (member in request or outside in request) else 0
    word, said = ends(Rejoin(), REPORT, ctx)
    assert (word, "container 'owner' restarted, in the network of 'vpn'" in said) == ("Retry", True), said
    until_ended(engine, "member", "outside")
    door.judge = lambda _: 0
    status, said = ends(Rejoin(), REPORT, ctx)
    assert (status, "'member' started" in said, "'outside' started, with 'owner'" in said) == ("changed", True, True)
    assert len({processes(engine, name) for name in ("member", "outside", "owner")}) == 1
    with closing(engine.client()) as client:  # and from now on it is the owner's again
        client.stop("member")
    assert "container 'member' does not run and stays stopped" in ends(Rejoin(), REPORT, ctx)[1]


def test_one_that_ends_with_the_parent_whose_processes_it_shares_was_not_stopped(engine: Dockerd) -> None:
    engine.run("vpn")
    make(engine, "member", PidMode="container:vpn")
    make(engine, "stopped", PidMode="container:vpn", config={"StopSignal": "TERM"})
    with closing(engine.client()) as client:
        client.stop("stopped")
    restart(engine, "vpn")
    until_ended(engine, "member")
    status, said = ends(Rejoin(), REPORT, now(engine))
    assert (status, "container 'member' started, in the network of 'vpn'" in said) == ("changed", True), said
    assert "container 'stopped' does not run and stays stopped" in said


def test_one_whose_owner_was_recreated_by_somebody_is_recreated_too(engine: Dockerd) -> None:
    engine.run("vpn")
    old = engine.run("owner", network="container:vpn")
    make(engine, "member", PidMode="container:owner", RestartPolicy={"Name": "on-failure"})
    engine.remove("owner")
    engine.run("owner", network="container:vpn")
    with closing(engine.client()) as client:
        client.wait("member")
    with closing(engine.client()) as client, pytest.raises(Exception, match="No such container"):
        client.start("member")  # as its restart policy does
    status, said = ends(Rejoin(), RECREATE, now(engine, world=World(earlier={"owner": (old,)})))
    assert (status, said) == ("changed", "container 'member' re-created, in the network of 'vpn'")
    assert processes(engine, "member") == processes(engine, "owner")


@pytest.mark.parametrize("bind", [*PLACES, "cfg:/two//./ways/", "/only/../once/"])
def test_a_path_is_compared_as_docker_does(engine: Dockerd, bind: str) -> None:
    engine.run("vpn")
    make(engine, "dep", Binds=[bind], config={"Volumes": {"/w/": {}}}, Mounts=[{"Type": "volume", "Target": "/q//z/"}])
    first = {mount["Destination"]: mount["Source"] for mount in inspected(engine, "dep")["Mounts"]}
    assert len(first) == 3
    for _ in "12":
        assert ends(Rejoin(), RECREATE, now(engine, world=vpn_anew(engine)))[0] == "changed"
        assert {mount["Destination"]: mount["Source"] for mount in inspected(engine, "dep")["Mounts"]} == first


def test_the_images_name_is_gone_and_the_image_is_there(engine: Dockerd) -> None:
    engine.run("vpn")
    with closing(engine.client()) as client:
        client.tag(IMAGE, "leaving")
        host = client.create_host_config(network_mode="container:vpn")
        client.start(client.create_container("leaving", "sleep 1000", name="dep", host_config=host, stop_signal="KILL"))
        image = inspected(engine, "dep")["Image"]
        client.remove_image("leaving", force=True)
    assert ends(Rejoin(), RECREATE, now(engine, world=vpn_anew(engine)))[0] == "changed"
    assert inspected(engine, "dep")["Image"] == image


def test_a_restart_of_one_container_brings_back_who_shares_its_processes(engine: Dockerd) -> None:
    engine.run("vpn")
    make(engine, "outside", network="none", PidMode="container:vpn")
    make(engine, "member", PidMode="container:vpn")
    make(engine, "stopped", network="none", PidMode="container:vpn")
    with closing(engine.client()) as client:
        client.stop("stopped", timeout=0)
    ctx = now(engine)
    assert ends(Restart(), RestartArgs("vpn"), ctx) == (
        "changed", "container 'vpn' restarted; container 'outside' started, which shares its processes",
    )  # fmt: skip
    assert [state(engine, name)["Running"] for name in ("outside", "member", "stopped")] == [True, False, False]
    assert ends(Rejoin(), REPORT, ctx)[1].startswith("container 'member' started, in the network of 'vpn'")
    assert len({processes(engine, name) for name in ("outside", "member", "vpn")}) == 1
    assert not state(engine, "stopped")["Running"]
    assert ctx.memory.get("containers.stopped_with") is None
