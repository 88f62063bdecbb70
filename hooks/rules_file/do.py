"""`do` of a rule: its steps, and whether each argument is what the handler takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hooks.events import durations
from hooks.events.wording import did_you_mean
from hooks.handler import Duration, Handler
from hooks.rules.placeholders import Template
from hooks.rules.table import Step
from hooks.rules_file.errors import kind_of, quoted
from hooks.rules_file.findings import Part
from hooks.rules_file.placeholders import Scope
from hooks.rules_file.positions import Path

Handlers = Mapping[str, type[Handler[Any]]]


def steps(rule: Part, handlers: Handlers, events: tuple[str, ...]) -> list[Step]:
    """The usable steps of `do`; what is wrong with the others has been told."""
    return [
        step
        for index, part in enumerate(_parts(rule))
        if (step := _step(part, handlers, Scope(rule.findings, events, first_step=index == 0)))
    ]


def _parts(rule: Part) -> Iterator[Part]:
    raw = rule.get("do")
    many = raw if isinstance(raw, list) else [raw]
    for index, one in enumerate(many):
        path = (*rule.path, "do", index) if raw is many else (*rule.path, "do")
        values = {"use": one} if isinstance(one, str) else one
        # a broken step is still the first one
        usable = isinstance(values, dict) and not rule.findings.broken(path)
        yield Part(rule.findings, path, values if usable else {})


def _step(part: Part, handlers: Handlers, scope: Scope) -> Step | None:
    if scope.first_step and part.get("when_changed") is True:
        said = "when_changed on the first step: nothing can have changed before it, so it would never run"
        part.wrong("when-changed-first", "when_changed", said, "put it on a later step")
    handler = handler_of(part, handlers)
    if handler is None:
        return None
    return Step(
        handler.name, _arguments(part, handler, scope), part.get("when_changed", False), handler.reconciles,
        handler.uses_port,
    )  # fmt: skip


def handler_of(part: Part, handlers: Handlers) -> type[Handler[Any]] | None:
    """The handler that a table names by `use`; None after telling that there is none of that name."""
    use = part.get("use")
    handler = handlers.get(use) if isinstance(use, str) else None
    if handler is None and isinstance(use, str):
        hint = did_you_mean(use, handlers) or f"there is {', '.join(sorted(handlers))}"
        part.wrong("unknown-handler", "use", f"there is no handler {quoted(use)}", hint)
    return handler


def expected(part: Part, handler: type[Handler[Any]], name: str) -> Any:
    """The value that an argument is expected to have when the step runs; None after telling that it cannot be that."""
    _, types = _signature(handler.Args)
    if not _takes_argument(part, handler, name):
        return None
    raw = part.values[name]
    if "${" in str(raw):
        return raw  # what cannot be filled in without running it stays as it is
    return _Argument(handler.name, name, Scope(part.findings, ())).read(raw, types[name], (*part.path, name))


def _takes_argument(part: Part, handler: type[Handler[Any]], name: str) -> bool:
    known, _ = _signature(handler.Args)
    if name not in known:
        hint = did_you_mean(name, known) or _takes(known)
        said = f"{handler.name} takes no argument {quoted(name)}"
        part.findings.add("unknown-argument", (*part.path, name), said, hint, key=True)
    return name in known


def _arguments(part: Part, handler: type[Handler[Any]], scope: Scope) -> dict[str, Any]:
    known, types = _signature(handler.Args)
    given = [name for name in part.values if name not in ("use", "when_changed")]
    known_given = [name for name in given if _takes_argument(part, handler, name)]
    for name, field in known.items():
        if name not in given and field.default is MISSING and field.default_factory is MISSING:
            hint = f"write for example {name} = {_example(types[name])}"
            part.wrong("missing-argument", name, f"{handler.name} needs the argument {name}", hint)
    return {
        name: _Argument(handler.name, name, scope).read(part.values[name], types[name], (*part.path, name))
        for name in known_given
    }


@cache
def _signature(args: type) -> tuple[dict[str, Field[Any]], dict[str, Any]]:
    # asked for each step of each rule, and slow to find out
    return {field.name: field for field in fields(args)}, get_type_hints(args)


def _takes(known: Mapping[str, Field[Any]]) -> str:
    return f"it takes {', '.join(known)}" if known else "it takes none"


@dataclass(frozen=True, slots=True)
class _Argument:
    """Reads one argument: plain values are checked strictly, placeholders by the type that they will have."""

    handler: str
    name: str
    scope: Scope

    def read(self, raw: Any, kind: Any, path: Path) -> Any:
        """The value as the handler gets it, a `Template` where it is filled in later; None after telling an error."""
        kinds = _alternatives(kind)
        if isinstance(raw, str) and "${" in raw:
            return self._template(raw, kinds, path)
        for one in kinds:
            origin, inner = get_origin(one), get_args(one)
            if origin is list and isinstance(raw, list):
                return [self.read(item, inner[0], (*path, index)) for index, item in enumerate(raw)]
            if origin is dict and isinstance(raw, dict):
                return {key: self.read(item, inner[1], (*path, key)) for key, item in raw.items()}
            if one is Duration and not isinstance(raw, list | dict):
                return self._duration(raw, path)
            if _is_plain(raw, one):
                return raw
        return self._wrong(raw, kinds, path)

    def _duration(self, raw: Any, path: Path) -> float | None:
        try:
            return durations.parse(raw)
        except ValueError as error:
            said, _, hint = str(error).partition("; ")
            self.scope.findings.add("bad-duration", path, f"{self.name}: {said}", hint)
            return None

    def _wrong(self, raw: Any, kinds: tuple[Any, ...], path: Path) -> None:
        takes = " or ".join(map(_words, kinds))
        is_word = isinstance(raw, str) and any(get_origin(kind) is Literal for kind in kinds)
        given = quoted(raw) if is_word else kind_of(raw)
        entry = "" if path[-1] == self.name else f"entry {_place(path[-1])} of "
        said = f"{entry}{self.name} of {self.handler} is {given} and should be {takes}"
        key = f"{path[-1]} = " if not entry else ""
        self.scope.findings.add("wrong-argument", path, said, f"write for example {key}{_example(kinds[0])}")

    def _template(self, raw: str, kinds: tuple[Any, ...], path: Path) -> Any:
        template = self.scope.template(raw, path)
        if not isinstance(template, Template):
            return template
        types = [self.scope.type_of(placeholder, path) for placeholder in template.placeholders]
        if None in types:
            return None
        exact = types[0] if len(template.parts) == 1 else None
        if exact and any(_serves(exact, kind) for kind in kinds):
            return template
        if str in kinds and not {list, dict} & set(types):
            # a number becomes text: an empty part in front keeps it from being handed on as it is
            return Template(("", *template.parts)) if exact else template
        return self._misfit(template, types, kinds, path)

    def _misfit(self, template: Template, types: list[type | None], kinds: tuple[Any, ...], path: Path) -> None:
        culprits = zip(template.placeholders, types, strict=True)
        one, given = next(((one, kind) for one, kind in culprits if kind in (list, dict)), (None, types[0]))
        shown = (
            f"{one or template.placeholders[0]}, {_words(given)},"
            if one or len(template.parts) == 1
            else "a longer text"
        )
        said = f"{self.name} of {self.handler} takes {' or '.join(map(_words, kinds))}, which {shown} cannot be"
        hint = "name one entry, such as ${state.ports.0}" if given is list else "write the value itself"
        if given is str and list[str] in kinds and len(template.parts) == 1:
            hint = f'write a list: {self.name} = ["{template.parts[0]}"]'
        self.scope.findings.add("placeholder-type", path, said, hint)


def _place(part: str | int) -> str:
    return part[:40] if isinstance(part, str) else str(part + 1)


def _alternatives(kind: Any) -> tuple[Any, ...]:
    if get_origin(kind) in (Union, UnionType):
        return tuple(one for one in get_args(kind) if one is not NoneType)
    return (kind,)


def _is_plain(raw: Any, kind: Any) -> bool:
    if get_origin(kind) is Literal:
        return any(type(word) is type(raw) and word == raw for word in get_args(kind))
    return type(raw) is kind or (kind is float and type(raw) is int)


def _serves(given: type, kind: Any) -> bool:
    if given is dict:
        return bool(kind == dict[str, str])
    return bool(given is kind or (given is int and kind is float))


def _words(kind: Any) -> str:
    plain = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", list: "a list"}
    if kind is Duration:
        return "a duration"
    if get_origin(kind) is Literal:
        return " or ".join(map(repr, get_args(kind)))
    if get_origin(kind) is list:
        return "a list of texts" if get_args(kind) == (str,) else "a list"
    return plain.get(kind, "a table of texts")


def _example(kind: Any) -> str:
    one = _alternatives(kind)[0]
    if get_origin(one) is Literal:
        return f'"{get_args(one)[0]}"'
    plain = {str: '"…"', int: "1", float: "1.5", bool: "true", Duration: '"30s"'}
    return plain.get(one, '["…", "…"]' if get_origin(one) is list else '{ name = "…" }')
