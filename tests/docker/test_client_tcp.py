"""The engine over TCP: with and without TLS, whatever the environment says to programs that use the web."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hooks.docker.client import connect, forget, where
from hooks.docker.refusals import why
from tests.parts.docker import fake_docker
from tests.parts.docker.fake_docker import FakeEngine
from tests.parts.docker.tls_front import make_certificates, tcp_front

socket, fake = fake_docker.socket, fake_docker.fake  # fixtures
FOR_THE_WEB = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "NETRC"]


@pytest.fixture
def plain(fake: FakeEngine, socket: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The engine without TLS; DOCKER_HOST is its address."""
    with tcp_front(socket) as address:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{address}")
        yield address
        forget()


@pytest.fixture
def tls(fake: FakeEngine, socket: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The engine with TLS, which wants a client's certificate; the folder of the certificates."""
    with tcp_front(socket, certificates := make_certificates(tmp_path / "certificates")) as address:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{address}")
        monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
        monkeypatch.setenv("DOCKER_CERT_PATH", str(certificates))
        yield certificates
        forget()


def answer() -> str:
    """The engine's version, or why it cannot be asked."""
    try:
        with closing(connect(5.0)) as client:
            return str(client.version()["Version"])
    except Exception as error:  # noqa: BLE001 - every one must become a sentence
        return why(error, where())


@pytest.mark.parametrize("variable", FOR_THE_WEB)
@pytest.mark.usefixtures("plain")
def test_what_programs_for_the_web_read_is_not_for_docker(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "example.org")
    assert answer() == "99.0"


@pytest.mark.parametrize("variable", FOR_THE_WEB)
@pytest.mark.usefixtures("tls")
def test_nor_is_it_with_tls(monkeypatch: pytest.MonkeyPatch, variable: str, tmp_path: Path) -> None:
    other = make_certificates(tmp_path / "other") / "ca.pem"
    monkeypatch.setenv(variable, str(other) if "BUNDLE" in variable else "http://127.0.0.1:9")
    assert answer() == "99.0"


@pytest.mark.usefixtures("plain")
def test_an_engine_without_tls_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(make_certificates(tmp_path / "c")))
    assert "speaks no TLS: take DOCKER_TLS_VERIFY and DOCKER_CERT_PATH out" in answer()


def test_a_certificate_of_another_authority_is_named(tls: Path, tmp_path: Path) -> None:
    (tls / "ca.pem").write_bytes((make_certificates(tmp_path / "other") / "ca.pem").read_bytes())
    assert "is not accepted (self-signed certificate): ca.pem in DOCKER_CERT_PATH must be" in answer()


def test_a_certificate_for_another_name_is_named(
    fake: FakeEngine, socket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tcp_front(socket, certificates := make_certificates(tmp_path / "c", "127.0.0.2")) as address:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{address}")
        monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
        monkeypatch.setenv("DOCKER_CERT_PATH", str(certificates))
        assert "IP address mismatch" in answer()


@pytest.mark.parametrize("file", ["ca.pem", "cert.pem", "key.pem"])
def test_a_file_that_is_gone_for_a_moment_is_named(tls: Path, file: str) -> None:
    content = (tls / file).read_bytes()
    (tls / file).unlink()
    assert f"there is no file {tls / file}" in answer()
    (tls / file).write_bytes(content)
    assert answer() == "99.0"


@pytest.mark.parametrize("content", [b"", b"half of a certif", b"\xff\xfe"])
def test_a_file_that_is_being_written_is_a_sentence(tls: Path, content: bytes) -> None:
    (tls / "cert.pem").write_bytes(content)
    assert answer().startswith(f"Docker at {where()} cannot be reached (")


def test_an_address_where_nothing_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    assert answer() == "nothing listens at tcp://127.0.0.1:9: Docker is not running there, or listens on another port"
    monkeypatch.setenv("DOCKER_HOST", "tcp://nobody.invalid:2375")
    assert "no address is known for the name in tcp://nobody.invalid:2375" in answer()
