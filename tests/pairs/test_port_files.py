"""Where the port file of each gluetun is here: by the setting, else by a mount that both share."""

from __future__ import annotations

from typing import Any

import pytest

from hooks.config.settings import Settings
from hooks.docker import program_facts
from hooks.pairs.port_files import port_files
from hooks.world.model import Container, World

OWN = "0" * 64
DEFAULT = "/tmp/gluetun/forwarded_port"


def vpn(name: str, file: str) -> Container:
    """A gluetun whose port file is there on the host."""
    return Container(name, name.ljust(64, "-"), "qmcgaw/gluetun", port_file=file)


def own(**mounts: str) -> Container:
    """gluehook's own container, with these mounts: _vpn="/srv/vpn"."""
    found = {path.replace("_", "/"): source for path, source in mounts.items()}
    return Container("gluehook", OWN, "gluehook", mounts=found)


@pytest.mark.parametrize(
    ("containers", "settings", "expected"),
    [
        ([], {}, {"gluetun": DEFAULT}),
        ([vpn("a", "")], {}, {"a": DEFAULT}),
        ([vpn("a", "/srv/a/port"), own(_vpn="/srv/a")], {}, {"a": "/vpn/port"}),
        ([vpn("a", "/srv/a/port"), own(_vpn="/srv")], {}, {"a": "/vpn/a/port"}),
        ([vpn("a", "/srv/a/port"), own(_port="/srv/a/port")], {}, {"a": "/port"}),
        ([vpn("a", "/srv/ab/port"), own(_vpn="/srv/a")], {}, {"a": DEFAULT}),
        ([vpn("a", "volume:x/port"), own(_vpn="volume:x")], {}, {"a": "/vpn/port"}),
        ([vpn("a", "/srv/a/port"), own(_vpn="/srv/a")], {"forwarded_port_file": "/own"}, {"a": "/own"}),
        ([vpn("a", "/srv/a/port"), vpn("b", "/srv/b/port"), own(_a="/srv/a", _b="/srv/b")], {},
         {"a": "/a/port", "b": "/b/port"}),
        ([vpn("a", "/srv/a/port"), vpn("b", "/srv/b/port"), own(_a="/srv/a", _b="/srv/b")],
         {"forwarded_port_file": "/b/port"}, {"b": "/b/port", "a": "/a/port"}),
        ([vpn("a", "/srv/a/port"), vpn("gluetun", "/srv/b/port"), own(_a="/srv/a")], {},
         {"gluetun": DEFAULT, "a": "/a/port"}),
        ([vpn("a", "/srv/a/port"), vpn("b", ""), own(_a="/srv/a")], {}, {"a": "/a/port", "b": ""}),
        ([vpn("a", "/srv/a/port"), vpn("0_a", "/srv/a/port"), own(_a="/srv/a")], {}, {"a": "/a/port", "0_a": ""}),
    ],
)  # fmt: skip
def test_the_port_file_of_each(containers: list[Container], settings: dict[str, Any], expected: dict[str, str]) -> None:
    world = World()
    for container in containers:
        world = world.with_container(container)
    found = port_files(world, Settings(**settings), OWN)
    assert list(found.items()) == list(expected.items())


def test_outside_of_a_container_a_folder_of_the_host_has_its_own_path() -> None:
    world = World().with_container(vpn("a", "/srv/a/port")).with_container(vpn("b", "volume:x/port"))
    assert port_files(world, Settings()) == {"a": "/srv/a/port", "b": ""}


@pytest.mark.parametrize(
    ("container", "environment", "mounts", "expected"),
    [
        (vpn("a", ""), {}, {"/tmp/gluetun": ("bind", "/srv/a")}, (8000, "/srv/a/forwarded_port")),
        (vpn("a", ""), {"VPN_PORT_FORWARDING_STATUS_FILE": "/gluetun/p", "HTTP_CONTROL_SERVER_ADDRESS": ":9000"},
         {"/gluetun": ("volume", "x"), "/gluetun/p": ("bind", "/p")}, (9000, "/p")),
        (Container("own", "1", "own/vpn"), {"VPN_SERVICE_PROVIDER": "pia"}, {"/tmp": ("volume", "x")},
         (8000, "volume:x/gluetun/forwarded_port")),
        (Container("a", "1", "qmcgaw/gluetun"), {}, {"/tmp/glue": ("bind", "/srv")}, (8000, "")),
        (Container("q", "1", "hotio/qbittorrent"), {"WEBUI_PORTS": "8282/tcp"}, {}, (8282, "")),
        (Container("t", "1", "linuxserver/transmission"), {}, {}, (9091, "")),
        (Container("x", "1", "own/build"), {"WEBUI_PORT": "8181"}, {}, (8181, "")),
        (Container("x", "1", "nginx"), {"PASSWORD": "hunter2"}, {"/x": ("bind", "/y")}, (0, "")),
    ],
)  # fmt: skip
def test_what_an_inspect_tells(
    container: Container, environment: dict[str, str], mounts: dict[str, tuple[str, str]], expected: tuple[int, str]
) -> None:
    facts = program_facts.of(container, environment, mounts)
    assert (facts.web_port, facts.port_file) == expected


def test_gluehooks_own_mounts_are_kept_and_no_others() -> None:
    mounts = {"/vpn": ("bind", "/srv/a"), "/state": ("volume", "x"), "/run": ("tmpfs", "")}
    own_facts = program_facts.of(Container("g", "1", "gluehook"), {"GLUEHOOK_STATE": "/state"}, mounts)
    assert own_facts.mounts == {"/vpn": "/srv/a", "/state": "volume:x"}
    assert program_facts.of(Container("g", "1", "nginx"), {}, mounts).mounts == {}
