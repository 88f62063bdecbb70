"""A re-creation on a real engine: nothing is lost, and wherever it fails the old one is back in its place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handlers.containers.rejoin import Rejoin, RejoinArgs
from handlers.containers.temporary_names import temporary_name
from hooks.handler import Duration
from hooks.world.model import World
from tests.handlers.cases_general import docker_at
from tests.handlers.contract import Notes
from tests.parts.docker.docker_gate import Gate, gate
from tests.parts.docker.dockerd import IMAGE, Dockerd
from tests.parts.docker.on_engine import ends, inspected, namespace, now, state

pytestmark = pytest.mark.docker

FINISHED = "the re-creation of container 'dep', which was cut off, is finished"
RECREATE = RejoinArgs("vpn", "recreate", Duration(0.0))


@pytest.fixture
def door(engine: Dockerd, tmp_path: Path) -> Iterator[Gate]:
    with gate(tmp_path / "gate.sock", engine.socket) as opened:
        yield opened


def vpn_anew(engine: Dockerd) -> World:
    old = inspected(engine, "vpn")["Id"]
    engine.remove("vpn")
    engine.run("vpn")
    return World(earlier={"vpn": (old,)})


def names(engine: Dockerd) -> set[str]:
    with closing(engine.client()) as client:
        return {one["Names"][0].lstrip("/") for one in client.containers(all=True)}


# -- nothing is lost ----------------------------------------------------------------------------------

# Docker refuses these beside another's network: hostname, domainname, ports, DNS, extra hosts, links, networks, MAC.
CONFIG: dict[str, Any] = {
    "Cmd": ["1000"], "Entrypoint": ["sleep"], "User": "0:0", "WorkingDir": "/tmp", "Tty": True, "OpenStdin": True,
    "StopSignal": "SIGKILL", "StopTimeout": 3, "Env": ["A=1", "B=with spaces = and $igns"],
    "Labels": {"com.example": "x", "empty": ""}, "Volumes": {"/anonymous": {}},
    "Healthcheck": {
        "Test": ["CMD-SHELL", "true"], "Interval": 10**12, "Timeout": 10**9, "Retries": 7, "StartPeriod": 10**9,
    },
}  # fmt: skip
HOST: dict[str, Any] = {
    "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 4},
    "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "2"}},
    "CapAdd": ["NET_ADMIN", "SYS_TIME"], "CapDrop": ["MKNOD"], "SecurityOpt": ["no-new-privileges"],
    "Devices": [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/nothing", "CgroupPermissions": "rw"}],
    "DeviceCgroupRules": ["c 1:3 rw"], "GroupAdd": ["1234"],
    "Ulimits": [{"Name": "nofile", "Soft": 512, "Hard": 1024}],
    "Sysctls": {"kernel.msgmax": "65000"}, "Memory": 64 << 20, "MemoryReservation": 32 << 20, "MemorySwap": 128 << 20,
    "CpuShares": 512, "CpuPeriod": 100000, "CpuQuota": 50000, "CpusetCpus": "0", "PidsLimit": 99, "BlkioWeight": 0,
    "OomScoreAdj": 100, "OomKillDisable": False, "ShmSize": 32 << 20, "Init": True, "ReadonlyRootfs": True,
    "IpcMode": "shareable", "PidMode": "host", "CgroupnsMode": "host", "Runtime": "runc",
    "Tmpfs": {"/scratch": "size=1m", "/run": ""},
    "MaskedPaths": ["/proc/kcore"], "ReadonlyPaths": ["/proc/bus"],
}  # fmt: skip


def full_of_options(engine: Dockerd, folder: Path) -> None:
    """A container that uses every option that one in another's network can have."""
    for name in ("bound", "mounted"):
        (folder / name).mkdir()
    host = {
        **HOST, "NetworkMode": "container:vpn",
        "Binds": [f"{folder}/bound:/bound:ro,rprivate", "named:/named", f"{folder}/bound:/again"],
        "Mounts": [
            {"Type": "volume", "Target": "/nameless", "VolumeOptions": {"Labels": {"a": "b"}}},
            {"Type": "volume", "Source": "other", "Target": "/other", "ReadOnly": True},
            {
                "Type": "bind", "Source": f"{folder}/mounted", "Target": "/mounted",
                "BindOptions": {"Propagation": "rprivate"},
            },
            {"Type": "tmpfs", "Target": "/more", "TmpfsOptions": {"SizeBytes": 1 << 20}},
        ],
    }  # fmt: skip
    with closing(engine.client()) as client:
        made = client.create_container_from_config({"Image": IMAGE, **CONFIG, "HostConfig": host}, "dep")
        client.start(made["Id"])


