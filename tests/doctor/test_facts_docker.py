"""Reading Docker, DNS and gluehook's own state: a read that fails, hangs or is refused costs its own fact only."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hooks.docker.client import connect, forget
from hooks.doctor import own_state
from hooks.doctor.facts import docker, names
from hooks.doctor.facts.model import Docker, DockerAccess, Unread
from hooks.doctor.facts.parallel import gather
from hooks.handler import GiveUp, Retry
from hooks.journal.journal import FILE_NAME
from hooks.journal.store import Store
from hooks.world.model import Container
from tests.doctor.hanging_reads import WAIT_S, over_when_the_others_are_done
from tests.handlers.contract import context
from tests.parts.docker import fake_docker
from tests.parts.docker.fake_docker import FakeEngine
from tests.parts.targets.dns_server import dns_server
from tests.parts.targets.fakes_http import Answer, Ask, served

socket, fake = fake_docker.socket, fake_docker.fake  # fixtures
VERSION = {"Version": "99.0", "ApiVersion": "1.41", "Components": [{"Name": "Engine"}]}


# -- several at once ------------------------------------------------------------------------------


def test_every_read_is_limited_in_time_and_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    over_when_the_others_are_done(monkeypatch, "slow")
    hangs = threading.Event()

    def broken() -> None:
        raise Retry("it refuses the connection")

    def faulty() -> None:
        raise KeyError("a secret stands here")

    found = gather({"well": lambda: 1, "broken": broken, "faulty": faulty, "slow": lambda: hangs.wait(30)}, WAIT_S)
    hangs.set()
    assert found["well"] == 1
    assert found["broken"] == Unread("it refuses the connection")
    assert found["slow"] == Unread("there was no answer within 10.0 s")
    assert found["faulty"] == Unread("reading it failed (KeyError); this is a fault of gluehook's")


def test_a_read_is_waited_for_as_long_as_it_may_take() -> None:
    hangs = threading.Event()
    began = time.monotonic()
    found = gather({"slow": lambda: hangs.wait(30)}, 0.2)
    took_s = time.monotonic() - began
    hangs.set()
    assert found == {"slow": Unread("there was no answer within 0.2 s")}
    assert took_s >= 0.2


# -- the engine ---------------------------------------------------------------------------------------


def test_a_malformed_record_hides_no_other_container(fake: FakeEngine) -> None:
    fake.has("gluetun", "a" * 64)
    fake.has("web", "b" * 64)
    fake.containers["strange"] = {**fake.containers["a" * 64], "Id": None, "Name": "/strange"}
    fake.refusals["/containers/" + "a" * 64] = (500, b"{}")
    found = docker.read(context(docker=connect))
    assert {"gluetun", "web"} <= set(found.containers)
    assert found.inspected == {}


def test_only_containers_that_matter_are_inspected(fake: FakeEngine) -> None:
    fake.has("gluetun", "a" * 64)
    fake.has("qbittorrent", "b" * 64, network=f"container:{'a' * 64}")
    for number in range(48):
        fake.has(f"other-{number}", f"{number:064x}")
    found = docker.read(context(docker=connect))
    assert len(found.containers) == 50
    assert set(found.inspected) == {"gluetun", "qbittorrent"}
    assert len(fake.requests) == 4  # version, list, two inspects


def test_another_service_at_the_docker_address_is_reported(fake: FakeEngine) -> None:
    fake.refusals["/containers/json"] = (200, b'{"hello": 1}')
    with pytest.raises(GiveUp, match="is no Docker engine"):
        docker.read(context(docker=connect))


@pytest.mark.parametrize(("mode", "writable_by_all"), [(0o660, False), (0o666, True)])
def test_a_socket_for_all_users(fake: FakeEngine, socket: Path, mode: int, writable_by_all: bool) -> None:
    socket.chmod(mode)
    assert docker.read_access(context(docker=connect)) == DockerAccess(str(socket), writable_by_all=writable_by_all)
    assert fake.requests == []


@pytest.mark.parametrize(
    ("allowed", "beyond"),
    [((), ()), (("/info",), ("INFO",)), (("/info", "/volumes", "/images/json"), ("IMAGES", "VOLUMES", "INFO"))],
)
def test_requests_that_a_proxy_allows_needlessly(
    monkeypatch: pytest.MonkeyPatch, allowed: tuple[str, ...], beyond: tuple[str, ...]
) -> None:
    asked: list[str] = []

    def answer(ask: Ask) -> Answer:
        asked.append(ask.method)
        path = ask.path.removeprefix("/v1.41")
        if path == "/version":
            return Answer(200, VERSION)
        return Answer(200, "[]") if path in allowed else Answer(403, "Forbidden")

    with served(answer) as url:
        host = url.replace("http", "tcp")
        monkeypatch.setenv("DOCKER_HOST", host)
        access = docker.read_access(context(docker=connect))
        forget()
    assert (access.is_socket, access.tls, access.unneeded) == (False, False, beyond)
    assert set(asked) == {"GET"}


# -- names -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["NOERROR", "NXDOMAIN", "SERVFAIL"])
def test_the_word_of_a_dns_answer(word: str) -> None:
    with dns_server(word) as (port, asked):
        assert names.dns_answer("127.0.0.1", "home.example.net", 2.0, port) == word
    assert asked == ["home.example.net"]


def test_a_silent_dns_server_is_reported() -> None:
    with dns_server("") as (port, _), pytest.raises(Retry, match=r"127\.0\.0\.1 did not answer in time"):
        names.dns_answer("127.0.0.1", "home.example.net", 0.1, port)


def test_adguard_in_the_namespace_of_another_has_its_address() -> None:
    house = Container("vpn", "vpn-id", addresses={"home": "172.18.0.7"})
    found = names.find_adguard(
        Docker({"vpn": house, "adguard": Container("adguard", "i", network_mode="container:vpn-id")})
    )
    assert found
    assert found.addresses == {"home": "172.18.0.7"}


@pytest.mark.parametrize(
    ("name", "image", "is_it"),
    [("adguard", "x", True), ("adguardhome", "x", True), ("dns", "adguard/adguardhome:v0.107", True),
     ("adguard-exporter", "ebrianne/adguard-exporter", False), ("dns", "me/adguardhome-sync", False)],
)  # fmt: skip
def test_adguard_is_found_by_name_or_image(name: str, image: str, is_it: bool) -> None:
    found = names.find_adguard(Docker({name: Container(name, "i", image)}))
    assert (found is not None) is is_it


# -- gluehook itself ------------------------------------------------------------------------------------


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / FILE_NAME)
    yield made
    made.close()


def test_pauses_and_earlier_ids_come_from_the_journal(journal: Store, tmp_path: Path) -> None:
    journal.put("pauses", {"": time.time() + 60, "over": time.time() - 60})
    journal.put("world", {"earlier": {"gluetun": ["old"]}})
    found = own_state.read(tmp_path)
    assert list(found.pauses) == [""]
    assert found.earlier_ids == {"gluetun": ["old"]}
    assert not found.healthy
    assert "no heartbeat" in found.sentences[0]


@pytest.mark.parametrize(
    ("note", "unpaused_at", "counts"),
    [
        ({"what": "paused", "asked_at": 2.0, "at": 2_100_000_000}, 2_000_000_000, True),
        ({"what": "paused", "asked_at": 2.0, "at": 2_100_000_000}, 2_200_000_000, False),
        ({"what": "paused", "asked_at": 2.0}, 1_000_000_000, True),
        ({"what": "paused", "asked_at": 2.0, "at": 0}, 3_000_000_000, False),
        ({"what": "stopped", "asked_at": 2.0}, 3_000_000_000, True),
        ({"what": "paused", "asked_at": "soon"}, 1, False),
        (5, 0, False),
        (None, 0, False),
    ],
)
def test_what_rules_have_stopped_and_paused_comes_from_the_handlers_memory(
    journal: Store, tmp_path: Path, note: object, unpaused_at: int, *, counts: bool
) -> None:
    journal.put("world", {"containers": [{"name": "vpn", "unpaused_at": unpaused_at}, {"name": "old"}]})
    (tmp_path / "memory.json").write_text(json.dumps({"containers.ours:vpn": note, "containers.run": 1}))
    assert own_state.read(tmp_path).acts == ({"vpn": note} if counts else {})


def test_a_broken_journal_is_reported(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"this is no database, and long enough to be one" * 100)
    assert "cannot be read" in own_state.read(tmp_path).journal_error
    assert (tmp_path / FILE_NAME).read_bytes().startswith(b"this is no database")


def test_an_empty_folder_stays_empty(tmp_path: Path) -> None:
    own_state.read(tmp_path)
    memory = own_state.DoctorMemory(tmp_path)
    assert memory.get("x") is None
    assert list(tmp_path.iterdir()) == []
    own_state.DoctorMemory(tmp_path / "none").put("x", 1)
    assert not (tmp_path / "none").exists()


def test_the_memory_file_of_gluehook_is_read_and_never_written(tmp_path: Path) -> None:
    (tmp_path / "memory.json").write_text(json.dumps({"a": 1, "b": {"until_s": None}}))
    memory = own_state.DoctorMemory(tmp_path)
    (tmp_path / "memory.json").write_text(json.dumps({"a": 1, "b": {"until_s": None}, "later": 2}))
    assert memory.get("later") == 2  # gluehook goes on meanwhile
    (tmp_path / "memory.json").write_text(json.dumps({"a": 1, "b": {"until_s": None}}))
    memory.put("a", None)
    memory.put("c", {"until_s": None, "said": "no"})
    assert (memory.get("a"), memory.get("b")) == (None, {"until_s": None})
    assert json.loads((tmp_path / "memory.json").read_text()) == {"a": 1, "b": {"until_s": None}}
    again = own_state.DoctorMemory(tmp_path).get("c")
    assert 3500 < again["until_s"] - time.time() < 3700


@pytest.mark.parametrize(("errors", "said"), [(0, ""), (1, "it has 1 error"), (2, "it has 2 errors")])
def test_the_errors_of_the_rules_file_are_counted(tmp_path: Path, errors: int, said: str) -> None:
    assert own_state.read(tmp_path, errors).rules_rejected == said
