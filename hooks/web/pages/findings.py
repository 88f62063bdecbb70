"""What the doctor has found: first the causes, each with what follows from it and the commands that cure it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hooks.web.pages.words import LONGEST_TEXT, State, cut, instant, rows, texts

MOST_FINDINGS = 20  # on the page
_SEVERITIES = {"broken": State("broken", "broken"), "risk": State("risk", "at risk")}


@dataclass(frozen=True, slots=True)
class Consequence:
    """A finding that goes away with its cause."""

    check: str
    seen: str


@dataclass(frozen=True, slots=True)
class Cause:
    """A finding that has no other as its cause."""

    check: str
    state: State
    seen: str
    why: str
    fix: str
    run: tuple[str, ...]  # commands for the host
    about: str
    consequences: tuple[Consequence, ...]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The doctor's answer. `problem`: why there is none."""

    causes: tuple[Cause, ...] = ()
    hidden: int = 0
    said: str = ""
    at: float | None = None
    problem: str = ""

    @property
    def is_known(self) -> bool:
        """Whether the doctor has answered."""
        return self.at is not None

    @property
    def verdict(self) -> State:
        """All of it in one state."""
        if not self.is_known:
            return State("unknown", "not examined yet")
        broken = sum(cause.state.tone == "broken" for cause in self.causes)
        risks = len(self.causes) - broken
        if broken:
            return State("broken", f"{broken} broken" + (f", {risks} at risk" if risks else ""))
        return State("risk", f"{risks} at risk") if risks else State("well", "nothing is wrong")


def diagnosis(answer: Mapping[str, Any] | None, problem: str = "") -> Diagnosis:
    """The doctor's answer `{"findings", "said", "at"}` as it is shown; None where there is none yet."""
    if answer is None:
        return Diagnosis(problem=cut(problem))
    causes: list[Cause] = []
    for one in rows(answer.get("findings")):
        if one.get("causes") and causes:
            last = causes[-1]
            consequence = Consequence(cut(one.get("check"), 100), cut(one.get("seen"), LONGEST_TEXT))
            causes[-1] = _with(last, consequence)
        else:
            causes.append(_cause(one))
    shown = tuple(causes[:MOST_FINDINGS])
    at = instant(answer.get("at"))
    return Diagnosis(shown, len(causes) - len(shown), cut(answer.get("said"), 200), at, cut(problem))


def _cause(one: Mapping[str, Any]) -> Cause:
    severity = _SEVERITIES.get(str(one.get("severity")), State("risk", cut(one.get("severity"), 40)))
    return Cause(
        check=cut(one.get("check"), 100), state=severity, seen=cut(one.get("seen")), why=cut(one.get("why")),
        fix=cut(one.get("fix")), run=tuple(texts(one.get("run"))[:12]), about=cut(one.get("about"), 200),
        consequences=(),
    )  # fmt: skip


def _with(cause: Cause, consequence: Consequence) -> Cause:
    return replace(cause, consequences=(*cause.consequences, consequence)[:MOST_FINDINGS])