def comparable(raw: dict[str, Any], vpn: str) -> dict[str, Any]:
    """Every word that must be the same before and after. The parent's id in it is one word."""
    told = {
        "HostConfig": {key: value for key, value in raw["HostConfig"].items() if key not in ("Binds", "Mounts")},
        "Config": {key: value for key, value in raw["Config"].items() if key != "Hostname"},  # the parent's
        # the nameless one is named now, and Docker shows its default mode for such
        "Mounts": {mount["Destination"]: {**mount, "Mode": mount["Mode"] or "z"} for mount in raw["Mounts"]},
        "": {key: raw[key] for key in ("Image", "Name", "Path", "Args")},
    }
    flat = {f"{part}.{key}": value for part, values in told.items() for key, value in values.items()}
    return dict(json.loads(json.dumps(flat).replace(vpn, "the vpn")))


def test_every_option_is_as_it_was_and_so_it_is_the_next_time(engine: Dockerd, tmp_path: Path) -> None:
    vpn = engine.run("vpn")
    full_of_options(engine, tmp_path)
    assert engine.shell("dep", "for d in named nameless anonymous; do echo kept > /$d/file; done") == 0
    first = inspected(engine, "dep")
    for key, value in {**CONFIG, **HOST}.items():
        really = first["Config"].get(key, first["HostConfig"].get(key))
        assert really == value or set(really) > set(value), f"{key} is not really set"
    for _ in "12":
        world = vpn_anew(engine)
        assert ends(Rejoin(), RECREATE, now(engine, world=world))[0] == "changed"
        after = inspected(engine, "dep")
        assert after["Id"] != first["Id"]
        vpn_now = inspected(engine, "vpn")["Id"]
        was, is_now = comparable(first, vpn), comparable(after, vpn_now)
        assert {
            key: (was.get(key), is_now.get(key)) for key in {*was, *is_now} if was.get(key) != is_now.get(key)
        } == {}
        assert namespace(engine, "dep") == namespace(engine, "vpn")
        assert (
            engine.shell("dep", 'for d in named nameless anonymous; do test "$(cat /$d/file)" = kept || exit 1; done')
            == 0
        )
    assert names(engine) == {"vpn", "dep"}


def test_a_joined_ipc_namespace_moves_with_it(engine: Dockerd) -> None:
    old = engine.run("vpn", host={"ipc_mode": "shareable"})
    engine.run("dep", network="container:vpn", host={"ipc_mode": f"container:{old}"})
    engine.remove("vpn")
    engine.run("vpn", host={"ipc_mode": "shareable"})
    assert ends(Rejoin(), RECREATE, now(engine, world=World(earlier={"vpn": (old,)})))[0] == "changed"
    host, vpn = inspected(engine, "dep")["HostConfig"], inspected(engine, "vpn")["Id"]
    assert {host["NetworkMode"], host["IpcMode"]} == {f"container:{vpn}"}


def test_it_keeps_its_image_when_the_tag_has_gone_to_another(engine: Dockerd) -> None:
    engine.run("vpn")
    with closing(engine.client()) as client:
        client.tag(IMAGE, "moving")
        host = client.create_host_config(network_mode="container:vpn")
        made = client.create_container("moving", "sleep 1000", name="dep", host_config=host, stop_signal="KILL")
        client.start(made)
        image = inspected(engine, "dep")["Image"]
        client.commit("dep", "moving", changes=["ENV NEWER=1"])
        try:
            assert ends(Rejoin(), RECREATE, now(engine, world=vpn_anew(engine)))[0] == "changed"
            assert inspected(engine, "dep")["Image"] == image
            assert names(engine) == {"vpn", "dep"}
        finally:
            client.remove_image("moving", force=True)


# -- failure in the middle ----------------------------------------------------------------------------

STEPS = ["create", "stop", "rename", "second rename", "start", "remove"]


