"""Each way in which TLS can be in the way ends in a sentence of its own: real servers on loopback, one row each."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from handlers.shared.http_connection import Connection, Request
from handlers.shared.trust import Trust
from handlers.shared.who_answered import Answer as Found
from handlers.shared.who_answered import Target, refusal_of_another
from hooks.config.settings import fingerprint
from hooks.handler import GiveUp, Retry
from tests.handlers.contract import context
from tests.parts.targets.certificates import Certificate, authority, made
from tests.parts.targets.fakes_http import Answer, Ask, served

OWN = authority()
FINE, ITSELF, OTHER = made(by=OWN), made(), made("other.example.org")
_TLS13, _TLS12 = ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2


@dataclass(frozen=True)
class Row:
    """A server, what we trust of it, and how the sentence about it goes on."""

    words: str  # "": the request is answered
    shows: Certificate = FINE
    tls: Callable[[ssl.SSLContext, Path], object] = lambda _context, _folder: None
    trusts: Certificate | None = OWN  # as CA file
    pins: Certificate | None = None  # as fingerprint
    scheme: str = "https"
    plain: bool = False  # the server speaks no TLS
    error: type[Exception] = GiveUp


def _wants_ours(newest: ssl.TLSVersion) -> Callable[[ssl.SSLContext, Path], object]:
    def change(context: ssl.SSLContext, folder: Path) -> None:
        context.verify_mode, context.maximum_version = ssl.CERT_REQUIRED, newest
        context.load_verify_locations(OWN.pem(folder / "clients.pem"))

    return change


def _old(context: ssl.SSLContext, _: Path) -> None:
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():  # Python calls them what they are
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1


def _unsafe_ciphers(context: ssl.SSLContext, _: Path) -> None:
    context.maximum_version = _TLS12
    context.set_ciphers("ECDHE-ECDSA-AES256-SHA")


def _refuses_names(alert: int) -> Callable[[ssl.SSLContext, Path], object]:
    def change(context: ssl.SSLContext, _: Path) -> None:
        context.sni_callback = lambda *_more: alert

    return change


def _only(version: ssl.TLSVersion) -> Callable[[ssl.SSLContext, Path], object]:
    def change(context: ssl.SSLContext, _: Path) -> None:
        context.minimum_version = context.maximum_version = version

    return change


_OURS = r"it wants a certificate of ours \(a client certificate\), and gluehook has none"
_NO_NAME = "has no certificate for the name in that URL"
_ANOTHER = "shows a certificate with another fingerprint than GLUETUN_FINGERPRINT says; .* the new one: "
ROWS = {
    "fine": Row(""),
    "fine, TLS 1.2": Row("", tls=_only(_TLS12)),
    "fine, TLS 1.3": Row("", tls=_only(_TLS13)),
    "fine, the very one in the file": Row("", ITSELF, trusts=ITSELF),
    "fine, another name, the very one in the file": Row("", OTHER, trusts=OTHER),
    "fine, expired, the very one in the file": Row("", (_late := made(days=(-9, -2))), trusts=_late),
    "fine, its fingerprint": Row("", ITSELF, trusts=None, pins=ITSELF),
    "fine, its fingerprint, expired, another name": Row(
        "", (_worst := made("x.example.org", days=(-9, -2))), trusts=None, pins=_worst
    ),
    "expired": Row("that has expired; renew it", made(days=(-9, -2), by=OWN)),
    "not yet valid": Row("not valid yet; compare the clocks", made(days=(2, 9), by=OWN)),
    "another name": Row("for another name; write its name", made("qbittorrent.example.org", by=OWN)),
    "another address": Row("for another name; write its name", made("192.0.2.1", by=OWN)),
    "self-signed": Row("nobody but itself has signed; .* GLUETUN_CA_FILE", ITSELF, trusts=None),
    "unknown authority": Row(
        "of an authority that is not known here; .* GLUETUN_CA_FILE .*the intermediate's", trusts=None
    ),
    "another authority": Row("of an authority that is not known here", made(by=authority())),
    "another fingerprint": Row(_ANOTHER, OTHER, trusts=None, pins=ITSELF),
    "another fingerprint, and an authority that is trusted": Row(_ANOTHER, FINE, trusts=OWN, pins=ITSELF),
    "old protocol": Row("a version of TLS that is older than 1.2", tls=_old),
    "unsafe ciphers": Row("offers only TLS ciphers or keys that are no longer safe", tls=_unsafe_ciphers),
    "client certificate, TLS 1.2": Row(_OURS, tls=_wants_ours(_TLS12)),
    "client certificate, TLS 1.3": Row(_OURS, tls=_wants_ours(_TLS13)),
    "unknown name": Row(_NO_NAME, tls=_refuses_names(ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME)),
    "unknown name, as Caddy says it": Row(_NO_NAME, tls=_refuses_names(ssl.ALERT_DESCRIPTION_INTERNAL_ERROR)),
    "https to plain http": Row("speaks plain http at that port; write http://", plain=True),
    "http to https": Row("speaks https at that port; write https://", scheme="http"),
    "http to https that wants ours": Row("speaks https at that port", scheme="http", tls=_wants_ours(_TLS13)),
    "http to old https": Row("speaks https at that port", scheme="http", tls=_old),
}


@pytest.mark.parametrize("row", [pytest.param(row, id=name) for name, row in ROWS.items()])
def test_each_kind_is_told_apart(row: Row, tmp_path: Path) -> None:
    asks: list[Ask] = []
    ca_file = str(row.trusts.pem(tmp_path / "ca.pem")) if row.trusts else ""
    trust = Trust.of("GLUETUN", ca_file, row.pins.sha256 if row.pins else "")
    with _server(row, tmp_path, asks) as place:
        connection = Connection(f"{row.scheme}://me:pw-4711@{place}", "it", trust)
        try:
            if not row.words:
                assert _asked(connection).status == 200
                return
            with pytest.raises(row.error, match=row.words) as raised:
                _asked(connection)
        finally:
            connection.close()
    assert raised.value.kind == "https"  # type: ignore[attr-defined]
    assert "pw-4711" not in raised.value.said  # type: ignore[attr-defined]
    assert not [ask for ask in asks if "authorization" in ask.headers] or row.scheme == "http" or row.plain


def _asked(connection: Connection) -> Found:
    return connection.send(replace(context(), left=lambda: 3.0), Request("GET", "/x", (3.0, 3.0)))


@contextmanager
def _server(row: Row, folder: Path, asks: list[Ask]) -> Iterator[str]:
    def answer(ask: Ask) -> Answer:
        asks.append(ask)
        return Answer(200, {})

    tls = None if row.plain else row.shows.server(folder)
    if tls:
        row.tls(tls, folder)
    with served(answer, tls=tls) as url:
        yield url.partition("://")[2]


def test_the_new_fingerprint_is_one_that_works_as_it_is_written(tmp_path: Path) -> None:
    with served(lambda _: Answer(200, {}), tls=OTHER.server(tmp_path)) as url:
        connection = Connection(url, "it", Trust("GLUETUN", fingerprint=ITSELF.sha256))
        with pytest.raises(GiveUp) as raised:
            _asked(connection)
        written = raised.value.said.rpartition(" ")[2]
        assert written.count(":") == 31
        again = Connection(url, "it", Trust("GLUETUN", fingerprint=fingerprint(written)))
        assert _asked(again).status == 200
        connection.close()
        again.close()


def test_nginx_asks_for_a_client_certificate_after_the_greeting() -> None:
    answer = Found(400, {"Content-Type": "text/html"}, b"<center>No required SSL certificate was sent</center>")
    said = refusal_of_another(answer, Target("gluetun", "it", "GLUETUN_URL"), 0.0)
    assert isinstance(said, GiveUp)
    assert "wants a certificate of ours" in said.said


def test_a_server_of_https_that_hangs_up_is_tried_again(tmp_path: Path) -> None:
    tls = FINE.server(tmp_path)

    def hang_up(_: Ask) -> Answer:
        raise ssl.SSLError  # the fake's way to end a connection without an answer

    with served(hang_up, tls=tls) as url:
        connection = Connection(url, "it", Trust("GLUETUN", str(OWN.pem(tmp_path / "ca.pem"))))
        with pytest.raises(Retry, match="closed the connection without an answer"):
            _asked(connection)
        connection.close()


_DIGITS = ITSELF.sha256
_COLONS = ":".join(_DIGITS[at : at + 2] for at in range(0, 64, 2)).upper()


@pytest.mark.parametrize(
    "text", [_DIGITS, _COLONS, f"sha256 Fingerprint={_COLONS}", f" SHA256 Fingerprint={_DIGITS}\n"],
    ids=("digits", "colons", "as openssl says it", "digits after a name"),  # the certificate is another each time
)  # fmt: skip
def test_a_fingerprint_may_be_written_as_openssl_writes_it(text: str) -> None:
    assert fingerprint(text) == _DIGITS


@pytest.mark.parametrize(
    "text", ["ab:cd", _DIGITS[:40], _DIGITS + "00", "x" * 64, "sha1 Fingerprint=" + "a" * 40],
    ids=("short", "sha1", "long", "no hex", "sha1 as openssl says it"),
)  # fmt: skip
def test_what_is_no_sha256_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write the SHA-256 fingerprint"):
        fingerprint(text)


@pytest.mark.parametrize(
    ("table", "named"), [("", "GLUETUN_CA_FILE"), ("its [[gluetun]]", "the ca_file of its [[gluetun]]")]
)
def test_a_file_that_is_not_there_is_named_with_what_names_it(table: str, named: str) -> None:
    with pytest.raises(GiveUp) as end:
        Trust.of("GLUETUN", "/no/such.pem", "", table).context("it")
    assert end.value.said.startswith(f"it: {named} names /no/such.pem, which cannot be read")
