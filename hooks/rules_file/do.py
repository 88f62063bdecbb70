"""`do` of a rule: its steps, and whether each argument is what the handler takes.

`rule` reads the steps of a [[rule]] here, `rule_tests` the arguments that a [[test]] expects of a step. Every error is
reported at its place; what is returned counts only if the whole file is good. Guaranteed for a good file: the handler
exists, it gets no unknown argument and every one that it needs, each value has a type that the handler takes, and each
placeholder will have such a type when the step runs. A value is not converted, except that a duration becomes seconds
and a number within a text becomes text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, Literal

from hooks.events import durations
from hooks.events.wording import did_you_mean
from hooks.handler import Duration, Handler, Unusable
from hooks.rules.placeholders import Template, canonical
from hooks.rules.table import Step
from hooks.rules_file.arguments import Argument, Kind, arguments, field_kind, in_words
from hooks.rules_file.errors import kind_of, quoted
from hooks.rules_file.node import Node
from hooks.rules_file.placeholders import Scope
from hooks.rules_file.positions import Path

Handlers = Mapping[str, type[Handler[Any]]]


def steps(
    rule: Node, handlers: Handlers, events: tuple[str, ...], groups: frozenset[str] = frozenset()
) -> list[Step]:  # fmt: skip
    """The usable steps of `do` of a rule that listens to these events; the errors of the others are reported.

    `groups` are those that the rule's container.log have.
    """
    return [
        step
        for index, node in enumerate(rule.tables("do", "use"))
        if (step := _step(node, handlers, Scope(rule.diagnostics, events, groups, first_step=index == 0)))
    ]


def _step(node: Node, handlers: Handlers, scope: Scope) -> Step | None:
    if scope.first_step and node.get("when_changed") is True:
        said = "when_changed on the first step: nothing can have changed before it, so it would never run"
        node.report("when-changed-first", "when_changed", said, "put it on a later step")
    handler = read_handler(node, handlers)
    if handler is None:
        return None
    return Step(
        handler.name, _arguments(node, handler, scope), node.get("when_changed", False), handler.reconciles,
        handler.uses_port,
    )  # fmt: skip


def read_handler(node: Node, handlers: Handlers) -> type[Handler[Any]] | None:
    """The handler that a table names by `use`; None if there is none of that name, which is reported."""
    use = node.get("use")
    try:
        handler = handlers.get(use) if isinstance(use, str) else None
    except Unusable as why:
        said, _, cure = str(why).partition("; ")
        node.report("unusable-handler", "use", said, cure or "mend it")
        return None
    if handler is None and isinstance(use, str):
        hint = did_you_mean(use, handlers) or f"the handlers are {', '.join(sorted(handlers))}"
        node.report("unknown-handler", "use", f"there is no handler {quoted(use)}", hint)
    return handler


def read_expected(node: Node, handler: type[Handler[Any]], name: str) -> Any:
    """The value that a [[test]] expects of an argument; None if the argument cannot have it, which is reported."""
    argument = _known_argument(node, handler, name)
    if argument is None:
        return None
    raw = node.values[name]
    if "${" in str(raw):
        return _canonical(raw)  # a placeholder whose value only a real run knows is compared as it is
    return _Reader(handler.name, name, Scope(node.diagnostics, ())).read(raw, argument.kinds, (*node.path, name))


def _canonical(raw: Any) -> Any:
    if isinstance(raw, dict):
        return {name: _canonical(value) for name, value in raw.items()}
    return [*map(_canonical, raw)] if isinstance(raw, list) else canonical(raw) if isinstance(raw, str) else raw


def _known_argument(node: Node, handler: type[Handler[Any]], name: str) -> Argument | None:
    known = arguments(handler.Args)
    if name not in known:
        takes = f"it takes {', '.join(known)}" if known else "it takes none"
        said = f"{handler.name} takes no argument {quoted(name)}"
        node.report("unknown-argument", name, said, did_you_mean(name, known) or takes, at_key=True)
    return known.get(name)


def _arguments(node: Node, handler: type[Handler[Any]], scope: Scope) -> dict[str, Any]:
    names = [name for name in node.values if name not in ("use", "when_changed")]
    given = [argument for name in names if (argument := _known_argument(node, handler, name))]
    for name, argument in arguments(handler.Args).items():
        if argument.required and name not in names:
            hint = f"write for example {name} = {argument.kinds[0].example}"
            node.report("missing-argument", name, f"{handler.name} needs the argument {name}", hint)
    read = {
        name: _Reader(handler.name, name, scope).read(node.values[name], allowed, (*node.path, name))
        for name, allowed, *_ in given
    }
    usable = {name: node.values[name] for name in read if read[name] is not None}
    if len(usable) == len(names) and (problem := handler.problem(usable)):
        at_key = problem.argument in usable
        node.report(problem.code, problem.argument, problem.said, problem.cure, at_key=at_key)
    return read


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one argument: the type of a plain value is checked, of a placeholder the type that it will have."""

    handler: str
    name: str
    scope: Scope

    def read(self, raw: Any, kinds: tuple[Kind, ...], path: Path) -> Any:
        """The value as the handler gets it, with a `Template` for each placeholder; None after reporting an error."""
        if isinstance(raw, str) and "${" in raw:
            return self._template(raw, kinds, path)
        for kind in kinds:
            if kind.base is object and isinstance(raw, list | dict):
                kind = replace(kind, base=type(raw), items=(kind,))  # noqa: PLW2901 - and so what is in it
            if kind.base is list and isinstance(raw, list):
                return [self.read(item, kind.items, (*path, index)) for index, item in enumerate(raw)]
            if kind.base is dict and isinstance(raw, dict):
                return {key: self.read(item, kind.items, (*path, key)) for key, item in raw.items()}
            if kind.base is Duration and not isinstance(raw, list | dict):
                return self._duration(raw, path)
            if _is_plain(raw, kind):
                return raw
        return self._wrong(raw, kinds, path)

    def _duration(self, raw: Any, path: Path) -> float | None:
        try:
            return durations.parse(raw)
        except ValueError as error:
            said, _, hint = str(error).partition("; ")
            self.scope.diagnostics.add("bad-duration", path, f"{self.name}: {said}", hint)
            return None

    def _wrong(self, raw: Any, kinds: tuple[Kind, ...], path: Path) -> None:
        is_word = isinstance(raw, str) and any(kind.base is Literal for kind in kinds)
        is_odd = isinstance(raw, float) and not isfinite(raw)  # TOML has nan and inf, JSON has not
        given = quoted(raw) if is_word or is_odd else kind_of(raw)
        entry = "" if path[-1] == self.name else f"entry {_place(path[-1])} of "
        said = f"{entry}{self.name} of {self.handler} is {given} and should be {in_words(kinds)}"
        key = f"{path[-1]} = " if not entry else ""
        self.scope.diagnostics.add("wrong-argument", path, said, f"write for example {key}{kinds[0].example}")

    def _template(self, raw: str, kinds: tuple[Kind, ...], path: Path) -> Any:
        template = self.scope.template(raw, path)
        if not isinstance(template, Template):
            return template
        types = [self.scope.types_of(placeholder, path) for placeholder in template.placeholders]
        known = {kind for each in types if each for kind in each}
        if None in types:
            return None
        is_alone = len(template.parts) == 1
        if is_alone and all(any(_is_of(given, kind) for kind in kinds) for given in known):
            return template
        if any(kind.base in (str, object) for kind in kinds) and not {list, dict} & known:
            # a number becomes text: an empty part in front keeps it from being passed on as a number
            return Template(("", *template.parts)) if is_alone else template
        return self._misfit(template, [each for each in types if each], kinds, path)

    def _misfit(
        self, template: Template, types: list[tuple[type, ...]], kinds: tuple[Kind, ...], path: Path
    ) -> None:  # fmt: skip
        culprits = zip(template.placeholders, types, strict=True)
        found = next(((one, kind) for one, each in culprits for kind in each if kind in (list, dict)), None)
        is_alone, given = len(template.parts) == 1, found[1] if found else types[0][0]
        shown = "a longer text"
        if found or is_alone:
            words = [given] if found else types[0]
            says = " or ".join(field_kind(kind).says for kind in words)
            shown = f"{found[0] if found else template.placeholders[0]}, {says},"
        said = f"{self.name} of {self.handler} takes {in_words(kinds)}, which {shown} cannot be"
        self.scope.diagnostics.add("placeholder-type", path, said, self._instead(template, given, kinds))

    def _instead(self, template: Template, given: type, kinds: tuple[Kind, ...]) -> str:
        is_alone, takes_text = len(template.parts) == 1, any(kind.base is str for kind in kinds)
        if given is str and is_alone and any(kind.base is list for kind in kinds):
            return f'write a list: {self.name} = ["{template.parts[0]}"]'
        whole = ", or all of it as JSON by | json" if takes_text else ""
        if given is list:
            return f"name one entry, such as ${{state.ports.0}}{whole}"
        if is_alone and template.placeholders[0].has_default:
            return "give default(…) a value of that type, or leave it out"
        return "write the value itself" if given is not dict else f"name one of them by its name{whole}"


_TYPES: Mapping[type | None, str] = {
    str: "a text",
    int: "a whole number",
    list: "a list",
    dict: "a table of texts",
    object: "a value of any type",
}  # of a placeholder


def _place(part: str | int) -> str:
    return part[:40] if isinstance(part, str) else str(part + 1)


def _is_plain(raw: Any, kind: Kind) -> bool:
    if kind.choices:
        return any(type(word) is type(raw) and word == raw for word in kind.choices)
    if kind.base is object:
        return isinstance(raw, str | int) or (isinstance(raw, float) and isfinite(raw))
    return _is_of(type(raw), kind)


def _is_of(given: type, kind: Kind) -> bool:
    """Whether a value of this type is one of that kind as it is."""
    if kind.base is object:
        return True
    return given is not list and (given is kind.base or (given is int and kind.base is float))
