"""Which containers a step of `containers.*` is about: names, a label, or a Compose project.

The container that gluehook runs in is left out of a label's or project's containers, and refused by its name. What a
re-creation by gluehook has left under a temporary name belongs to nobody's project.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from handlers.containers import compose
from handlers.containers.order import is_called
from handlers.containers.temporary_names import real_name_of
from handlers.shared.docker import admitted, is_own, list_containers
from hooks.docker.container import ListedContainer
from hooks.events.wording import did_you_mean
from hooks.handler import Context, GiveUp, Problem

WAYS = ("container", "label", "project")
_EXAMPLES = {"container": '"…"', "label": '"key=value"', "project": '"…"'}


@dataclass(frozen=True)
class TargetArgs:
    """The arguments that name containers; a step has one of them."""

    container: str | list[str] | None = field(
        default=None, metadata={"says": "the container's name, or several in a list"}
    )
    label: str | list[str] | None = field(
        default=None, kw_only=True,
        metadata={"says": 'instead: all containers with this label, "key" or "key=value"; of a list with each of them'},
    )  # fmt: skip
    project: str | None = field(
        default=None, kw_only=True, metadata={"says": "instead: all containers of this Compose project"}
    )


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the arguments mean now. `left_out` are sentences, `failed` one for each name that means no container."""

    containers: Sequence[ListedContainer] = ()
    left_out: Sequence[str] = ()
    failed: Sequence[GiveUp] = ()


def problem(handler: str, given: Mapping[str, Any]) -> Problem | None:
    """What is wrong with the arguments together, as rules.toml has them: not exactly one, or one that is empty."""
    named = [name for name in WAYS if name in given]
    if len(named) > 1:
        said = f"{handler} takes one of {' and '.join(named)}"
        return Problem("wrong-argument", named[1], said, f"take {' and '.join(named[1:])} out")
    if not named:
        said = f"{handler} needs one of container, label and project"
        return Problem("missing-argument", "container", said, 'write for example container = "…"')
    value = given[named[0]]
    entries = value if isinstance(value, list) else [value]
    if not entries or any(isinstance(entry, str) and not entry.partition("=")[0].strip() for entry in entries):
        said = f"{named[0]} of {handler} is empty or has an empty entry"
        return Problem("wrong-argument", named[0], said, f"write for example {named[0]} = {_EXAMPLES[named[0]]}")
    return None


def names(args: TargetArgs) -> tuple[str, ...]:
    """The containers that are named, each once; () for a label or a project."""
    given = args.container if isinstance(args.container, list) else [args.container or ""]
    return tuple(dict.fromkeys(name for name in given if name))


def described(args: TargetArgs) -> str:
    """Which containers are meant, in a sentence: "container 'web'", "the containers of project 'media'"."""
    if found := names(args):
        return f"container{'s' * (len(found) > 1)} {', '.join(map(_quoted, found))}"
    if args.project:
        return f"the containers of project '{args.project}'"
    return f"the containers with the label {' and '.join(map(_quoted, _labels(args)))}"


def _quoted(name: str) -> str:
    return f"'{name}'"


def locks(args: TargetArgs) -> tuple[str, ...]:
    """What is changed, as lock names."""
    if found := names(args):
        return tuple(f"container:{name}" for name in found)
    return (f"project:{args.project}",) if args.project else tuple(f"label:{label}" for label in _labels(args))


def choose(client: Any, args: TargetArgs, ctx: Context) -> Chosen:
    """The containers that are meant, by one list. Raises GiveUp where no container has the label or the project."""
    everyone = list_containers(client, networks=True).containers
    if named := names(args):
        return _by_name(named, everyone, ctx)
    found = [one for one in everyone if real_name_of(one) is None and _is_meant(one, args)]
    if not found:
        raise GiveUp(f"there are no such containers: {described(args)}{_hint(args, everyone)}; correct the rules file")
    left_out = [
        f"container '{one.name}' is the one that gluehook runs in, which no rule may touch; it is left out"
        for one in found if is_own(one, ctx)
    ]  # fmt: skip
    return Chosen([one for one in found if not is_own(one, ctx)], left_out)


def _by_name(named: Sequence[str], everyone: Sequence[ListedContainer], ctx: Context) -> Chosen:
    found: dict[str, ListedContainer] = {}
    failed = []
    for name in named:
        one = next((one for one in everyone if is_called(one, name)), None)
        try:
            if one is None or is_own(one, ctx):
                admitted(one, name, ctx)  # type: ignore[arg-type] # raises, as neither may be touched
            else:
                found[one.id] = one
        except GiveUp as end:
            failed.append(end)
    return Chosen(list(found.values()), (), failed)


def _is_meant(one: ListedContainer, args: TargetArgs) -> bool:
    if args.project:
        return compose.project(one.labels) == args.project
    return all(_has(one, label) for label in _labels(args))


def _has(one: ListedContainer, label: str) -> bool:
    key, equals, value = label.partition("=")
    return one.labels.get(key) == value if equals else key in one.labels


def _labels(args: TargetArgs) -> Sequence[str]:
    return args.label if isinstance(args.label, list) else [args.label or ""]


def _hint(args: TargetArgs, everyone: Sequence[ListedContainer]) -> str:
    if args.project:
        return did_you_mean(args.project, {compose.project(one.labels) for one in everyone} - {""}, " ({})")
    labels = {text for one in everyone for key, value in one.labels.items() for text in (key, f"{key}={value}")}
    return next((hint for label in _labels(args) if (hint := did_you_mean(label, labels - {label}, " ({})"))), "")
