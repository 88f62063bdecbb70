"""The fake of gluetun's control server answers what the real one answered, request for request."""

from __future__ import annotations

import http.client
import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from queue import Queue
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.parts.places import SAMPLES
from tests.parts.targets.fakes_gluetun import MASTER, FakeGluetun, fake_gluetun

_ROLE = frozenset({"GET /v1/vpn/status", "PUT /v1/vpn/status", "GET /v1/portforward", "GET /v1/publicip/ip"})
_OLD_ROLE = (_ROLE - {"GET /v1/portforward"}) | {"GET /v1/openvpn/portforwarded"}
_KEY, _BASIC = "KEY", ("hooks", "fake-gluetun-password")


def recorded(file: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SAMPLES / "gluetun" / file).read_text().splitlines()]


ROUTES = [
    pytest.param(row, *to.split(" ", 2), id=f"{to}: {row['method']} {row['path']} {row.get('sent', '')}")
    for row in recorded("routes.jsonl")
    for to in row["to"]
]


def _traits(version: str, auth: str) -> dict[str, Any]:
    number, _, more = version.partition("-")
    numbers = MASTER if number == "master" else tuple(int(part) for part in number.split("."))
    role = _OLD_ROLE if numbers < (3, 41) else _ROLE
    return {"version": numbers, "auth": auth, "api_key": _KEY, "routes": None if more == "default-role" else role}


def _shown(what: str, auth: str) -> dict[str, str]:
    def basic(password: str) -> dict[str, str]:
        return {"Authorization": f"Basic {b64encode(f'{_BASIC[0]}:{password}'.encode()).decode()}"}

    right = {"apikey": {"X-API-Key": _KEY}, "basic": basic(_BASIC[1])}.get(auth, {})
    return {"right": right, "wrong key": {"X-API-Key": "wrong"}, "wrong basic": basic("wrong")}.get(what, {})


def _ask(url: str, method: str, path: str, sent: str | None = None, **headers: str) -> tuple[int, dict[str, str], str]:
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)) as connection:
        connection.request(method, path, sent, headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()


@pytest.mark.parametrize(("row", "version", "auth", "shown"), ROUTES)
def test_it_answers_as_recorded(row: dict[str, Any], version: str, auth: str, shown: str) -> None:
    port = json.loads(row["body"])["port"] if row["status"] == 200 and "port" in row["path"] else 0
    with fake_gluetun(**_traits(version, auth), basic=_BASIC, forwards=port, restarts=8) as (_, url):
        status, headers, body = _ask(url, row["method"], row["path"], row.get("sent"), **_shown(shown, auth))
    ours = ("Server", "Date", "Content-Length")  # of Python's server, and what every server counts
    assert (status, {k: v for k, v in headers.items() if k not in ours}, body) == (
        row["status"], row["headers"], row["body"],
    )  # fmt: skip


class Held:
    """Holds requests until they are released, on a clock that stands still."""

    def __init__(self) -> None:
        self.asked_s: Queue[float] = Queue()
        self.released = threading.Event()
        self.now_s = 100.0

    def hold(self, held_s: float) -> None:
        self.asked_s.put(held_s)
        assert self.released.wait(10)
        self.now_s = 100.0 + held_s


@contextmanager
def held(version: tuple[int, int, int], **commands: float) -> Iterator[tuple[FakeGluetun, str, Held]]:
    hand = Held()
    with fake_gluetun(
        version=version, auth="none", forwards=40003, restarts=8, now=lambda: hand.now_s, hold=hand.hold, **commands
    ) as (fake, url):
        try:
            yield fake, url, hand
        finally:
            hand.released.set()


def _in_thread(url: str, method: str, path: str, sent: str | None = None) -> tuple[threading.Thread, list[Any]]:
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(_ask(url, method, path, sent)), name="asks-fake")
    thread.start()
    return thread, answers


def _holds(version: str, when: str) -> list[dict[str, Any]]:
    return [row for row in recorded("holds.jsonl") if row["gluetun"] == version and row["when"].startswith(when)]


@pytest.mark.parametrize("version", ["3.41.3", "master"])
@pytest.mark.parametrize("command", ["UP", "DOWN"])
def test_it_holds_what_gluetun_holds(version: str, command: str) -> None:
    number = MASTER if version == "master" else (3, 41, 3)
    with held(number, up_s=12.0 if command == "UP" else 0.0, down_s=12.0) as (fake, url, hand):
        fake.run_up_command()
        stop = None
        if command == "DOWN":
            stop, stopped = _in_thread(url, "PUT", "/v1/vpn/status", '{"status":"stopped"}')
            assert hand.asked_s.get(timeout=10) == 12.0
        rows = _holds(version, f"{command} command (sleep 12) runs")
        assert len(rows) == 3
        for row in sorted(rows, key=lambda row: row["took_s"]):  # a held one releases the rest
            method, path = row["route"].split()
            thread, answers = _in_thread(url, method, path)
            if row["took_s"] > 1:
                assert hand.asked_s.get(timeout=10) == 12.0
                hand.released.set()
                if stop:
                    stop.join(10)
            thread.join(10)
            assert answers[0][2].startswith(row["body"].removesuffix(', "country": "Pana'))
        if stop:
            hand.released.set()
            stop.join(10)
            assert stopped[0][2] == '{"outcome":"stopped"}\n'


def test_a_stop_waits_for_both_commands() -> None:
    with held(MASTER, up_s=10.0, down_s=12.0) as (fake, url, hand):
        fake.run_up_command()
        thread, answers = _in_thread(url, "PUT", "/v1/vpn/status", '{"status":"stopped"}')
        assert hand.asked_s.get(timeout=10) == 22.0  # recorded: 21.97 s and 21.72 s
        hand.released.set()
        thread.join(10)
        assert answers[0][2] == '{"outcome":"stopped"}\n'
