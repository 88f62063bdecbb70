"""What `gluehook history --follow` makes of each item."""

from __future__ import annotations

from typing import Any

import pytest

from hooks.cli.item_lines import ItemLines
from hooks.control.items import KINDS

EVENT = {
    "kind": "event",
    "event": {"id": "1-x", "subject": "web", "type": "container.die", "origin": "live", "cause": None, "data": {}},
}
OF_RUN = {"run": "act/web#7", "rule": "act", "key": "web", "event": "1-x", "attempt": 2}
DECISION = {"kind": "decision", "rule": "act", "key": "web", "event": "1-x", "type": "container.die", "subject": "web"}
ITEMS: list[tuple[dict[str, Any], str]] = [
    (EVENT, "event       web: container.die (live)"),
    ({**EVENT, "event": {**EVENT["event"], "cause": "act/web#1"}},  # type: ignore[dict-item]
     "event       web: container.die (live, by our run act/web#1)"),
    ({**DECISION, "decision": "accepted", "why": ""},
     "accepted    act for web, at web: container.die"),
    ({**DECISION, "decision": "exhausted", "why": "3 runs in 1h", "wait_s": 3599.96},
     "exhausted   act for web, at web: container.die; 3 runs in 1h; in 1h"),
    ({**DECISION, "decision": "waits", "why": "", "wait_s": 0.25},
     "waits       act for web, at web: container.die; in 250ms"),
    ({"kind": "run_started", **OF_RUN, "attempts": 6}, "begins      act/web#7, attempt 2 of 6"),
    ({"kind": "step", "run": "act/web#7", "number": 1, "use": "play.act", "status": "changed", "said": "done\x1b[2J"},
     "step 1      act/web#7: play.act: changed: done�[2J"),
    ({"kind": "run_ended", **OF_RUN, "outcome": "changed", "said": "done\ntwice", "took_s": 0.2174, "next": None},
     "changed     act/web#7 after 217ms: done twice"),
    ({"kind": "run_ended", **OF_RUN, "outcome": "unchanged", "said": "", "took_s": 0.0001, "next": None},
     "unchanged   act/web#7 after 0s"),
    ({"kind": "run_ended", **OF_RUN, "outcome": "retry", "said": "no", "took_s": 12.34, "next": "retries", "wait_s": 2},
     "failed      act/web#7 after 12s: no; tried again in 2s"),
    ({"kind": "run_ended", **OF_RUN, "outcome": "retry", "said": "no", "took_s": 1, "next": None},
     "failed      act/web#7 after 1s: no; a newer event takes over"),
    ({"kind": "run_ended", **OF_RUN, "outcome": "give_up", "said": "401", "took_s": 1, "next": "failed"},
     "gave up     act/web#7 after 1s: 401; not tried again"),
    ({"kind": "run_overdue", "run": "act/web#7", "rule": "act", "key": "web", "after_s": 30.01},
     "overdue     act/web#7 still runs after 30s"),
    ({"kind": "source", "name": "docker", "is_up": False, "said": "it is away"},
     "source      docker cannot be seen: it is away"),
    ({"kind": "source", "name": "docker", "is_up": True, "said": ""}, "source      docker is seen"),
    ({"kind": "rules", "file": "r.toml", "rules": 3, "fingerprint": "f", "said": "new: act"},
     "rules       r.toml is in force, with 3 rules; new: act"),
    ({"kind": "command", "said": "paused"}, "command     paused"),
    ({"kind": "problem", "said": "broken"}, "problem     broken"),
    ({"kind": "stopping", "said": "gluehook stops"}, "stops       gluehook stops"),
    ({"kind": "missed", "count": 3},
     "missed      3 things that came too fast to be told; `gluehook history` has the runs"),
    ({"kind": "of_another_version", "more": 1}, "of_another_version"),
]  # fmt: skip


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> ItemLines:
    monkeypatch.setattr("hooks.cli.item_lines.local_time", lambda at: f"at {int(at)}")
    return ItemLines()


def test_each_kind_has_a_line(lines: ItemLines) -> None:
    for item, line in ITEMS:
        at = {"at": 5.0625, **item}
        assert lines.wants(at)
        assert lines.of(at) == f"at 5.062  {line}"
    assert set(KINDS) <= {item["kind"] for item, _ in ITEMS}
    assert not any(lines.wants({"kind": kind, "at": 1.0}) for kind in ("hello", "beat"))


def test_with_a_rule_only_what_is_of_it_is_shown() -> None:
    shown = [item["kind"] for item, _ in ITEMS if ItemLines("act").wants(item)]
    assert set(shown) == {"decision", "run_started", "step", "run_ended", "run_overdue"}
    assert not any(ItemLines("ac").wants(item) for item, _ in ITEMS)
