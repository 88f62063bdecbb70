"""Reading gluetun and qBittorrent: every version, every refusal, and the real qBittorrent."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from handlers.qbittorrent.web_api import Sessions
from hooks.config.settings import Settings
from hooks.doctor.checks.gluetun import tunnel_down
from hooks.doctor.facts import gluetun, qbittorrent
from hooks.doctor.facts.derived import is_listening, lost_address
from hooks.doctor.facts.model import Gluetun, QBittorrent, Refusal, Unread
from hooks.handler import Context, Retry
from tests.handlers.contract import context, misbehaving
from tests.parts.targets.fakes_gluetun import MASTER, fake_gluetun
from tests.parts.targets.fakes_http import Answer, Ask, served
from tests.parts.targets.fakes_qbittorrent import API_KEY, PASSWORD, fake_qbittorrent
from tests.parts.targets.qbittorrent import PASSWORD as REAL_PASSWORD
from tests.parts.targets.qbittorrent import QBittorrent as Real
from tests.parts.values.server_facts import CONTAINERS, having

LISTENS_ON_TUNNEL = "  0: 0200080A:1AE1 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000 0 77 1 x\n"


def asking(url: str, secrets: dict[str, str] | None = None) -> Context:
    return context(settings=Settings(qbittorrent_url=url, gluetun_url=url), secrets=secrets or {})


def look(url: str, secrets: dict[str, str] | None = None, says: tuple[int, str] = (0, "")) -> Any:
    return qbittorrent.read(asking(url, secrets), Sessions(), lambda _: says)


# -- gluetun ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [(3, 40, 0), (3, 41, 0), (3, 41, 2)])
def test_every_version_of_gluetun_is_read(version: tuple[int, int, int]) -> None:
    with fake_gluetun(version=version) as (fake, url):
        assert gluetun.read(asking(url)) == Gluetun("running", "203.0.113.1", "Panama", 40000, ports=(40000,))
    assert {ask.partition(" ")[0] for ask in fake.asks} == {"GET"}


@pytest.mark.parametrize("traits", [{"version": MASTER}, {"auth": "apikey"}, {"auth": "apikey", "api_key": "another"}])
def test_a_closed_control_server_is_a_refusal(traits: dict[str, Any]) -> None:
    with fake_gluetun(**traits) as (_, url):
        found = gluetun.read(asking(url, {"GLUETUN_API_KEY": "wrong"} if "api_key" in traits else {}))
    assert isinstance(found, Refusal)
    assert (found.kind, "answers 401" in found.why) == ("closed", True)


def test_a_role_without_the_port_is_a_refusal_of_that_route_alone() -> None:
    routes = frozenset({"GET /v1/vpn/status", "GET /v1/publicip/ip"})
    with fake_gluetun(auth="apikey", routes=routes) as (fake, url):
        found = gluetun.read(asking(url, {"GLUETUN_API_KEY": fake.api_key}))
    assert isinstance(found, Gluetun)
    assert (found.status, found.public_ip, found.port) == ("running", "203.0.113.1", None)
    assert isinstance(found.unread["port"], Refusal)
    assert "GET /v1/portforward" in found.unread["port"].why


@pytest.mark.parametrize(("version", "up_s"), [(MASTER, 12.0), ((3, 41, 3), 0.0)])
def test_a_port_that_gluetun_holds_hides_neither_status_nor_address(version: tuple[int, int, int], up_s: float) -> None:
    released = threading.Event()
    traits: dict[str, Any] = {"up_s": up_s} if up_s else {"_down_ends_s": float("inf")}
    with fake_gluetun(version=version, auth="none", hold=lambda _: released.wait(10), **traits) as (fake, url):
        if up_s:
            fake.run_up_command()
        try:
            # what is answered has all its time, and what is held has little
            found = gluetun.read(replace(asking(url), left=lambda: 0.3 if len(fake.asks) > 1 else 10.0))
        finally:
            released.set()
    assert isinstance(found, Gluetun)
    assert (found.status, found.public_ip, found.port) == ("running", "203.0.113.1", None)
    assert "GET /v1/portforward in time, as while its UP or DOWN command runs" in found.unread["port"].why


def test_a_public_address_that_is_not_answered_leaves_time_for_the_port() -> None:
    released = threading.Event()
    with fake_gluetun(auth="none") as (fake, _):

        def held(ask: Ask) -> Answer:
            _ = "publicip" in ask.path and released.wait(10)
            return fake.answer(ask)

        with served(held) as url:
            ends_s = time.monotonic() + 2.0
            found = gluetun.read(replace(asking(url), left=lambda: max(0.0, ends_s - time.monotonic())))
            released.set()
    assert isinstance(found, Gluetun)
    assert (found.status, found.public_ip, found.port) == ("running", "", fake.forwards)
    assert "did not answer in time" in found.unread["public IP"].why


@pytest.mark.parametrize("hidden", ["networkInterfaceList", "networkInterfaceAddressList", "info"])
def test_a_part_of_qbittorrent_that_is_not_answered_hides_no_other(hidden: str) -> None:
    with fake_qbittorrent(bypass=True) as (fake, _):

        def proxy(ask: Ask) -> Answer:
            return Answer(403, "no") if ask.path.endswith(hidden) else fake.answer(ask)

        with served(proxy) as url:
            fake.local_port = int(url.rpartition(":")[2])
            fake.preferences["current_interface_address"] = "10.8.0.2"
            found = look(url)
    assert isinstance(found, QBittorrent)
    assert found.preferences["listen_port"] == 6881


@pytest.mark.parametrize("status", [200, 302, 403, 404, 502])
def test_a_proxy_is_told_from_its_target(status: int) -> None:
    page = Answer(status, "<html>hello</html>", {"Content-Type": "text/html", "Server": "nginx"})
    with served(lambda _: page) as url:
        for found in (gluetun.read(asking(url)), look(url)):
            assert isinstance(found, Refusal)
            assert found.kind == "proxy"


@pytest.mark.parametrize(
    ("preferences", "lost"),
    [
        ({"current_interface_address": "10.9.9.9", "current_network_interface": "tun0"}, "10.9.9.9"),
        ({"current_interface_address": "10.9.9.9"}, "10.9.9.9"),
        ({"current_interface_address": "10.8.0.2", "current_network_interface": "tun0"}, ""),
        ({"current_interface_address": "0.0.0.0", "current_network_interface": "tun0"}, ""),
        ({"current_interface_address": "fe80::7"}, ""),  # 4.5.2 listens there without the zone
        ({"current_interface_address": "fe80::8"}, "fe80::8"),
        ({"current_interface_address": "10.9.9.9", "current_network_interface": "tun7"}, ""),  # that one is missing
    ],
)
def test_an_address_that_is_gone_is_found(preferences: dict[str, str], lost: str) -> None:
    with fake_qbittorrent(bypass=True) as (fake, url):
        fake.preferences |= preferences
        fake.interfaces["eth0"] = ["fe80::7%4"]
        found = look(url)
    assert lost_address(found) == lost


def test_the_remedy_for_a_stopped_vpn_starts_it() -> None:
    with fake_gluetun(auth="apikey", status="stopped") as (fake, url):
        server = having(replace(CONTAINERS["gluetun"], addresses={"home": ("127.0.0.1",)}))
        settings = replace(server.settings, gluetun_url=f"http://gluetun:{url.rpartition(':')[2]}")
        (found,) = tunnel_down.findings(replace(server, settings=settings, gluetun=Gluetun("stopped")))
        (command,) = found.run
        said = subprocess.run(
            ["sh", "-c", command.replace(" KEY", f" {fake.api_key}")], capture_output=True, check=True
        )
    assert said.stdout == b'{"outcome":"running"}\n'
    assert fake.writes == ["running"]


def test_a_silent_gluetun_is_no_refusal() -> None:
    with misbehaving("refused") as url, pytest.raises(Retry, match="refuses the connection"):
        gluetun.read(asking(url))


# -- qBittorrent -----------------------------------------------------------------------------------

REFUSALS: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    ("password", {}, {"QBITTORRENT_PASSWORD": "wrong-1"}),
    ("password", {"version": (4, 5)}, {"QBITTORRENT_PASSWORD": "wrong-1"}),
    ("api-key", {}, {"QBITTORRENT_API_KEY": "qbt_wrong"}),
    ("banned", {"fails": 5}, {"QBITTORRENT_PASSWORD": PASSWORD}),
    ("host", {"local_port": 1}, {"QBITTORRENT_PASSWORD": PASSWORD}),
    ("no-login", {}, {}),
]


@pytest.mark.parametrize(("word", "traits", "secrets"), REFUSALS)
def test_each_refusal_has_its_kind(word: str, traits: dict[str, Any], secrets: dict[str, str]) -> None:
    with fake_qbittorrent(**traits) as (fake, url):
        ctx, sessions = asking(url, secrets), Sessions()
        found = [qbittorrent.read(ctx, sessions, None) for _ in range(3)]
    assert [getattr(one, "kind", one) for one in found] == [word] * 3
    assert fake.logins() <= 1


@pytest.mark.parametrize("version", [(4, 1), (4, 5), (5, 2)])
def test_every_version_of_qbittorrent_is_read(version: tuple[int, int]) -> None:
    secrets = {"QBITTORRENT_API_KEY": API_KEY} if version >= (5, 2) else {"QBITTORRENT_PASSWORD": PASSWORD}
    with fake_qbittorrent(version=version) as (fake, url):
        found = look(url, secrets, (0, LISTENS_ON_TUNNEL))
    assert isinstance(found, QBittorrent)
    assert (found.connection, found.listening) == ("connected", ("10.8.0.2",))
    assert is_listening(found) is True
    assert found.interfaces == (None if version < (4, 2) else ("lo", "tun0"))
    assert found.tunnel == (() if version < (4, 2) else ("10.8.0.2",))
    assert fake.writes == []


def test_an_interface_that_is_gone_has_no_address() -> None:
    with fake_qbittorrent(interfaces={"lo": ["127.0.0.1"]}) as (_, url):
        found = look(url, {"QBITTORRENT_API_KEY": API_KEY})
    assert (found.interfaces, found.tunnel) == (("lo",), ())


@pytest.mark.parametrize(
    ("says", "known"),
    [((1, ""), False), ((2, LISTENS_ON_TUNNEL), True), ((127, "no grep"), None)],
    ids=["nothing listens", "IPv6 is off", "there is no grep"],
)
def test_the_exit_code_of_the_command_in_the_container(says: tuple[int, str], known: bool | None) -> None:
    with fake_qbittorrent() as (_, url):
        assert is_listening(look(url, {"QBITTORRENT_API_KEY": API_KEY}, says)) is known


def test_without_a_container_the_listeners_are_unread() -> None:
    with fake_qbittorrent() as (_, url):
        found = qbittorrent.read(asking(url, {"QBITTORRENT_API_KEY": API_KEY}), Sessions(), None)
    assert isinstance(found, QBittorrent)
    assert isinstance(found.listening, Unread)
    assert is_listening(found) is None


@pytest.mark.skipif(sys.byteorder != "little", reason="the table's words are in the machine's order")
@pytest.mark.parametrize(
    ("line", "addresses"),
    [
        ("  0: 0100007F:9C40 00000000:0000 0A x", ["127.0.0.1"]),
        ("  9: 00000000:9C40 00000000:0000 0A x", ["0.0.0.0"]),
        (f" 10: {'0' * 32}:9C40 {'0' * 32}:0000 0A x", ["::"]),
        (" 11: 0000000000000000FFFF00000200080A:9C40 x:0000 0A x", ["10.8.0.2"]),
        (" 12: 000080FE00000000FF00000001000000:9C40 x:0000 0A x", ["fe80::ff:0:1"]),
        ("  0: 0100007F:9C41 00000000:0000 0A x", []),
        ("  0: 0100007F:9C40 00000000:0000 01 x", []),
        ("not a table at all", []),
    ],
)
def test_the_lines_of_the_socket_table(line: str, addresses: list[str]) -> None:
    assert list(qbittorrent.listeners(line, 40000)) == addresses


@pytest.mark.qbittorrent
def test_the_real_one(qbittorrent_with: Callable[..., Real]) -> None:
    part = qbittorrent_with()
    part.listening(part.first_port)

    def inside(command: Any) -> tuple[int, str]:
        assert list(command) == qbittorrent.LISTENERS
        import subprocess
        from pathlib import Path

        files = [str(Path(f"/proc/{part.pid}/net") / Path(file).name) for file in command[3:]]
        ran = subprocess.run([*command[:3], *files], capture_output=True, text=True, check=False)
        return ran.returncode, ran.stdout

    found = qbittorrent.read(asking(part.url, {"QBITTORRENT_PASSWORD": REAL_PASSWORD}), Sessions(), inside)
    assert isinstance(found, QBittorrent)
    assert found.preferences["listen_port"] == part.first_port
    assert "127.0.0.1" in found.listening  # type: ignore[operator]
    assert is_listening(found) is True
    assert found.interfaces
    assert "lo" in found.interfaces
    part.set_preferences(current_network_interface="lo", listen_port=65536)  # which it takes, and listens nowhere
    found = qbittorrent.read(asking(part.url, {"QBITTORRENT_PASSWORD": REAL_PASSWORD}), Sessions(), inside)
    assert isinstance(found, QBittorrent)
    assert found.tunnel[0] == "127.0.0.1"
    assert is_listening(found) is False


@pytest.mark.qbittorrent
def test_the_real_one_refuses_a_wrong_host_and_a_wrong_password(qbittorrent_with: Callable[..., Real]) -> None:
    part = qbittorrent_with(**{"WebUI\\ServerDomains": "only.example"})
    wrong = look(part.url.replace("127.0.0.1", "localhost"), {"QBITTORRENT_PASSWORD": REAL_PASSWORD})
    assert wrong.kind == "host"
    assert look(part.url, {"QBITTORRENT_PASSWORD": "wrong-2"}).kind == "password"
