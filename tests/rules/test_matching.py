"""MATCH on values: what passes and what does not."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from hooks.events.catalogue import Event
from hooks.rules.matching import AnyOf, Glob, Labels, Match, Not, OneOf, Range, Regex
from hooks.rules.table import Entry


@pytest.mark.parametrize(
    ("match", "passes", "fails"),
    [
        (OneOf(("web", 1)), ["web", 1], ["we", True, 1.0, "1", None, ["web"]]),
        (OneOf((True,)), [True], [1, "true"]),
        (Glob("web-*"), ["web-", "web-1", "web-a/b\nc"], ["web", "Web-1", "a-web-1", 1, None]),
        (Glob("we?"), ["web", "we."], ["we", "webs"]),
        (Glob("a[b]*"), ["a[b]", "a[b]c"], ["ab", "abc"]),
        (Glob("a.b(c)|$*"), ["a.b(c)|$", "a.b(c)|$x"], ["axb(c)|$"]),
        (Regex("web-[0-9]+|db"), ["web-12", "db"], ["web-12x", "xweb-1", "db\n", 12]),
        (Range(1, 127), [1, 127, 2.5], [0, 128, True, "5", None]),
        (Range(min=1), [1, 10**9], [0]),
        (Range(max=1), [1, -5], [2]),
        (AnyOf((OneOf(("a",)), Glob("b*"))), ["a", "bc"], ["c"]),
        (Not(OneOf((0,))), [1, "0"], [0]),
        (Labels({"a": OneOf(("1",)), "b": Glob("*")}), [{"a": "1", "b": ""}], [{"a": "1"}, {"a": "2", "b": ""}, "a"]),
        (Labels({"a": Not(OneOf(("1",)))}), [{"a": "2"}], [{}, {"a": "1"}]),
    ],
)
def test_what_passes(match: Match, passes: list[Any], fails: list[Any]) -> None:
    assert [value for value in passes if not match(value)] == []
    assert [value for value in fails if match(value)] == []
    assert pickle.loads(pickle.dumps(match)) == match


def test_all_fields_of_an_entry_must_pass_and_an_absent_one_never_does() -> None:
    entry = Entry("container.die", {"container": OneOf(("web",)), "exit_code": Not(OneOf((0,)))})
    assert entry.matches(Event("container.die", "web", 1, data={"container": "web", "exit_code": 1}))
    assert not entry.matches(Event("container.die", "web", 1, data={"container": "web", "exit_code": 0}))
    assert not entry.matches(Event("container.die", "web", 1, data={"container": "web"}))
    assert not entry.matches(Event("container.oom", "web", 1, data={"container": "web", "exit_code": 1}))
