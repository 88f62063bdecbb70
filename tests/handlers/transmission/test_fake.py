"""The fake of Transmission answers what the real one answered, and `is_transmission` knows each refusal."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from handlers.shared.who_answered import Answer, is_transmission
from tests.parts.places import SAMPLES
from tests.parts.targets.fakes_http import Ask
from tests.parts.targets.fakes_transmission import PASSWORD, USER, FakeTransmission

ROWS = [
    json.loads(line) for line in (SAMPLES / "transmission" / "answers.jsonl").read_text(encoding="utf-8").splitlines()
]
_GET = {"method": "session-get", "arguments": {"fields": ["peer-port", "version"]}}
_ID = {"x-transmission-session-id": "SESSION-ID"}


def _basic(password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{USER}:{password}".encode()).decode()}


# what was asked: the traits of the fake, the path, the headers, the body
ASKED: dict[str, tuple[dict[str, Any], str, dict[str, str], Any]] = {
    "no session id": ({}, "/transmission/rpc", {}, _GET),
    "settings": ({}, "/transmission/rpc", _ID, _GET),
    "set": ({}, "/transmission/rpc", _ID, {"method": "session-set", "arguments": {"peer-port": 4}}),
    "reannounce": ({}, "/transmission/rpc", _ID, {"method": "torrent-reannounce", "arguments": {}}),
    "unknown method": ({}, "/transmission/rpc", _ID, {"method": "nope"}),
    "no JSON": ({}, "/transmission/rpc", _ID, "nonsense"),
    "another path": ({}, "/rpc", _ID, _GET),
    "another path below it": ({}, "/transmission/nope", _ID, _GET),
    "another host": ({"hosts": ()}, "/transmission/rpc", {**_ID, "host": "transmission.lan:9091"}, _GET),
    "login": ({"login": True}, "/transmission/rpc", _basic(PASSWORD), _GET),
    "login missing": ({"login": True, "fails": 1}, "/transmission/rpc", {}, _GET),
    "wrong password": ({"login": True}, "/transmission/rpc", _basic("wrong"), _GET),
    "locked after wrong passwords": ({"login": True, "fails": 100}, "/transmission/rpc", _basic(PASSWORD), _GET),
    "address not in the whitelist": ({"whitelisted": False}, "/transmission/rpc", {}, _GET),
}


def _id(row: dict[str, Any]) -> str:
    return f"{row['transmission']}: {row['what']}"


@pytest.mark.parametrize("real", [row for row in ROWS if row["what"] in ASKED], ids=_id)
def test_the_fake_answers_as_it_did(real: dict[str, Any]) -> None:
    traits, path, headers, body = ASKED[real["what"]]
    text = body if isinstance(body, str) else json.dumps(body)
    fake = FakeTransmission(version=(int(real["transmission"][0]), 0), session_id="SESSION-ID", **traits)
    found = fake.answer(Ask("POST", path, {"host": "127.0.0.1:9091", **headers}, text.encode()))
    assert found.status == real["status"]
    assert {k.lower(): v for k, v in found.headers.items()}.items() <= real["headers"].items()
    assert isinstance(found.body, str)
    if found.status == 200:
        said, really = json.loads(found.body), json.loads(real["body"])
        assert (said["result"], type(said["arguments"])) == (really["result"], type(really["arguments"]))
    else:
        assert found.body.partition("<p>")[0] == real["body"].partition("<p>")[0]
        assert found.body.partition("<p>")[2][:40].strip("…</p>") in real["body"]


@pytest.mark.parametrize("row", [row for row in ROWS if row["status"] != 200], ids=_id)
def test_its_refusals_are_known_for_its_own(row: dict[str, Any]) -> None:
    assert is_transmission(Answer(row["status"], row["headers"], row["body"].encode()))
