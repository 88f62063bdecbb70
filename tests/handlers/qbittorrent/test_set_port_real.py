"""qbittorrent.set_port against a real qbittorrent-nox."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from handlers.qbittorrent import reachability
from handlers.qbittorrent.listening import LATE_S
from handlers.qbittorrent.set_port import SetPort, SetPortArgs
from handlers.qbittorrent.web_api import Sessions
from handlers.shared.desired_port import settings_client
from hooks.config.settings import Settings
from hooks.handler import GiveUp, Retry
from hooks.world.model import Container, PortFile, World
from tests.handlers.client.one_client import Runner
from tests.handlers.contract import Notes, context
from tests.parts.targets.certificates import made
from tests.parts.targets.daemon import free_port
from tests.parts.targets.fakes_http import Answer, Ask, served
from tests.parts.targets.fakes_proxy import Proxy
from tests.parts.targets.qbittorrent import PASSWORD, QBittorrent

pytestmark = pytest.mark.qbittorrent
LOGGED_IN, FAILED = "WebAPI login success", "WebAPI login failure"


def beside(part: QBittorrent, password: str = PASSWORD) -> Runner:
    return Runner("qbittorrent", part.url, password, wait=part.outlive)  # its clock is the real one


def test_the_port_is_set_and_listened_on(qbittorrent: QBittorrent) -> None:
    runner, port = beside(qbittorrent), free_port()
    assert runner.set(port, "1").status == "changed"
    assert qbittorrent.listening(port)
    found = qbittorrent.preferences()
    assert (found["listen_port"], found["random_port"], found["upnp"]) == (port, False, False)
    assert runner.set(port, "1").status == "unchanged"


def test_a_port_changed_by_hand_is_set_again(qbittorrent: QBittorrent) -> None:
    runner, port = beside(qbittorrent), free_port()
    runner.set(port, "1")
    qbittorrent.set_preferences(listen_port=free_port())
    assert runner.set(port, "1").status == "changed"
    assert qbittorrent.preferences()["listen_port"] == port


def test_the_same_port_written_anew_gets_new_sockets(qbittorrent: QBittorrent) -> None:
    runner, port = beside(qbittorrent), free_port()
    runner.set(port, "1")
    old = qbittorrent.listening(port)
    runner.set(port, "1")
    qbittorrent.outlive(0.1)
    assert qbittorrent.sockets(port) == old
    runner.handler = SetPort()  # gluehook was restarted: its memory is in the state folder
    said = runner.set(port, "2").said
    assert "anew" in said
    assert qbittorrent.listening(port, other_than=old)
    assert qbittorrent.preferences()["listen_port"] == port


def test_a_restart_costs_exactly_one_new_login(qbittorrent: QBittorrent) -> None:
    runner = beside(qbittorrent)
    runner.set(free_port(), "1")
    runner.set(free_port(), "2")
    assert qbittorrent.logged(LOGGED_IN) == 1
    qbittorrent.stop()
    qbittorrent.start()
    runner.set(free_port(), "3")
    runner.set(free_port(), "4")
    assert qbittorrent.logged(LOGGED_IN) == 2


def test_while_it_is_away_it_is_tried_again(qbittorrent: QBittorrent) -> None:
    runner = beside(qbittorrent)
    runner.set(free_port(), "1")
    qbittorrent.stop()
    with pytest.raises(Retry, match="refuses the connection"):
        runner.set(free_port(), "2")


def test_a_wrong_password_is_shown_once(qbittorrent: QBittorrent) -> None:
    runner = beside(qbittorrent, "wrong-9e1")
    for _ in range(7):  # it would ban us after five
        runner.handler = SetPort()
        with pytest.raises(GiveUp, match="rejects the password of 'admin'") as gave_up:
            runner.set(free_port(), "1")
        assert "wrong-9e1" not in gave_up.value.said
    assert qbittorrent.logged(FAILED) == 1
    runner.starts_again()
    with pytest.raises(GiveUp):
        runner.set(free_port(), "1")
    assert qbittorrent.logged(FAILED) == 2
    runner.password = PASSWORD  # the owner has corrected it
    assert runner.set(free_port(), "1").status == "changed"
    assert not [key for key in runner.memory.values if "rejected" in key]


def test_a_ban_is_named_with_its_length(qbittorrent_with: Callable[..., QBittorrent]) -> None:
    part = qbittorrent_with(**{"WebUI\\MaxAuthenticationFailCount": "1"})
    part.login("wrong")
    runner = beside(part)
    with pytest.raises(GiveUp, match=r"banned our address for 3600 s.*tried again after"):
        runner.set(free_port(), "1")


def test_a_ban_is_known_in_its_owners_language(qbittorrent_with: Callable[..., QBittorrent]) -> None:
    part = qbittorrent_with(**{"WebUI\\MaxAuthenticationFailCount": "1", "General\\Locale": "de"})
    part.login("wrong")
    with pytest.raises(GiveUp, match="banned our address for 3600 s"):
        beside(part).set(free_port(), "1")


def test_its_own_words_are_known_through_a_proxy(qbittorrent_with: Callable[..., QBittorrent]) -> None:
    part = qbittorrent_with(**{"WebUI\\MaxAuthenticationFailCount": "1"})
    with served(Proxy(lambda ask: _passed_on(part, ask), login="me:pw-proxy").answer) as url:
        runner = beside(part)
        runner.url = url
        with pytest.raises(GiveUp, match=r"nginx.* answers 401 in its place and wants a user and a password"):
            runner.set(free_port(), "1")
        runner.url = url.replace("http://", "http://me:pw-proxy@")
        assert runner.set(free_port(), "1").status == "changed"
        runner.handler, runner.password = SetPort(), "wrong-9e1"
        with pytest.raises(GiveUp, match="rejects the password of 'admin'"):
            runner.set(free_port(), "2")
        runner.password = PASSWORD
        with pytest.raises(GiveUp, match="banned our address"):
            runner.set(free_port(), "2")


def _passed_on(part: QBittorrent, ask: Ask) -> Answer:
    with closing(http.client.HTTPConnection("127.0.0.1", part.web_port, timeout=5)) as connection:
        headers = {k: v for k, v in ask.headers.items() if k not in ("host", "content-length")}
        connection.request(ask.method, ask.path + (f"?{ask.query}" if ask.query else ""), ask.body or None, headers)
        answer = connection.getresponse()
        ours = ("connection", "content-length", "transfer-encoding")
        kept = {k: v for k, v in answer.getheaders() if k.lower() not in ours}
        return Answer(answer.status, answer.read().decode(), kept)


def test_what_is_only_stored_is_no_success(qbittorrent: QBittorrent) -> None:
    runner, port = beside(qbittorrent), free_port()
    qbittorrent.set_preferences(current_interface_address="192.0.2.5")
    with pytest.raises(GiveUp, match=rf"is set to {port}, but nothing listens there.*192\.0\.2\.5, and lo has 127"):
        runner.set(port, "1")
    assert qbittorrent.preferences()["listen_port"] == port
    assert not qbittorrent.sockets(port)
    qbittorrent.set_preferences(current_interface_address="")  # the cure
    assert "listens on" in runner.set(port, "1").said
    assert qbittorrent.listening(port)


def test_a_port_that_another_program_has_is_no_success(qbittorrent: QBittorrent) -> None:
    runner = beside(qbittorrent)
    qbittorrent.set_preferences(current_interface_address="127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with suppress(Retry):  # from 5.0 on it may know that only a moment later
            runner.set(port, "1")
        qbittorrent.outlive(3)
        with pytest.raises(Retry, match=r"nothing listens there .does another program use that port"):
            runner.set(port, "1")
    assert "anew, as" in runner.set(port, "1").said
    assert qbittorrent.listening(port)


def test_an_interface_without_an_address_is_no_success(qbittorrent: QBittorrent) -> None:
    qbittorrent.set_preferences(current_network_interface="tun77")
    with pytest.raises(Retry, match="it is bound to tun77, which has no address now"):
        beside(qbittorrent).set(free_port(), "1")


def test_its_own_https(qbittorrent_with: Callable[..., QBittorrent], tmp_path: Path) -> None:
    certificate = made("qbittorrent.example.org")
    certificate.server(tmp_path)
    (key,), shown = tmp_path.glob("server-*.pem"), certificate.pem(tmp_path / "shown.pem")
    part = qbittorrent_with(**{
        "WebUI\\HTTPS\\Enabled": "true", "WebUI\\HTTPS\\CertificatePath": str(shown), "WebUI\\HTTPS\\KeyPath": str(key),
    })  # fmt: skip
    runner, port = beside(part), free_port()
    with pytest.raises(GiveUp, match=r"that nobody but itself has signed; .* QBITTORRENT_CA_FILE"):
        runner.set(port, "1")
    runner.settings["qbittorrent_ca_file"] = str(shown)
    assert runner.set(port, "1").status == "changed"
    assert part.listening(port)
    runner.url = part.url.replace("https:", "http:")
    with pytest.raises(GiveUp, match="speaks https at that port; write https://"):
        runner.set(port, "2")


def test_https_to_its_plain_http(qbittorrent: QBittorrent) -> None:
    runner = beside(qbittorrent)
    runner.url = qbittorrent.url.replace("http:", "https:")
    with pytest.raises(GiveUp, match="speaks plain http at that port; write http://"):
        runner.set(free_port(), "1")


def test_a_whitelisted_address_needs_no_login(qbittorrent_with: Callable[..., QBittorrent]) -> None:
    part = qbittorrent_with(**{
        "WebUI\\AuthSubnetWhitelistEnabled": "true", "WebUI\\AuthSubnetWhitelist": "127.0.0.1/32",
    })  # fmt: skip
    assert beside(part, password="").set(free_port(), "1").status == "changed"
    assert part.logged(LOGGED_IN) == 0


def test_no_password_is_told(qbittorrent: QBittorrent) -> None:
    with pytest.raises(GiveUp, match="set QBITTORRENT_PASSWORD"):
        beside(qbittorrent, password="").set(free_port(), "1")


def test_a_host_header_that_it_refuses_is_named(qbittorrent_with: Callable[..., QBittorrent]) -> None:
    part = qbittorrent_with(**{"WebUI\\ServerDomains": "only.example"})
    runner = beside(part)
    runner.url = f"http://localhost:{part.web_port}"
    with pytest.raises(GiveUp, match="Host-header validation"):
        runner.set(free_port(), "1")
    assert part.logged(FAILED) == 0
    runner.url = part.url
    assert runner.set(free_port(), "1").status == "changed"


def test_its_interfaces_and_their_addresses_are_read(qbittorrent: QBittorrent) -> None:
    """What `gluehook doctor` asks."""
    ctx = context(settings=Settings(qbittorrent_url=qbittorrent.url), secrets={"QBITTORRENT_PASSWORD": PASSWORD})
    session = Sessions().of(settings_client("qbittorrent", ctx.settings), ctx)
    assert "lo" in (session.interfaces(ctx) or ())
    assert "127.0.0.1" in session.addresses(ctx, "lo")


def test_a_listener_that_is_gone_is_closed_and_can_be_asked_for_anew(qbittorrent: QBittorrent) -> None:
    runner, port = beside(qbittorrent), free_port()

    def states() -> list[tuple[str, str]]:
        world = World(file=PortFile((port,), generation="1")).with_container(
            Container("qbittorrent", "abc", running=True, role="qbittorrent")
        )
        ctx = context(
            settings=Settings(qbittorrent_url=qbittorrent.url), world=world, memory=Notes(),
            secrets={"QBITTORRENT_PASSWORD": PASSWORD},
        )  # fmt: skip
        found = reachability.states(replace(ctx, wait=qbittorrent.outlive))
        return [(event.type, event.data["reason"]) for event in found]

    assert states() == [], "it has another port"
    runner.set(port, "1")
    assert states() == [], "without a torrent nobody can have tried"
    old = qbittorrent.listening(port)
    runner.args = SetPortArgs(relisten=True)
    assert "anew, as the rule asks for it" in runner.set(port, "1").said
    assert qbittorrent.listening(port, other_than=old)
    qbittorrent.set_preferences(current_interface_address="192.0.2.1")
    qbittorrent.outlive(LATE_S)
    assert states() == [("port.closed", "it listens on no address")]
