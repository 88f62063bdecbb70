"""What Docker's variables may hold, and the sentence for each value that cannot work: who, what, and what to write."""

from __future__ import annotations

from pathlib import Path

import pytest
from docker.utils import parse_host

from hooks.docker.address import AddressError, current, problems, shown
from tests.parts.process.gluehook import Gluehook

SOCKET = "unix:///var/run/docker.sock"
WRONG = [
    ("/var/run/docker.sock", "write unix:///var/run/docker.sock"),
    ("unix:/run/docker.sock", "write unix:///run/docker.sock"),
    ("unix:///", f"write the path of Docker's socket, {SOCKET}"),
    ("unix:///" + "a" * 120, "has at most 107 bytes"),
    ('"unix:///run/docker.sock"', "write it without quotes, unix:///run/docker.sock"),
    ("'tcp://nas'", "write it without quotes; it has no port; write tcp://nas:2375"),
    ("tcp://127.0.0.1", "it has no port; write tcp://127.0.0.1:2375, or tcp://127.0.0.1:2376 with TLS"),
    ("tcp://[::1]", "write tcp://[::1]:2375"),
    ("http://nas", "it has no port; write http://nas:2375"),
    ("https://nas", "it has no port; write https://nas:2376"),
    ("nas", "write tcp://nas:2375"),
    ("docker.sock", f"write {SOCKET}, or tcp://"),
    ("2375", f"write {SOCKET}, or tcp://"),
    ("tcp://", "a host and a port from 1 to 65535"),
    ("tcp://nas:0", "a host and a port from 1 to 65535"),
    ("tcp://nas:99999", "a host and a port from 1 to 65535"),
    ("tcp://nas:port", "a host and a port from 1 to 65535"),
    ("tcp://n as:2375", "a host and a port from 1 to 65535"),
    ("tcp://::1", "a host and a port from 1 to 65535"),
    ("tcp://[::1:2375", "a host and a port from 1 to 65535"),
    ("tcp://nas:2375/?x=1", "write it without what follows the path, tcp://nas:2375/"),
    ("tcp://bob:hunter2@nas:2375", "takes no user or password in its address; write tcp://nas:2375"),
    ("tcp://bob@nas", "takes no user or password in its address; write tcp://nas:2375, or"),
    ("bob:hunter2@nas:2375", "a host and a port"),
    ("ssh://bob@nas", "`ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock nas`"),
    ("ssh://bob:hunter2@nas:22/x", "gluehook has no ssh client"),
    ("ssh://bob:hunter2@[fd00::1]:22/run/x.sock", "/tmp/docker.sock:/var/run/docker.sock fd00::1`)"),
    ("unix:///run/docker.sock,tcp://nas:2375", "write one address only, unix:///run/docker.sock for example"),
    ("tcp://a:2375 tcp://b:2375", "write one address only, tcp://a:2375 for example"),
    ("unix:// /run/docker.sock", "write it without the blank, unix:///run/docker.sock"),
    ("unix:///run/docker.sock?x=1", "cannot hold '?' here; mount it under another one"),
    ("unix:///run/#1.sock", "cannot hold '#' here"),
    ("tcp://a..b:2375", "a host and a port from 1 to 65535"),
    ("tcp://" + "a" * 70 + ":2375", "a host and a port from 1 to 65535"),
    ("tcp://[fe80::1%eth0]:2375", "an address with a zone cannot be used"),
    ("npipe:////./pipe/docker_engine", f"only on Windows; write {SOCKET}"),
    ("fd://", f"no address of it; write {SOCKET}"),
    ("podman://x", f"write {SOCKET}, or tcp://"),
]
GOOD = [
    ("", SOCKET, "/var/run/docker.sock"),
    ("unix://", SOCKET, "/var/run/docker.sock"),
    (SOCKET, SOCKET, "/var/run/docker.sock"),
    (" unix:///a b.sock\n", "unix:///a b.sock", "/a b.sock"),
    ("unix://run/docker.sock", "unix:///run/docker.sock", "/run/docker.sock"),
    ("unix:///a;b,c%20[d].sock", "unix:///a;b,c%20[d].sock", "/a;b,c%20[d].sock"),
    ("tcp://nas:2375", "tcp://nas:2375", "tcp://nas:2375"),
    ("tcp://höst:2375", "tcp://höst:2375", "tcp://höst:2375"),
    ("tcp://:2375", "tcp://:2375", "tcp://:2375"),
    ("tcp://[::1]:2375", "tcp://[::1]:2375", "tcp://[::1]:2375"),
    ("tcp://nas:2375/docker", "tcp://nas:2375/docker", "tcp://nas:2375/docker"),
    ("localhost:2375", "tcp://localhost:2375", "localhost:2375"),
    ("socket-proxy:2375", "tcp://socket-proxy:2375", "socket-proxy:2375"),
    ("http://nas:2375", "tcp://nas:2375", "http://nas:2375"),
    ("https://nas:2376", "https://nas:2376", "https://nas:2376"),
]


