"""The fake of Deluge's Web UI answers what the real one answered, call for call."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.parts.places import SAMPLES
from tests.parts.targets.fakes_deluge import FakeDeluge
from tests.parts.targets.fakes_http import Ask

ROWS = [json.loads(line) for line in (SAMPLES / "deluge" / "answers.jsonl").read_text(encoding="utf-8").splitlines()]
_STATES: dict[str, dict[str, Any]] = {
    "no login": {"connected": False}, "not connected": {"connected": False, "sessions": {"s"}},
    "connected": {"sessions": {"s"}}, "daemon gone": {"sessions": {"s"}, "hosts": {"a1b2c3": False}},
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['deluge']}, {row['state']}: {row['method']}")
def test_the_fake_answers_as_it_did(row: dict[str, Any]) -> None:
    fake = FakeDeluge(**_STATES[row["state"]])
    if row["answer"] == "no answer":
        assert not fake.running  # it holds the call
        return
    body = json.dumps({"method": row["method"], "params": row["params"], "id": 1})
    found = fake.answer(Ask("POST", "/json", {"cookie": "_session_id=s"}, body.encode())).body
    assert isinstance(found, dict)
    assert found["error"] == row["answer"]["error"]
    real, result = row["answer"]["result"], found["result"]
    assert type(result) is type(real)
    assert bool(result) == bool(real) or row["method"] == "core.get_session_state"
    if row["method"] == "web.get_host_status":
        assert result[:2] == real[:2]  # the third is its version
    if row["method"] in ("web.connected", "auth.login"):
        assert result == real
    if isinstance(real, dict):
        assert result.keys() == real.keys()
