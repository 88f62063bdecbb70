"""transmission.set_port against a real transmission-daemon."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from hooks.handler import GiveUp, Retry
from tests.handlers.client.one_client import Runner
from tests.parts.targets.daemon import free_port
from tests.parts.targets.fakes_http import Answer, Ask, served
from tests.parts.targets.transmission import PASSWORD, Transmission

pytestmark = pytest.mark.transmission
Start = Callable[..., Transmission]


def beside(part: Transmission, password: str = "") -> Runner:
    return Runner("transmission", part.url, password)


def test_the_port_is_set_and_listened_on(transmission_with: Start) -> None:
    part = transmission_with(**{"peer-port-random-on-start": True})
    runner, port = beside(part), free_port()
    assert runner.set(port).status == "changed"
    assert part.listening(port)
    with socket.create_connection(("127.0.0.1", port), 5):  # its peer port takes a connection
        pass
    assert part.call("session-get", fields=["peer-port", "peer-port-random-on-start", "port-forwarding-enabled"]) == {
        "peer-port": port, "peer-port-random-on-start": False, "port-forwarding-enabled": False,
    }  # fmt: skip
    assert runner.set(port).status == "unchanged"


def test_it_keeps_the_port_over_a_restart(transmission_with: Start) -> None:
    part, port = transmission_with(**{"peer-port-random-on-start": True}), free_port()
    runner = beside(part)
    runner.set(port)
    part.stop()
    with pytest.raises(Retry, match="refuses the connection"):
        runner.set(port)
    part.start()
    assert part.listening(port)
    assert runner.set(port).status == "unchanged"  # also with the session id of before


def test_a_port_changed_by_hand_is_set_again_and_one_written_anew_is_announced(transmission_with: Start) -> None:
    part, port = transmission_with(), free_port()
    runner = beside(part)
    runner.set(port)
    part.call("session-set", **{"peer-port": free_port()})
    assert runner.set(port).status == "changed"
    old = part.listening(port)
    assert "reannounced" in runner.set(port, "2").said
    assert part.sockets(port) == old


def test_its_login(transmission_with: Start) -> None:
    part, port = transmission_with(login=True), free_port()
    runner = beside(part)
    with pytest.raises(GiveUp, match="wants a login and none is set"):
        runner.set(port)
    runner.password = "wrong-9e1"
    with pytest.raises(GiveUp, match="rejects the user and the password") as gave_up:
        runner.set(port)
    assert "wrong-9e1" not in gave_up.value.said
    runner.password = PASSWORD
    assert runner.set(port).status == "changed"
    assert part.listening(port)


def test_its_whitelists(transmission_with: Start) -> None:
    refused = transmission_with(**{"rpc-whitelist": "192.0.2.1"})
    with pytest.raises(GiveUp, match="its whitelist lacks gluehook's address; add that to rpc-whitelist"):
        beside(refused).set(free_port())


@pytest.mark.parametrize("hosts", ["", "gluetun"])
def test_its_host_whitelist_and_its_cure(transmission_with: Start, hosts: str) -> None:
    part = transmission_with(**{"rpc-host-whitelist-enabled": True, "rpc-host-whitelist": hosts})

    def by_name(ask: Ask) -> Answer:
        headers = {k: v for k, v in ask.headers.items() if k not in ("host", "content-length")}
        status, found, body = part.request(ask.method, ask.path, ask.body.decode(), {**headers, "Host": "gluetun:9091"})
        return Answer(status, body, {k: v for k, v in found.items() if k != "content-length"})

    with served(by_name) as url:
        runner = beside(part)
        runner.url = url
        if hosts:
            assert runner.set(free_port()).status == "changed"
            return
        with pytest.raises(GiveUp, match=r"answers 421: its host whitelist lacks 127\.0\.0\.1; add that to rpc-host-w"):
            runner.set(free_port())


def test_another_rpc_url_is_named(transmission_with: Start) -> None:
    part = transmission_with(**{"rpc-url": "/tr/"})
    runner = beside(part)
    with pytest.raises(GiveUp, match="its RPC is at /tr/rpc; write that path in TRANSMISSION_URL"):
        runner.set(free_port())
    runner.url = f"{part.url}/tr/rpc"  # the cure
    assert runner.set(free_port()).status == "changed"
