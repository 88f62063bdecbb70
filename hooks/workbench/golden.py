"""A recording beside its golden decisions: what the rules decided when somebody read it and found it right.

`NAME.jsonl` is the recording and `NAME.decisions` the golden file. That may begin with lines that say how to replay:
`# rules: FILE` (from its own folder), `# assume: RULE=HOW`, for attempt after attempt, and `# go on: DURATION`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hooks.events import durations
from hooks.rules.rule_tests import Assumed, assumed
from hooks.rules.table import Table
from hooks.workbench.recording import Recording
from hooks.workbench.replay import Replay, turns
from hooks.workbench.timeline import Timeline
from hooks.world.names import Names

SUFFIX = ".decisions"


class ReplayError(Exception):
    """The recording cannot be replayed; the text says why."""


@dataclass(frozen=True, slots=True)
class Golden:
    """A golden file: how to replay, and what was decided."""

    said: tuple[str, ...] = ()  # the lines at its beginning
    decisions: tuple[str, ...] = ()
    rules: Path | None = None
    assume: dict[str, list[Assumed]] = field(default_factory=dict)
    go_on_s: float = 0.0


def read(path: Path) -> Golden:
    """The golden file; empty if there is none. Raises ReplayError."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    said = tuple(line for line in lines if line.startswith("#"))
    rules, assume, go_on_s = None, dict[str, list[Assumed]](), 0.0
    for line in said:
        key, _, value = (part.strip() for part in line.removeprefix("#").partition(":"))
        try:
            match key:
                case "rules":
                    rules = path.parent / value
                case "assume":
                    name, _, how = value.partition("=")
                    assume.setdefault(name, []).append(assumed(how))
                case "go on":
                    go_on_s = durations.parse(value)
        except ValueError as wrong:
            raise ReplayError(f"{path}: {line}: {wrong}") from None
    return Golden(said, tuple(lines[len(said) :]), rules, assume, go_on_s)


def decide(recording: Path, golden: Golden, table: Table, gluetun: str = "gluetun") -> list[str]:
    """What these rules decide about the recording, as lines; instants count from its first event. `gluetun` is the name
    of the container whose port the port file held, where neither its image nor its usual name says it.

    Raises ReplayError where the recording cannot be read, or has lines that are no events.
    """
    uses = {step.use for rule in table.rules for step in rule.do}
    if unknown := golden.assume.keys() - {rule.name for rule in table.rules} - uses:
        raise ReplayError(f"assume: no rule is called {', '.join(sorted(unknown))}, and no rule uses such a handler")
    names = Names({} if gluetun == "gluetun" else {"gluetun": gluetun})
    replay = Replay(table, assume=golden.assume, names=names)
    try:
        with recording.open("rb") as file:
            recorded = Recording(recording.name, file, accepts=replay.accepts, wants=replay.wants, names=names)
            lines = list(_lines(replay, recorded, golden.go_on_s))
    except OSError as error:
        raise ReplayError(f"{recording} cannot be read: {error.strerror}") from None
    if bad := [str(problem) for problem in recorded.problems if problem.bad]:
        raise ReplayError("\n".join(bad))
    return lines


def _lines(replay: Replay, recording: Recording, go_on_s: float) -> Iterator[str]:
    began: list[int] = []

    def since(at: int) -> str:
        began[:] = began or [at]
        return f"{durations.format_duration((at - began[0]) / 1e9):>12}"

    timeline = Timeline(replay.table, when=since)
    for turn in turns(replay, recording, lambda: recording.last + round(go_on_s * 1e9)):
        yield from (line for _, line in timeline.lines(turn))


def difference(golden: Golden, decided: list[str]) -> str:
    """The decisions that differ now as a unified diff; "" if none does."""
    return "\n".join(difflib.unified_diff(golden.decisions, decided, "golden", "decided now", lineterm=""))


def write(path: Path, golden: Golden, decided: list[str]) -> None:
    """Write the golden file again; its lines about how to replay stay."""
    path.write_text("\n".join([*golden.said, *decided, ""]), encoding="utf-8")
