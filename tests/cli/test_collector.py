"""What `status`, `doctor` and `peers` print as JSON."""

from __future__ import annotations

import json

from hooks.cli.collector import records
from hooks.doctor.checks.check import Finding
from hooks.doctor.status.row import Row


def test_each_text_of_a_record_is_masked_by_itself() -> None:
    def mask(text: str) -> str:
        return text.replace('s3"cret', "***")

    finding = Finding('seen s3"cret', 'fix s3"cret', ('run s3"cret', "run"), why='why s3"cret')
    row = Row("gluetun", "tunnel", "well", 'it is s3"cret')
    (found,), (shown,) = records([finding], mask), records([row], mask)
    assert (found["seen"], found["why"], found["fix"]) == ("seen ***", "why ***", "fix ***")
    assert found["run"] == ["run ***", "run"]
    assert shown["says"] == "it is ***"
    assert "s3" not in json.dumps([found, shown])
