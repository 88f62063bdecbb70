"""Stories for the engine: events at instants, and which runs they led to, on a clock that jumps.

    story = Story(rule("heal", on("container.unhealthy"), for_s=3 * M))
    story.at(0, unhealthy("gluetun"))
    story.until(10 * M)
    assert story.ran("heal") == [3 * M]

Instants are seconds from the story's begin. Whatever a story is about, the driver also holds the
engine to what must always be so: see `_check`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from math import inf
from typing import Any, cast

from hooks.engine.engine import Engine
from hooks.engine.runs import Note, NoteKind, Result, Run
from hooks.events.catalogue import Event, Origin
from hooks.rules.facts import Facts, unseen
from hooks.rules.matching import Match, OneOf
from hooks.rules.table import Entry, Rule, Step, Table

S, M, H, DAY = 1.0, 60.0, 3600.0, 86400.0
MIDNIGHT_NS = 1_800_000_000_000_000_000  # where a story begins on the wall clock
_NOW = -1

CHANGED, UNCHANGED, SKIPPED = Result("changed", "done"), Result("unchanged", "was so"), Result("skipped", "not up")
RETRY, GIVE_UP = Result("retry", "refused", handler="test.act"), Result("give_up", "wrong key", handler="test.act")

Answer = Result | Callable[[Run], Result]


def rule(name: str, *on: Entry, reconciles: bool = False, **words: Any) -> Rule:
    """A rule of one step, unless `do` says otherwise."""
    return Rule(**{"name": name, "on": on, "do": (Step("test.act", reconciles=reconciles),), **words})


def on(event: str, **match: Match | str) -> Entry:
    """An entry of `on`; a text is what the field must be."""
    return Entry(event, {field: OneOf((m,)) if isinstance(m, str) else m for field, m in match.items()})


def event(kind: str, subject: str, *, began: float | None = None, **data: object) -> Event:
    """Something that happens when it is fed; with `began`, a state that a resync finds."""
    source = {"container": "docker", "port": "files", "file": "files", "source": subject}.get(kind.partition(".")[0])
    time, origin = (_NOW, "live") if began is None else (wall(began), "resync")
    return Event(kind, subject, time, source or "gluehook", cast(Origin, origin), data)


def container(kind: str, name: str, *, id: str = "a", began: float | None = None, **data: object) -> Event:  # noqa: A002
    """An event of a container."""
    return event(f"container.{kind}", name, began=began, container=name, id=id, **data)


def unhealthy(name: str, **more: Any) -> Event:
    """Its health check fails."""
    return container("unhealthy", name, **more)


def healthy(name: str, **more: Any) -> Event:
    """Its health check passes."""
    return container("healthy", name, **more)


def forwarded(port: int, *, generation: str = "", began: float | None = None) -> Event:
    """gluetun has written a port."""
    data: dict[str, Any] = {
        "container": "gluetun",
        "port": port,
        "ports": [port],
        "generation": generation or str(port),
    }
    return event("port.forwarded", "gluetun", began=began, **data)


def cleared(*, began: float | None = None) -> Event:
    """gluetun's file holds no port."""
    return event("port.cleared", "gluetun", began=began, container="gluetun")


def source(word: str, name: str) -> Event:
    """A source is `lost` or `restored`."""
    return event(f"source.{word}", name, name=name)


def wall(at: float) -> int:
    """The instant on the wall clock, ns."""
    return MIDNIGHT_NS + round(at * 1e9)


@dataclass(frozen=True)
class Ran:
    """One attempt that was started."""

    at: float
    run: Run


class Story:
    """Drives an engine. `answers` says by rule how its attempts end; of several, the last stays."""

    def __init__(
        self, *rules: Rule, answers: Mapping[str, Answer | Sequence[Answer]] | None = None,
        takes_s: Mapping[str, float] | None = None, jitter: float = 0.0, facts: Callable[[], Facts] = unseen,
    ) -> None:  # fmt: skip
        self.engine = Engine(Table(rules))
        self._facts = facts
        self.now = 0.0
        self.attempts: list[Ran] = []
        self.notes: list[tuple[float, Note]] = []
        self._answers = {name: list(a) if isinstance(a, Sequence) else [a] for name, a in (answers or {}).items()}
        self._takes_s, self._jitter = takes_s or {}, jitter
        self._working: list[tuple[float, int, Run]] = []
        self._order = count()

    def at(self, instant: float, *events: Event) -> None:
        """Let time pass until then; then these happen, one after the other."""
        self.until(instant)
        for each in events:
            told = each if each.time != _NOW else replace(each, time=wall(instant), id="")
            self.engine.feed(told, instant)
            self._advance()
            self.until(instant)

    def until(self, instant: float) -> None:
        """Let time pass, stopping wherever something is due."""
        assert instant >= self.now, "a story's time does not go back"
        while (due := min(self.engine.next_deadline(), self._working[0][0] if self._working else inf)) <= instant:
            self.now = due = max(due, self.now)  # what a pause has held up was due before
            while self._working and self._working[0][0] <= due:
                run = heapq.heappop(self._working)[2]
                self.engine.finished(run, self._answer(run), due, self._jitter)
            self._advance()
        self.now = instant

    def ran(self, name: str = "") -> list[float]:
        """When the attempts of this rule, or of all, were started."""
        return [ran.at for ran in self.attempts if not name or ran.run.rule.name == name]

    def runs(self, name: str = "") -> list[Run]:
        """The attempts themselves."""
        return [ran.run for ran in self.attempts if not name or ran.run.rule.name == name]

    def told(self, kind: NoteKind) -> list[float]:
        """When the engine noted this."""
        return [at for at, note in self.notes if note.kind == kind]

    def _advance(self) -> None:
        for run in self.engine.advance(self.now, self._facts):
            self.attempts.append(Ran(self.now, run))
            heapq.heappush(self._working, (self.now + self._takes_s.get(run.rule.name, 0.0), next(self._order), run))
        self.notes += [(self.now, note) for note in self.engine.take_notes()]
        self._check()

    def _answer(self, run: Run) -> Result:
        answers = self._answers.get(run.rule.name) or [CHANGED]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer if isinstance(answer, Result) else answer(run)

    def _check(self) -> None:
        assert self.engine.advance(self.now, self._facts) == [], "a second look at the same instant finds nothing new"
        assert self.engine.next_deadline() > self.now, "what is due has been started"
        lanes = [(run.rule.name, run.key) for _, _, run in self._working]
        assert len(lanes) == len(set(lanes)), "one run at a time in a lane"