@pytest.mark.parametrize(("value", "advice"), WRONG)
def test_a_value_that_cannot_work_is_one_sentence_that_says_what_to_write(value: str, advice: str) -> None:
    (said,) = problems({"DOCKER_HOST": value})
    assert said.startswith("settings: DOCKER_HOST is ")
    assert advice in said
    assert "bob" not in said
    assert "hunter2" not in said
    assert "bob" not in shown({"DOCKER_HOST": value})
    assert "hunter2" not in shown({"DOCKER_HOST": value})


@pytest.mark.parametrize(("value", "url", "as_written"), GOOD)
def test_a_value_that_works_is_one_that_docker_py_takes(value: str, url: str, as_written: str) -> None:
    environment = {"DOCKER_HOST": value}
    assert problems(environment) == []
    assert current(environment).url == url
    assert shown(environment) == as_written
    parse_host(url)


@pytest.mark.parametrize("value", [value for value, _ in WRONG])
def test_each_address_that_is_proposed_works(value: str) -> None:
    advice = problems({"DOCKER_HOST": value})[0].partition("write")[2]
    proposed = [word.strip(",") for word in advice.split() if "://" in word and len(word) > len("tcp://,")]
    assert [one for one in proposed if problems({"DOCKER_HOST": one})] == []


def test_a_context_of_dockers_is_an_error_only_where_it_would_count() -> None:
    (said,) = problems({"DOCKER_CONTEXT": "nas"})
    assert "DOCKER_CONTEXT is 'nas'" in said
    assert "`docker context inspect nas`" in said
    assert problems({"DOCKER_CONTEXT": "default"}) == []
    assert problems({"DOCKER_CONTEXT": "nas", "DOCKER_HOST": SOCKET}) == [], "Docker takes DOCKER_HOST then"


# -- TLS -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["ca.pem", "cert.pem", "key.pem"])
def test_tls_without_its_files_is_an_error(tmp_path: Path, file: str) -> None:
    for name in {"ca.pem", "cert.pem", "key.pem"} - {file}:
        (tmp_path / name).touch()
    tls = {"DOCKER_HOST": "tcp://nas:2376", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path)}
    (said,) = problems(tls)
    assert f"there is no file {tmp_path / file}: set DOCKER_CERT_PATH" in said
    with pytest.raises(AddressError, match=file):
        current(tls)
    assert problems({**tls, "DOCKER_HOST": SOCKET}) == [], "a socket has no TLS"


def test_without_a_folder_they_are_looked_for_where_docker_keeps_them(tmp_path: Path) -> None:
    (said,) = problems({"DOCKER_HOST": "tcp://nas:2376", "DOCKER_TLS_VERIFY": "1", "HOME": str(tmp_path)})
    assert f"{tmp_path}/.docker/ca.pem" in said


def test_files_that_hold_no_certificate_are_named(tmp_path: Path) -> None:
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).write_text("hello")
    tls = {"DOCKER_HOST": "tcp://nas:2376", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path)}
    ca, own = problems(tls)
    assert f"{tmp_path}/ca.pem cannot be used" in ca
    assert f"{tmp_path}/cert.pem with key.pem cannot be used" in own


# -- every verb that needs Docker ------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["run", "init", "doctor", "status", "record"])
def test_each_verb_that_needs_docker_says_it_at_once_and_ends_with_2(tmp_path: Path, verb: str) -> None:
    ran = Gluehook(tmp_path, "version = 1\n").call(verb, DOCKER_HOST="ssh://bob@nas")
    assert ran.returncode == 2, ran.stderr
    assert "DOCKER_HOST is 'ssh://***@nas': gluehook has no ssh client" in ran.stderr
    assert "bob" not in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_verb_that_needs_no_docker_does_not_ask(tmp_path: Path) -> None:
    ran = Gluehook(tmp_path, "version = 1\n").call("check", DOCKER_HOST="ssh://bob@nas")
    assert ran.returncode == 0, ran.stderr
