"""The contract that every handler keeps, as tests of pytest. gluehook's own handlers are held to it, and the owner's.

A test file beside an owner's handler says what is on the other side, and the contract does the rest:

    sonarr = module_beside(__file__, "sonarr")
    test_contract = contract_of(Case(sonarr.Refresh, args=…, fine=…))

Importing this module imports pytest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hooks.handler import Context, GiveUp, Handler, Outcome, Retry
from hooks.own_handlers import imported
from hooks.own_handlers.case import Case, Fine, Notes, context, no_docker
from hooks.own_handlers.misbehaving import RETRY_AFTER_S, WORDS, misbehaving
from hooks.rules.own_handler import Source
from hooks.rules_file.arguments import arguments

__all__ = ["Case", "Fine", "Notes", "context", "contract_of", "misbehaving", "module_beside"]

_SOURCES: dict[str, Source] = {}


def module_beside(test_file: str, stem: str) -> ModuleType:
    """The module STEM.py, or the package STEM, in the test's folder, imported as gluehook imports it."""
    folder = Path(test_file).resolve().parent
    file = folder / f"{stem}.py"
    source = Source(stem, str(file if file.exists() else folder / stem), str(folder))
    module = imported.load(source)
    _SOURCES[module.__name__] = source
    return module


def contract_of(case: Case) -> Callable[..., None]:
    """The tests of this handler: assign them to a name that begins with `test`."""

    @pytest.mark.parametrize("promise", list(promises(case)))
    def test(promise: str, tmp_path: Path) -> None:
        promises(case)[promise](tmp_path)

    test.__doc__ = f"The contract of all handlers, for {case.name}."
    return test


def promises(case: Case) -> dict[str, Callable[[Path], None]]:
    """What this handler must keep, by name; each is called with an empty folder."""
    found: dict[str, Callable[[Path], None]] = {
        "describes-itself": lambda _: describes_itself(case),
        "applied-twice": lambda folder: applied_twice(case, folder),
        "plan-writes-nothing": lambda folder: plan_writes_nothing(case, folder),
        "in-its-own-process": lambda folder: in_its_own_process(case, folder),
    }
    if case.second is not None:
        found["restarted"] = lambda folder: restarted(case, folder)
        found["plan-after-apply"] = lambda folder: plan_after_apply(case, folder)
    for how in case.words:
        for verb in ("apply", "plan"):
            found[f"{how}-{verb}"] = _of_fault(case, how, verb)
    return found


def _of_fault(case: Case, how: str, verb: str) -> Callable[[Path], None]:
    return lambda folder: ends_in_its_word(case, how, verb, folder)


# -- each promise ------------------------------------------------------------------------------


def attempt(case: Case, verb: str, ctx: Context, address: str, handler: Handler[Any] | None = None) -> Any:
    """What one attempt answers or raises."""
    try:
        return getattr(handler or case.handler(), verb)(case.args(address), ctx)
    except (Retry, GiveUp) as end:
        return end


def said(end: Any) -> str:
    """The sentence of an outcome, a plan or an error; "" for no plan."""
    return end if isinstance(end, str) else "" if end is None else str(end.said)


def describes_itself(case: Case) -> None:
    """Name, says and docstrings are there, and each argument says what it is."""
    handler = case.handler
    assert handler.__doc__, f"{handler.__name__} has no docstring"
    assert handler.apply.__doc__, f"{handler.__name__}.apply has no docstring"
    assert handler.says.strip(), f"{handler.__name__} has no sentence in `says`"
    silent = [name for name, argument in arguments(handler.Args).items() if not argument.says]
    assert not silent, f"metadata says nothing about {', '.join(silent)}"
    assert handler.name.count(".") == 1
    assert handler().targets(case.args("http://127.0.0.1:9"), case.settings("http://127.0.0.1:9")), "it locks nothing"
    assert set(case.words) <= set(WORDS), "misbehaving.WORDS has all that there is"
    if handler.reconciles:
        assert case.second in ("unchanged", "skipped"), "what reconciles must find nothing to do the second time"


