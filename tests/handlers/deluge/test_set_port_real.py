"""deluge.set_port against a real deluged with its deluge-web."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace

import pytest

from handlers.deluge.set_port import SetPort, SetPortArgs
from hooks.config.settings import Settings
from hooks.handler import GiveUp, Outcome, Retry
from hooks.world.model import PortFile, World
from tests.handlers.contract import Notes, context
from tests.parts.targets.daemon import free_port
from tests.parts.targets.deluge import PASSWORD, Deluge

pytestmark = pytest.mark.deluge
Start = Callable[..., Deluge]


class Runner:
    """A gluehook that knows this Deluge: one handler, one memory."""

    def __init__(self, part: Deluge, password: str = PASSWORD) -> None:
        self.part, self.url, self.password = part, part.url, password
        self.handler, self.memory = SetPort(), Notes()

    def set(self, port: int, generation: str = "1") -> Outcome:
        ctx = context(
            settings=Settings(deluge_url=self.url), memory=self.memory,
            world=World(file=PortFile((port,), generation=generation)),
            secrets={"DELUGE_PASSWORD": self.password} if self.password else {},
        )  # fmt: skip
        # its clock is the real one
        return self.handler.apply(SetPortArgs(), replace(ctx, wait=self.part.daemon.outlive))


def test_a_web_ui_that_is_connected_to_no_daemon_is_connected_and_the_port_is_listened_on(deluge_with: Start) -> None:
    part = deluge_with(random_port=True, upnp=True)
    runner, port = Runner(part), free_port()
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
    runner = Runner(part)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Retry, match=rf"is set to {port}, but (listens on \d+ instead|nothing listens there)"):
            runner.set(port)
    assert "anew" in runner.set(port).said
    assert part.daemon.listening(port)


def test_its_password_and_its_restarts(deluge_with: Start) -> None:
    part, port = deluge_with(), free_port()
    runner = Runner(part, "")
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
        Runner(part).set(free_port())
