"""The rules file as it is in force: block by block, beside its tests' state and each rule's last runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from markupsafe import Markup

from hooks.web.pages.runs import RunRow
from hooks.web.pages.toml_colours import coloured
from hooks.web.pages.words import UNKNOWN, State, cut, instant

LAST_RUNS = 5  # of each rule
MOST_BLOCKS = 400  # on the page
_LONGEST_BLOCK = 12_000  # characters
_HEAD = re.compile(r"^\[{1,2}\s*([A-Za-z_][\w.-]*)\s*\]{1,2}")
_NAME = re.compile(r"""^\s*name\s*=\s*(?:"([^"\\]*)"|'([^']*)')""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A table of the file with its lines; `kind` is rule, test, or another name, and "" for what comes before them."""

    kind: str
    name: str
    line: int  # its first
    last: int
    code: Markup
    state: State | None
    notes: tuple[str, ...] = ()
    runs: tuple[RunRow, ...] = ()
    paused_until: float | None = None


@dataclass(frozen=True, slots=True)
class RuleFile:
    """The whole file. `problem`: why its text or its tests are not known."""

    file: str
    fingerprint: str
    blocks: tuple[Block, ...]
    tests: State
    problem: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its rules."""
        return tuple(block.name for block in self.blocks if block.kind == "rule")


def rule_file(
    text: str, rules: Sequence[Mapping[str, Any]], runs: Mapping[str, Sequence[RunRow]],
    tests: Sequence[Mapping[str, Any]] | None, *, file: str = "", fingerprint: str = "", problem: str = "",
) -> RuleFile:  # fmt: skip
    """`text` beside what is known of it.

    `rules` as in the runner's snapshot, `runs` by rule, `tests` as `gluehook test --json` prints them (None while they
    are not known).
    """
    states = {str(one.get("name")): one for one in rules}
    results = {str(one.get("test")): one for one in tests or ()}
    blocks = [_block(one, states, runs, results, is_tested=tests is not None) for one in _tables(text)]
    return RuleFile(cut(file, 400), cut(fingerprint, 12), tuple(blocks), _verdict(tests), cut(problem))


def _verdict(tests: Sequence[Mapping[str, Any]] | None) -> State:
    if tests is None:
        return State("unknown", "tests are not known yet")
    bad = sum(not one.get("good") for one in tests)
    if not tests:
        return State("plain", "no [[test]]")
    return State("broken", f"{bad} of {len(tests)} tests fail") if bad else State("well", f"{len(tests)} tests pass")


class _Table(NamedTuple):
    """What a text alone says of a block."""

    kind: str
    name: str
    line: int
    last: int
    code: Markup


@lru_cache(maxsize=2)
def _tables(text: str) -> tuple[_Table, ...]:
    return tuple(_table(*one) for one in islice(_split(text), MOST_BLOCKS))


def _table(line: int, text: str) -> _Table:
    head, name = _HEAD.match(text), _NAME.search(text)
    called = cut((name[1] or name[2] or "") if name else "", 200)
    last = line + text.count("\n")
    return _Table(head[1] if head else "", called, line, last, coloured(cut(text.rstrip(), _LONGEST_BLOCK)))


def _split(text: str) -> Iterator[tuple[int, str]]:
    """The file's blocks with the number of their first line; a comment above a table goes with what is before it."""
    begin, lines, is_in_text = 1, list[str](), False
    for number, line in enumerate(text.splitlines(), 1):
        if not is_in_text and line.startswith("[[") and lines:
            yield begin, "\n".join(lines)
            begin, lines = number, []
        lines.append(line)
        is_in_text ^= (line.count('"""') + line.count("'''")) % 2 == 1
    if lines:
        yield begin, "\n".join(lines)


def _block(
    table: _Table, states: Mapping[str, Any], runs: Mapping[str, Sequence[RunRow]], results: Mapping[str, Any], *,
    is_tested: bool,
) -> Block:  # fmt: skip
    state: State | None = None
    notes, ran, paused = (), (), None  # type: tuple[str, ...], tuple[RunRow, ...], float | None
    if table.kind == "rule":
        rule = states.get(table.name)
        state = _rule_state(rule) if states else UNKNOWN
        ran, paused = tuple(runs.get(table.name, ()))[:LAST_RUNS], instant((rule or {}).get("paused_until"))
    elif table.kind == "test":
        state, notes = _test_state(results.get(table.name), is_tested=is_tested)
    return Block(*table, state, notes, ran, paused)


def _rule_state(rule: Mapping[str, Any] | None) -> State:
    if rule is None:
        return State("unknown", "not in force")
    if not rule.get("enabled", True):
        return State("plain", "switched off")
    if instant(rule.get("paused_until")):
        return State("risk", "paused")
    return State("plain", "dry run") if rule.get("dry_run") else State("well", "in force")


def _test_state(result: Mapping[str, Any] | None, *, is_tested: bool) -> tuple[State, tuple[str, ...]]:
    if result is None:
        return State("unknown", "no result" if is_tested else "not known yet"), ()
    if result.get("good"):
        return State("well", "passes"), ()
    wrong = [f"expected, but missing: {_run(one)}" for one in result.get("missing") or ()]
    wrong += [f"not expected: {_run(one)}" for one in result.get("surplus") or ()]
    return State("broken", "fails"), tuple(wrong[:12])


def _run(one: Mapping[str, Any]) -> str:
    return cut(f"{one.get('rule')} at {one.get('at_s')} s {one.get('use') or ''}".rstrip(), 300)
