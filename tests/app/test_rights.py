"""A right that a proxy before Docker does not give is told at the start and in the heartbeat, not in the emergency."""

from __future__ import annotations

import pytest

from hooks.app.rights import Rights
from hooks.rules.table import Table
from tests.parts.docker import fake_docker
from tests.parts.docker.fake_docker import FakeEngine
from tests.parts.process.signals_heard import Ear
from tests.parts.values.rules_text import rule, table_of

socket, fake = fake_docker.socket, fake_docker.fake  # fixtures
NOBODY = f"/containers/{'0' * 64}"
REJOIN = rule("rejoin-network", '"container.healthy"', '{ use = "containers.rejoin", of = "gluetun" }')
EXEC = rule("mine", '"container.healthy"', '{ use = "containers.exec", container = "web", command = ["true"] }')
FORBIDDEN = (403, b"<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>")
NOT_LISTED = (404, b"<html>\r\n<head><title>404 Not Found</title></head>\r\n</html>")


@pytest.mark.parametrize(
    ("refusals", "told"),
    [
        (
            {f"{NOBODY}/restart": FORBIDDEN},
            "POST /containers/ID/restart: refused with 403, and needed by rejoin-network",
        ),
        ({f"{NOBODY}/start": NOT_LISTED}, "POST /containers/ID/start: refused with 404, and needed by rejoin-network"),
        ({f"{NOBODY}/json": NOT_LISTED}, "GET /containers/ID/json: refused with 404, and needed by gluehook itself"),
        ({f"{NOBODY}/json": (405, b'{"message":"no"}')}, "refused with 405, and needed by gluehook itself"),
        (
            {NOBODY: (501, b"Not Implemented")},
            "GET /containers/ID/json, POST /containers/ID/restart, POST /containers/ID/",
        ),
    ],
)
def test_what_is_refused_is_told_once_with_its_cure(
    fake: FakeEngine, refusals: dict[str, tuple[int, bytes]], told: str
) -> None:
    ear, rights = Ear(), Rights(lambda: table_of(REJOIN))
    fake.refusals.update(refusals)
    rights.ask(anew=True)
    rights.ask(anew=True)
    (warning,) = rights.warnings()
    assert told in warning
    assert "at the proxy before Docker's socket set CONTAINERS=1" in warning
    assert ear.count("Docker does not allow all that the rules need") == 1
    fake.refusals.clear()
    rights.ask(anew=True)
    assert rights.warnings() == []


@pytest.mark.parametrize("status", [404, 400, 409, 500, 503])
def test_an_answer_of_dockers_own_is_no_refusal(fake: FakeEngine, status: int) -> None:
    fake.refusals[NOBODY] = (status, b'{"message":"No such container"}')
    rights = Rights(lambda: table_of(REJOIN))
    rights.ask(anew=True)
    assert rights.warnings() == []


def test_it_is_asked_anew_for_another_connection_and_for_another_table(fake: FakeEngine) -> None:
    tables = [table_of(REJOIN)]
    rights = Rights(lambda: tables[-1])
    rights.ask(anew=True)
    asked = fake.count(NOBODY)
    assert asked == 3, "an inspect, a restart and a start"
    rights.ask(anew=False)
    assert fake.count(NOBODY) == asked
    tables.append(table_of(EXEC))
    rights.ask(anew=False)
    assert fake.count(f"{NOBODY}/exec") == 1


def test_an_engine_that_is_away_refuses_nothing(socket: object) -> None:
    rights = Rights(Table)
    rights.ask(anew=True)
    assert rights.warnings() == []
