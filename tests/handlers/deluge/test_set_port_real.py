"""deluge.set_port against a real deluged with its deluge-web."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from hooks.handler import GiveUp, Retry
from tests.handlers.client.one_client import Runner
from tests.parts.targets.daemon import free_port
from tests.parts.targets.deluge import PASSWORD, Deluge

pytestmark = pytest.mark.deluge
Start = Callable[..., Deluge]


def beside(part: Deluge, password: str = PASSWORD) -> Runner:
    return Runner("deluge", part.url, password, wait=part.daemon.outlive)  # its clock is the real one


def test_a_web_ui_that_is_connected_to_no_daemon_is_connected_and_the_port_is_listened_on(deluge_with: Start) -> None:
    part = deluge_with(random_port=True, upnp=True)
    runner, port = beside(part), free_port()
    said = runner.set(port).said
    assert f"listens on {port} (before: " in said
    assert said.endswith(f"its Web UI was connected to no daemon, and now is to 127.0.0.1:{part.rpc_port}")
    assert part.daemon.listening(port)
    with socket.create_connection(("127.0.0.1", port), 5):  # its port takes a connection
        pass
    found = part.config()
    assert [found[name] for name in ("listen_ports", "random_port", "upnp", "natpmp")] == [[port] * 2, *[False] * 3]
    assert runner.set(port).status == "unchanged"
    part.config(listen_ports=[free_port()] * 2)  # by hand
    assert runner.set(port).status == "changed"
    assert part.daemon.listening(port)
    old = part.daemon.sockets(port)
    assert "anew, as gluetun wrote that port anew" in runner.set(port, "2").said
    assert part.daemon.listening(port, other_than=old)
    assert runner.set(port, "2").status == "unchanged"


def test_a_port_that_another_program_has_is_no_success(deluge_with: Start) -> None:
    part = deluge_with()
    runner = beside(part)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Retry, match=rf"is set to {port}, but (listens on \d+ instead|nothing listens there)"):
            runner.set(port)
    assert "anew" in runner.set(port).said
    assert part.daemon.listening(port)


def test_its_password_and_its_restarts(deluge_with: Start) -> None:
    part, port = deluge_with(), free_port()
    runner = beside(part, "")
    with pytest.raises(GiveUp, match="wants a password and none is set; set DELUGE_PASSWORD"):
        runner.set(port)
    runner.password = "wrong-9e1"
    with pytest.raises(GiveUp, match="rejects the password; correct DELUGE_PASSWORD") as gave_up:
        runner.set(port)
    assert "wrong-9e1" not in gave_up.value.said
    runner.password = PASSWORD
    assert runner.set(port).status == "changed"
    part.daemon.stop()
    with pytest.raises(Retry, match=rf"not connected, and its daemon at 127\.0\.0\.1:{part.rpc_port} does not run"):
        runner.set(port)
    part.start_daemon()
    part.web.stop()
    with pytest.raises(Retry, match="refuses the connection"):
        runner.set(port)
    part.hosts()
    part.start_web()
    with pytest.raises(GiveUp, match="knows no daemon; add one in its Connection Manager"):
        runner.set(port)


def test_of_two_daemons_that_run_it_chooses_none(deluge_with: Start) -> None:
    part = deluge_with()
    part.web.stop()
    part.hosts(["one", part.rpc_port], ["two", part.rpc_port], ["three", free_port()])
    part.start_web()
    with pytest.raises(
        GiveUp, match=rf"daemons at 127\.0\.0\.1:{part.rpc_port} and 127\.0\.0\.1:{part.rpc_port} run; conn"
    ):
        beside(part).set(free_port())
