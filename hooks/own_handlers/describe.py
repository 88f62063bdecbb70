"""Imports sources of handlers in a child and brings back what they hold as plain values, or why they are no good.

A module that hangs, crashes or leaves costs its own handlers only: the child is started again with the rest.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from handlers.shared.output import cut
from hooks.own_handlers.channel import ChannelError
from hooks.own_handlers.marks import mark
from hooks.own_handlers.process import Process
from hooks.own_handlers.rights import importable
from hooks.own_handlers.sources import Faults
from hooks.rules.own_handler import OwnArgument, OwnHandler, Source

IMPORT_S = 5.0
"""How long the import of one module may take."""
ALL_S = 12.0
"""How long all modules may take; the process that waits for the rules gives up at 20 s."""
_START_S = 5.0  # of the child itself, on a busy machine

Found = dict[str, tuple[OwnHandler, ...]]


def describe(
    sources: Sequence[Source], *, import_s: float = IMPORT_S, all_s: float = ALL_S
) -> tuple[Found, Faults]:  # fmt: skip
    """The handlers of each source by its stem, and why others cannot be used."""
    found, faults, left, until = Found(), Faults(), list(sources), time.monotonic() + all_s
    while left:
        if time.monotonic() >= until:
            said = f"it was not imported: others took all of the {all_s:g} s; mend them first"
            faults.update({source.stem: f"{source.said} cannot be used: {said}" for source in left})
            break
        left = _round(left, found, faults, import_s)
    return found, faults


def _round(sources: list[Source], found: Found, faults: Faults, import_s: float) -> list[Source]:
    """One child's work; the sources that it has not come to."""
    try:
        process = Process({"describe": sources, "within_s": import_s})
    except OSError as error:
        said = f"no process can be started for it: {error.strerror}; it is tried again with the rules file"
        faults.update({source.stem: f"{source.said} cannot be used: {said}" for source in sources})
        return []
    try:
        for place, source in enumerate(sources):
            answer, why = _about(process, source, import_s)
            if why:
                faults[source.stem] = f"{source.said} cannot be used: {why}"
            else:
                _take(answer, source, found, faults)
            if answer is None:
                return sources[place + 1 :]
        return []
    finally:
        process.end()


def _about(process: Process, source: Source, import_s: float) -> tuple[dict[str, Any] | None, str]:
    """What the child says of a source, and why it is no good. Without an answer the child is at its end."""
    cure = "take out what it does at its import"
    try:
        begun = process.receive(_START_S + import_s)
        process.forget_printed()  # another module did
        answer = process.receive(import_s + _START_S) if begun and "begins" in begun else begun
    except TimeoutError:
        return None, f"its import was not done after {import_s:g} s; {cure}"
    except ChannelError as error:
        return None, f"its process sent {error}; {cure}"
    if answer is None or "ended" in answer:
        place = process.place_in(source.folder) if source.folder else ""
        if place or "Timeout (" in process.text:
            return None, f"its import was not done after {import_s:g} s{f' ({place})' if place else ''}; {cure}"
        return None, f"its import ended the process{_how(answer)}{_printed(process)}; {cure}"
    return answer, ""


def _take(answer: dict[str, Any] | None, source: Source, found: Found, faults: Faults) -> None:
    try:
        if answer and "fault" in answer:
            said, _, cure = str(answer["fault"]).partition("; ")
            faults[source.stem] = f"{source.said} cannot be used: {cut(said)}; {cure or 'mend it'}"
        else:
            found[source.stem] = tuple(_handler(facts, source) for facts in (answer or {})["handlers"])
    except (KeyError, TypeError, ValueError) as error:
        faults[source.stem] = f"{source.said} cannot be used: its process sent nonsense ({error}); mend it"


def _handler(facts: dict[str, Any], source: Source) -> OwnHandler:
    arguments = tuple(
        OwnArgument(str(name), _frozen(spec), bool(required), default, bool(is_known), str(says))
        for name, spec, required, default, is_known, says in facts["arguments"]
    )
    files = frozenset(importable(source.folder)) if source.folder else frozenset[str]()
    return OwnHandler(
        str(facts["name"]), str(facts["says"]), str(facts["about"]), str(facts["class_name"]), source, arguments,
        bool(facts["reconciles"]), bool(facts["uses_port"]),
        frozenset(file for file in files if file.endswith(".py")), mark(source.folder) if source.folder else "",
    )  # fmt: skip


def _frozen(spec: Any) -> Any:
    return tuple(map(_frozen, spec)) if isinstance(spec, list) else spec


def _how(answer: dict[str, Any] | None) -> str:
    if not answer:
        return ""
    code = int(answer["ended"])
    return f" with exit code {code}" if code >= 0 else f" by signal {-code}"


def _printed(process: Process) -> str:
    return f"; it printed: {cut(process.printed)}" if process.printed else ""