def applied_twice(case: Case, folder: Path, noted: list[str] | None = None) -> None:
    """The first time it changes something, the second time it finds nothing to do. It says no secret."""
    memory, handler, noted = Notes(), case.handler(), [] if noted is None else noted
    with case.fine(folder) as server:
        ctx = replace(case.context(server.address, memory=memory), saw=noted.append)
        first = attempt(case, "apply", ctx, server.address, handler)
        assert isinstance(first, Outcome), said(first)
        assert not case.leaks("\n".join(noted))
        assert first.status == case.first, first.said
        wrote = len(server.writes())
        assert wrote, "the first must have written something, or the test shows nothing"
        if case.second is None:
            return
        second = attempt(case, "apply", case.context(server.address, memory=memory), server.address, handler)
        assert (getattr(second, "status", None), list(server.writes()[wrote:])) == (case.second, []), said(second)
        assert not case.leaks(first.said + second.said)


def restarted(case: Case, folder: Path) -> None:
    """Nor does another instance of it find anything to do."""
    memory = Notes()
    with case.fine(folder) as server:
        ends = [attempt(case, "apply", case.context(server.address, memory=memory), server.address) for _ in "12"]
        assert [getattr(end, "status", said(end)) for end in ends] == [case.first, case.second]


def plan_writes_nothing(case: Case, folder: Path) -> None:
    """Its plan says what would change, and neither the other side nor its memory is written."""
    memory = Notes()
    with case.fine(folder) as server:
        plan = attempt(case, "plan", case.context(server.address, memory=memory), server.address)
        assert isinstance(plan, str), f"the fine server needs a change, so there must be a plan: {plan!r}"
        assert list(server.writes()) == []
        assert memory.values == {}, "a plan keeps nothing"
        assert not case.leaks(plan)


def plan_after_apply(case: Case, folder: Path) -> None:
    """After it was applied, its plan has nothing to say."""
    memory = Notes()
    with case.fine(folder) as server:
        attempt(case, "apply", case.context(server.address, memory=memory), server.address)
        assert attempt(case, "plan", case.context(server.address, memory=memory), server.address) is None


def ends_in_its_word(case: Case, how: str, verb: str, folder: Path) -> None:
    """A server that misbehaves in this way makes it raise Retry or GiveUp, as `case.words` says, and say no secret."""
    timeout_s = 0.4 if how == "timeout" else 10.0
    with misbehaving(how, folder / "misbehaving.sock" if case.unix else None) as address:
        end = attempt(case, verb, case.context(address, timeout_s=timeout_s), address)
    if verb == "plan" and not case.handler.reconciles and not isinstance(end, Retry | GiveUp):
        return  # a mere deed may be planned without asking the other side
    word = case.words[how]
    assert (end.status if isinstance(word, str) else type(end)) == word, said(end)
    assert not case.leaks(f"{said(end)} {end}")
    if how == "busy_429" and isinstance(end, Retry):
        assert end.after == RETRY_AFTER_S


def in_its_own_process(case: Case, folder: Path) -> None:
    """gluehook can use it: its process describes it, and carries out an attempt. Ours have no process of their own."""
    source = _SOURCES.get(".".join(case.handler.__module__.split(".")[:2]))
    if source is None or case.docker("") is not no_docker:  # its process would reach the real Docker
        return
    from hooks.own_handlers.describe import describe
    from hooks.own_handlers.step import handler_class

    found, faults = describe([source])
    assert not faults, faults
    own = next((one for one in found[source.stem] if one.name == case.handler.name), None)
    assert own, f"{source.path} has no {case.handler.name}"
    with case.fine(folder) as server, closing(handler_class(own, source.folder)()) as step:
        assert isinstance(step, Handler)
        given = {name: value for name, value in _values(case.args(server.address)) if value is not None}
        args, ctx = step.Args(**given), case.context(server.address, timeout_s=60.0)
        assert step.locks(args, ctx)
        end = step.apply(args, ctx)
        assert end.status == case.first, end.said
        assert server.writes()


def _values(args: Any) -> Iterator[tuple[str, Any]]:
    kind: type = type(args)
    return ((name, getattr(args, name)) for name in arguments(kind))
