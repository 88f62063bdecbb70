"""Why Docker's socket cannot be used: the sentence tells what is so on this machine, and the cure for that."""

from __future__ import annotations

import os
import socket as sockets
from collections.abc import Iterator
from pathlib import Path

import pytest

from hooks.docker.refusals import why
from tests.parts.process.disk import bind

OWN = "12 1 0:1 /docker/containers/{}/hosts /etc/hosts rw - ext4 /dev/vda rw\n".format("a" * 64)
ROOT = "1 0 0:2 / / rw,relatime - overlay overlay rw\n"
USERS = "         0          0 4294967295\n"
NO_POWERS, EVERY_POWER = "CapEff:\t0000000000000000\n", "CapEff:\t000001ffffffffff\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "docker.sock"


@pytest.fixture
def listening(path: Path) -> Iterator[sockets.socket]:
    with sockets.socket(sockets.AF_UNIX) as door:
        door.bind(str(path))
        door.listen()
        yield door


def process(folder: Path, *, mounts: str = "", status: str = NO_POWERS, users: str = USERS, label: str = "") -> Path:
    """A process's folder in /proc."""
    made = folder / "process"
    (made / "attr").mkdir(parents=True)
    (made / "mountinfo").write_text(mounts)
    (made / "status").write_text(f"Name:\tpython\n{status}")
    (made / "uid_map").write_text(users)
    (made / "attr/current").write_text(label)
    return made


# -- it is not there -------------------------------------------------------------------------------


@pytest.mark.parametrize("mounts", [OWN, ROOT])
def test_in_a_container_without_a_mount_it_has_to_be_mounted(tmp_path: Path, path: Path, mounts: str) -> None:
    said = why(FileNotFoundError(), str(path), process(tmp_path, mounts=mounts))
    assert f"Docker's socket {path} is not there: mount it into gluehook's container" in said


@pytest.mark.parametrize("folder", ["", "/.."])
def test_in_a_container_whose_folder_is_mounted_docker_is_away(tmp_path: Path, path: Path, folder: str) -> None:
    mounted = os.path.realpath(f"{tmp_path}{folder}")
    mounts = f"{ROOT}13 1 0:3 /docker {mounted} ro - tmpfs tmpfs rw\n"
    said = why(FileNotFoundError(), str(path), process(tmp_path, mounts=mounts))
    assert f"is not in the mounted folder {mounted}: Docker has stopped or restarts; gluehook connects again" in said


def test_on_a_host_nothing_has_to_be_mounted(tmp_path: Path, path: Path) -> None:
    mounts = f"1 0 8:1 / / rw - ext4 /dev/vda rw\n13 1 0:3 / {tmp_path} rw - tmpfs tmpfs rw\n"
    said = why(FileNotFoundError(), str(path), process(tmp_path, mounts=mounts))
    assert "is not there: Docker is not running on this machine" in said


# -- nobody listens --------------------------------------------------------------------------------


def test_a_socket_that_nobody_listens_at(path: Path, listening: sockets.socket) -> None:
    listening.close()
    assert "Docker is not running there; gluehook connects again" in why(ConnectionRefusedError(), str(path))


def test_a_folder_in_the_place_of_the_socket(path: Path) -> None:
    path.mkdir()
    assert "is a folder, which Docker makes where the file to mount is missing" in why(
        ConnectionRefusedError(), str(path)
    )


def test_a_file_in_the_place_of_the_socket(path: Path) -> None:
    path.touch()
    assert "is a file and no socket: correct the mount" in why(ConnectionRefusedError(), str(path))


def test_the_mounted_socket_of_an_engine_that_has_ended(tmp_path: Path, listening: sockets.socket, path: Path) -> None:
    inside = tmp_path / "inside.sock"
    inside.touch()
    with bind(path, inside):
        path.unlink()
        listening.close()
        with sockets.socket(sockets.AF_UNIX) as client, pytest.raises(ConnectionRefusedError) as refused:
            client.connect(str(inside))
        said = why(refused.value, str(inside))
    assert f"Docker's socket {inside} is the one of an engine that has ended" in said
    assert "restart gluehook's container, and mount the socket's folder" in said


# -- it may not be used ----------------------------------------------------------------------------


def test_without_its_group_the_line_to_add_is_told(tmp_path: Path, path: Path, listening: sockets.socket) -> None:
    path.chmod(0)
    said = why(PermissionError(), str(path), process(tmp_path))
    assert f'add the line `group_add: ["{path.stat().st_gid}"]` to its service' in said
    assert "label=disable" not in said


@pytest.mark.parametrize("status", [NO_POWERS, EVERY_POWER])
def test_where_its_permissions_allow_it_a_security_module_forbids_it(
    tmp_path: Path, path: Path, listening: sockets.socket, status: str
) -> None:
    path.chmod(0 if status == EVERY_POWER else 0o600)
    said = why(PermissionError(), str(path), process(tmp_path, status=status))
    assert 'add `security_opt: ["label=disable"]` to its service' in said
    assert "group_add" not in said


def test_without_its_group_and_confined_by_selinux_both_are_told(
    tmp_path: Path, path: Path, listening: sockets.socket
) -> None:
    path.chmod(0)
    confined = process(tmp_path, label="system_u:system_r:container_t:s0:c1,c2\0")
    said = why(PermissionError(), str(path), confined)
    assert "group_add" in said
    assert "label=disable" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_an_owner_outside_of_the_user_namespace_is_not_cured_by_a_group(
    tmp_path: Path, path: Path, listening: sockets.socket
) -> None:
    os.chown(path, 65534, 65534)
    said = why(PermissionError(), str(path), process(tmp_path, users="0 100000 65536\n", status=EVERY_POWER))
    assert 'add `userns_mode: "host"` to its service' in said
    assert "group_add" not in said


def test_a_socket_that_is_gone_by_then(tmp_path: Path, path: Path) -> None:
    assert "add the group of the socket" in why(PermissionError(), str(path), process(tmp_path))