def refuse(step: str, status: int = 500) -> Any:
    """A judge that refuses this step of a re-creation."""
    seen: dict[str, int] = {}

    def judge(request: str) -> int:
        word = "remove" if request.startswith("DELETE") else request.rpartition("/")[2]
        seen[word] = seen.get(word, 0) + 1
        called = {("rename", 2): "second rename"}.get((word, seen[word]), word)
        return status if called == step and seen[word] <= 2 else 0

    return judge


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_fails_leaves_the_old_one_in_its_place_and_the_next_attempt_goes_on(
    engine: Dockerd, door: Gate, step: str
) -> None:
    engine.run("vpn")
    old = engine.run("dep", network="container:vpn", volumes=["/data"])
    assert engine.shell("dep", "echo kept > /data/file") == 0
    memory, world = Notes(), vpn_anew(engine)
    ctx = now(engine, memory=memory, world=world, docker=docker_at(door.host))
    door.judge = refuse(step)
    word, said = ends(Rejoin(), RECREATE, ctx)
    assert (word, "cannot re-create container 'dep': Docker answered 500" in said) == ("Retry", True), said
    if step != "remove":  # then the new one runs already
        assert inspected(engine, "dep")["Id"] == old
        assert names(engine) == {"vpn", "dep"}
    assert state(engine, "dep")["Running"] == (step in ("create", "stop", "remove"))
    door.judge = lambda _: 0
    assert ends(Rejoin(), RECREATE, ctx)[0] == "changed"
    assert namespace(engine, "dep") == namespace(engine, "vpn")
    assert engine.shell("dep", 'test "$(cat /data/file)" = kept') == 0
    assert names(engine) == {"vpn", "dep"}


def test_one_that_has_started_although_the_answer_was_lost_is_not_undone(engine: Dockerd, door: Gate) -> None:
    engine.run("vpn")
    old = engine.run("dep", network="container:vpn")
    ctx = now(engine, world=vpn_anew(engine), docker=docker_at(door.host))

    def starts_it_and_says_nothing_good(request: str) -> int:
        if not request.endswith("/start"):
            return 0
        with closing(engine.client()) as client:
            client.start(request.split("/")[2])
        return 500

    door.judge = starts_it_and_says_nothing_good
    assert ends(Rejoin(), RECREATE, ctx)[0] == "Retry"
    started = inspected(engine, "dep")
    assert (started["Id"] != old, started["State"]["Running"]) == (True, True)
    assert ends(Rejoin(), RECREATE, ctx) == ("changed", FINISHED)
    assert inspected(engine, "dep")["Id"] == started["Id"]
    assert names(engine) == {"vpn", "dep"}


def test_without_leave_nothing_has_been_touched(engine: Dockerd, door: Gate) -> None:
    engine.run("vpn")
    old = engine.run("dep", network="container:vpn")
    door.judge = lambda request: 0 if request.startswith("GET") else 403
    ctx = now(engine, world=vpn_anew(engine), docker=docker_at(door.host))
    word, said = ends(Rejoin(), RECREATE, ctx)
    assert (word, "set CONTAINERS=1 POST=1 in its environment" in said) == ("GiveUp", True), said
    assert (inspected(engine, "dep")["Id"], state(engine, "dep")["Running"]) == (old, True)


def test_one_that_cannot_be_inspected_hides_nobody(engine: Dockerd, door: Gate) -> None:
    engine.run("vpn")
    broken = engine.run("broken", network="container:vpn")
    engine.run("dep", network="container:vpn")
    with closing(engine.client()) as client:
        client.restart("vpn", timeout=0)
    door.judge = lambda request: 500 if broken in request else 0
    word, said = ends(Rejoin(), RejoinArgs("vpn"), now(engine, docker=docker_at(door.host)))
    assert word == "Retry"
    assert said.startswith("container 'dep' restarted, in the network of 'vpn'; container 'broken' cannot be inspected")
    assert namespace(engine, "dep") == namespace(engine, "vpn")


def test_what_only_bears_such_a_name_is_no_leftover_of_ours(engine: Dockerd) -> None:
    engine.run("vpn")
    engine.run("dep")
    copied = temporary_name("dep", "old", "0123456789ab")
    engine.run(copied)
    assert ends(Rejoin(), RECREATE, now(engine))[0] == "unchanged"
    assert names(engine) == {"vpn", "dep", copied}


def test_a_leftover_is_taken_for_no_dependent(engine: Dockerd) -> None:
    engine.run("vpn")
    old = engine.run("dep", network="container:vpn")
    with closing(engine.client()) as client:
        client.rename("dep", temporary_name("dep", "old", old))
    engine.run("dep", network="container:vpn")  # as if the removal of the old one had failed
    with closing(engine.client()) as client:
        client.stop(old)
        client.restart("vpn", timeout=0)
    status, said = ends(Rejoin(), replace(RECREATE), now(engine))
    assert (status, said) == (
        "changed",
        f"{FINISHED}; container 'dep' restarted, in the network of 'vpn'",
    )
    assert names(engine) == {"vpn", "dep"}
