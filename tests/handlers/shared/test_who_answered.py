"""A status code counts as the target's own only if the target has sent it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from urllib3 import HTTPHeaderDict

from handlers.shared.who_answered import Answer, is_ban, is_gluetun, is_qbittorrent
from hooks.config.secrets import mask_userinfo
from hooks.handler import GiveUp, Retry
from tests.handlers.client.one_client import Runner
from tests.handlers.gluetun.test_restart_vpn import Runner as GluetunRunner
from tests.handlers.gluetun.test_restart_vpn import runner as gluetun_runner
from tests.handlers.qbittorrent.test_set_port import runner
from tests.parts.places import SAMPLES
from tests.parts.targets.fakes_http import Answer as Fake
from tests.parts.targets.fakes_http import served
from tests.parts.targets.fakes_proxy import LOGINS, REFUSALS, Proxy
from tests.parts.targets.fakes_qbittorrent import API_KEY, BANNED

GERMAN = "Ihre IP-Adresse wurde nach zu vielen fehlerhaften Authentisierungversuchen gebannt."  # 4.5.2, measured
CHINESE = "身份认证失败次数过多，您的 IP 地址已被封禁。"
TURKISH = "IP adresiniz, çok fazla başarısız kimlik doğrulama girişiminden sonra yasaklandı."


def _answer(fake: Fake) -> Answer:
    body = fake.body if isinstance(fake.body, str) else json.dumps(fake.body)
    return Answer(fake.status, HTTPHeaderDict(fake.headers), body.encode())


def _recorded() -> Iterator[Any]:
    for line in (SAMPLES / "gluetun" / "routes.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["status"] >= 300:
            yield pytest.param(row, id=f"{row['method']} {row['path']} {row['status']} {row.get('sent', '')}")


@pytest.mark.parametrize("row", list(_recorded()))
def test_each_recorded_refusal_of_gluetun_is_its_own(row: dict[str, Any]) -> None:
    answer = Answer(row["status"], HTTPHeaderDict(row["headers"]), row["body"].encode())
    assert is_gluetun(answer)
    assert not is_qbittorrent(answer)


def _of_qbittorrent() -> Iterator[Any]:
    for line in (SAMPLES / "qbittorrent" / "refusals.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield pytest.param(row, id=f"{row['qbittorrent']} {row['what']} {row['locale']}".strip())


@pytest.mark.parametrize("row", list(_of_qbittorrent()))
def test_each_recorded_refusal_of_qbittorrent_is_its_own(row: dict[str, Any]) -> None:
    answer = Answer(row["status"], HTTPHeaderDict(row["headers"]), row["body"].encode())
    assert is_qbittorrent(answer)
    assert not is_gluetun(answer)
    assert is_ban(answer) is (row["what"] == "login while banned")


@pytest.mark.parametrize("replaced", ["x-xss-protection", "referrer-policy"])
def test_a_ban_is_known_through_a_proxy_that_replaces_a_security_header(replaced: str) -> None:
    policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"  # 4.5.2 to 5.3.0 begin so
    headers = {"Content-Security-Policy": policy, "X-XSS-Protection": "1; mode=block", "Referrer-Policy": "same-origin"}
    found = HTTPHeaderDict({"Content-Type": "text/plain; charset=UTF-8", **headers})
    found[replaced] = "0"
    assert is_ban(Answer(403, found, BANNED.encode()))


@pytest.mark.parametrize("fake", [*REFUSALS.values(), *LOGINS.values()], ids=[*REFUSALS, *(f"{n} 401" for n in LOGINS)])
def test_no_proxy_is_taken_for_either(fake: Fake) -> None:
    assert not is_gluetun(_answer(fake))
    assert not is_qbittorrent(_answer(fake))
    assert not is_ban(_answer(fake))


@contextmanager
def behind(proxy: Proxy, **traits: Any) -> Iterator[tuple[Runner, Proxy]]:
    """A gluehook that reaches its qBittorrent through a proxy."""
    with runner(**traits) as r:
        proxy.target = r.fake.answer
        with served(proxy.answer) as url:
            r.fake.local_port = int(url.rpartition(":")[2])
            r.url = url
            yield r, proxy


def _none(_: Any) -> Fake:
    raise AssertionError("it is replaced")


@pytest.mark.parametrize("name", REFUSALS)
def test_a_proxys_refusal_is_neither_a_ban_nor_a_missing_login(name: str) -> None:
    with runner() as r, served(lambda _: REFUSALS[name]) as url:
        r.url = url
        said = r.gives_up()
        assert "in its place" in said
        assert "QBITTORRENT_URL" in said
        assert not [key for key in r.memory.values if "rejected" in key]  # the next event tries again
        r.url = "http://127.0.0.1:" + str(r.fake.port)
        assert r.set().status == "changed"


@pytest.mark.parametrize("name", REFUSALS)
def test_a_proxys_refusal_of_the_login_alone_is_no_ban(name: str) -> None:
    with behind(Proxy(_none)) as (r, proxy):
        target = proxy.target
        proxy.target = lambda ask: REFUSALS[name] if ask.path.endswith("login") else target(ask)
        said = r.gives_up()
        assert "in its place" in said
        assert "banned our address" not in said


@pytest.mark.parametrize("text", [BANNED, GERMAN, CHINESE, TURKISH])
def test_a_ban_is_known_in_the_language_of_its_owner(text: str) -> None:
    with runner(fails=5, banned=text) as r:
        assert "banned our address" in r.gives_up()


@pytest.mark.parametrize("name", LOGINS)
def test_a_proxy_that_wants_a_login_gets_the_one_of_the_url(name: str) -> None:
    with behind(Proxy(_none, login="me:a/b@c d%", wants=LOGINS[name])) as (r, proxy):
        said = r.gives_up()
        assert "wants a user and a password" in said
        assert "Host-header" not in said
        r.url = r.url.replace("http://", "http://me:a%2Fb%40c%20d%25@")
        assert r.set().status == "changed"
        assert r.fake.preferences["listen_port"] == 40000
        proxy.login = "me:another"
        r.handler = type(r.handler)()
        asked = len(proxy.asks)
        said = r.gives_up()
        assert "rejects the user and the password of QBITTORRENT_URL" in said
        assert "not tried again" in r.gives_up()
        assert len(proxy.asks) == asked + 1
        assert "a%2Fb" not in said + str(r.memory.values)
        assert "a/b" not in said + str(r.memory.values)


def test_the_login_of_the_url_that_a_proxy_passes_on_is_not_tried_until_qbittorrent_bans_us() -> None:
    with behind(Proxy(_none, login="me:proxy-only", strips=False)) as (r, _):
        r.url = r.url.replace("http://", "http://me:proxy-only@")
        for _ in range(3):
            said = r.gives_up()
        assert "not pass the Authorization header on" in said
        assert r.fake.fails == 1


def test_a_key_and_a_login_in_the_url_are_one_header_too_many() -> None:
    with runner() as r:
        r.secrets = {"QBITTORRENT_API_KEY": API_KEY}
        r.url = r.url.replace("http://", "http://me:pw@")
        assert "would be sent in one header" in r.gives_up()
        assert r.fake.asks == []


@pytest.mark.parametrize("scheme", ["Digest", "Negotiate", "Bearer"])
def test_a_login_that_gluehook_cannot_do_is_named(scheme: str) -> None:
    wants = Fake(401, "", {"WWW-Authenticate": f'{scheme} realm="x"'})
    with runner() as r, served(lambda _: wants) as url:
        r.url = url
        assert f"a login of the kind {scheme}, which gluehook cannot do" in r.gives_up()
        r.url = url.replace("://", "://me:pw@")  # it was shown, and was not what is wanted
        assert f"a login of the kind {scheme}, which gluehook cannot do" in r.gives_up()


@pytest.mark.parametrize("status", [502, 503, 504, 520, 429])
def test_a_proxy_that_does_not_reach_its_target_is_tried_again(status: int) -> None:
    with runner() as r, served(lambda _: Fake(status, "x", {"Server": "nginx", "Retry-After": "9"})) as url:
        r.url = url
        with pytest.raises(Retry, match=rf"\(nginx\) answers {status} in its place for now; look.* in 9 s") as retry:
            r.set()
        assert retry.value.after == 9


def test_a_login_page_is_no_api() -> None:
    page = Fake(200, "<html>login</html>", {"Content-Type": "text/html; charset=utf-8"})
    with runner() as r, served(lambda _: page) as url:
        r.url = url
        with pytest.raises(Retry, match="a web page, which is not its API's; it may be a proxy's login page"):
            r.set()


def test_a_portal_on_another_host_is_named() -> None:
    portal = Fake(302, "", {"Location": "https://auth.example.org/?rd=x", "Server": "Caddy"})
    with runner() as r, served(lambda _: portal) as url:
        r.url = url
        said = r.gives_up()
        assert "sends us to https://auth.example.org;" in said
        assert "if it is a login page, exempt gluehook's address" in said


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("/outpost.goauthentik.io/start?rd=x", "its own path /outpost.goauthentik.io/start;"), ("login", "path login;"),
        ("//auth.example.org/?rd=x", "us to auth.example.org/;"), ("", "another place that it does not name;"),
        ("HTTPS://me:pw-7@auth.example.org/a?token=pw-7", "https://auth.example.org/a;"),
    ],
)  # fmt: skip
def test_a_redirect_within_the_proxy_is_told_as_such(location: str, told: str) -> None:
    with runner() as r, served(lambda _: Fake(302, "", {"Location": location})) as url:
        r.url = url
        said = r.gives_up()
        assert told in said
        assert "pw-7" not in said


def test_an_answer_that_cannot_be_unpacked_is_told_as_such() -> None:
    with runner() as r, served(lambda _: Fake(200, "no gzip", {"Content-Encoding": "gzip"})) as url:
        r.url = url
        with pytest.raises(Retry, match="something that cannot be unpacked"):
            r.set()


def test_the_advice_for_a_login_is_left_whole_by_the_masking_of_urls() -> None:
    with runner() as r, served(lambda _: LOGINS["nginx"]) as url:
        r.url = url
        said = r.gives_up()
        assert "USER:PASSWORD@HOST" in mask_userinfo(said)


def test_http_to_a_port_that_speaks_https_is_said_by_the_server() -> None:
    told = Fake(400, "Client sent an HTTP request to an HTTPS server.\n")
    with runner() as r, served(lambda _: told) as url:
        r.url = url
        assert "speaks https at that port" in r.gives_up()


def test_a_server_header_cannot_write_into_our_sentence() -> None:
    with runner() as r, served(lambda _: Fake(403, "", {"Server": "evil\t;\x1b[31m" + "x" * 400})) as url:
        r.url = url
        said = r.gives_up()
        assert "evil31mxxx" in said
        assert len(said) < 400


# -- gluetun ---------------------------------------------------------------------------------------


def _gives_up(r: GluetunRunner) -> str:
    with pytest.raises(GiveUp) as gave_up:
        r.restart()
    return gave_up.value.said


@pytest.mark.parametrize("name", [*REFUSALS, *(f"{name} 401" for name in LOGINS)])
def test_a_proxy_before_the_control_server_is_not_told_as_a_missing_role(name: str) -> None:
    answer = REFUSALS.get(name) or LOGINS[name.removesuffix(" 401")]
    with gluetun_runner() as r, served(lambda _: answer) as url:
        r.url = url
        said = _gives_up(r)
        assert "in its place" in said
        assert "[[roles]]" not in said
        assert not [key for key in r.memory.values if "rejected" in key]


def test_a_login_before_the_control_server_goes_beside_its_key() -> None:
    with gluetun_runner(port_lost=False) as r:
        proxy = Proxy(r.fake.answer, login="me:pw-6e")
        with served(proxy.answer) as url:
            r.url = url.replace("http://", "http://me:pw-6e@")
            assert r.restart().status == "unchanged"


def test_a_proxy_that_rejects_gluetuns_own_password_names_where_that_stands() -> None:
    with gluetun_runner() as r, served(lambda _: LOGINS["nginx"]) as url:
        r.url, r.secrets = url, {"GLUETUN_PASSWORD": "pw-8d"}
        said = _gives_up(r)
        assert "rejects the user and the password of GLUETUN_USERNAME and GLUETUN_PASSWORD; correct them" in said
        assert "not tried again" in _gives_up(r)


def test_a_role_with_basic_is_told_so() -> None:
    with gluetun_runner(auth="basic") as r:
        assert 'its role has auth = "basic"' in _gives_up(r)


def test_basic_authentication_of_gluetun_may_stand_in_its_url() -> None:
    with gluetun_runner(auth="basic", port_lost=False) as r:
        r.secrets = {}
        r.url = r.url.replace("http://", "http://hooks:fake-gluetun-password@")
        assert r.restart().status == "unchanged"
