"""Decide what each dependent of a container needs: a restart, a re-creation, a report, or nothing.

`containers.rejoin` calls `work` with the dependents as dependents.py judged them; rejoin_attempt.py does the work in
the `waves` that this module gives. Nothing here calls Docker.
A dependent that its owner stopped or paused is left alone, as is a task of a swarm, and one that is out of restarts.
gluehook's own container and one with --rm are never re-created; a guessed membership is reported, and not acted on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from handlers.containers import compose
from handlers.containers.dependents import Dependent, Earlier
from handlers.containers.namespace import Namespace
from handlers.containers.restart_budget import RestartBudget
from handlers.shared.docker import is_own
from hooks.docker.client import engine
from hooks.docker.container import InspectedContainer, ListedContainer
from hooks.handler import Context

_SWARM_TASK = "com.docker.swarm.task.id"
_OPTIONS: Mapping[str, str] = {"network": "--network", "processes": "--pid", "IPC": "--ipc"}  # of `docker run`
_LEFT_SO: Mapping[str, str] = {
    "stopped": "does not run and stays stopped",
    "paused": "is paused and stays so; it is checked again when that ends",
    "waiting": "waits for '{joins}', which does not run; it is checked again",
}


@dataclass(slots=True)
class Work:
    """The members that need something, by what that is; and sentences about the others."""

    restarts: list[Dependent] = field(default_factory=list)
    recreations: list[Dependent] = field(default_factory=list)
    reports: list[Dependent] = field(default_factory=list)  # must be re-created, and not by us
    manual: list[str] = field(default_factory=list)
    later: list[str] = field(default_factory=list)  # to be tried again
    left: list[str] = field(default_factory=list)
    waiting: bool = False  # some of `left` for a reason that may end without an event of the parent's
    out_of_restarts: list[RestartBudget] = field(default_factory=list)


def work(shared: Namespace, ctx: Context, *, recreates: bool) -> Work:
    """What is to be done about each dependent. `recreates`: a re-creation is allowed where one is needed."""
    todo = Work(
        later=[
            *(f"container '{name}' cannot be inspected; that is tried again" for name in shared.unseen),
            *(
                f"it cannot be told whose network container '{name}' shares, as Docker does not show it; "
                "that is tried again"
                for name in shared.unknown
            ),
        ],
        left=[*(_orphan(one, ctx.world.ids()) for one in shared.orphans), *shared.doubts],
    )
    for one in shared.dependents:
        add(one, todo, ctx, recreates=recreates)
    return todo


def waves(dependents: Sequence[Dependent], name_of: Callable[[str], str] = str) -> Iterator[list[Dependent]]:
    """Groups that can be handled at once, each after those that it needs.

    It needs those that its configuration names, as by `volumes_from`, and those of Compose's depends_on. `name_of`
    gives the name of the container that an id means.
    """
    by_name = {one.seen.name: one for one in dependents}
    joined = {
        name: {one.joins.name, *map(name_of, one.seen.references)} & by_name.keys() for name, one in by_name.items()
    }
    needed = {name: joined[name] | set(_depended_on(one, dependents)) for name, one in by_name.items()}
    order = TopologicalSorter(needed)
    try:
        order.prepare()
    except CycleError:  # Compose allows no cycle, but labels can hold one: then only the configurations count
        order = TopologicalSorter(joined)
        order.prepare()
    while order.is_active():
        ready = sorted(order.get_ready())
        yield [by_name[name] for name in ready]
        order.done(*ready)


def names(dependents: Iterable[Dependent]) -> str:
    """Them in a sentence: "container 'a'", or "containers 'a', 'b' and 'c'"."""
    quoted = sorted(f"'{one.seen.name}'" for one in dependents)
    if len(quoted) < 2:
        return f"container {''.join(quoted)}"
    return f"containers {', '.join(quoted[:-1])} and {quoted[-1]}"


def report(parent: InspectedContainer, dependents: Iterable[Dependent]) -> str:
    """Which containers must be re-created, and the exact commands."""
    dependents = sorted(dependents, key=lambda one: one.seen.name)
    cut_off = [one for one in dependents if one.shares == "network"]
    are = "is" if len(cut_off) == 1 else "are"
    why = f"{names(cut_off)} {are} cut off in the network of an earlier '{parent.name}', which has been re-created"
    others = [
        f"container '{one.seen.name}' shares the {one.shares} of '{one.joins.name}' and must be re-created after it"
        for one in dependents if one.shares != "network"
    ]  # fmt: skip
    return "; ".join([*([why] if cut_off else []), *others, *by_hand(dependents)])


def by_hand(dependents: Sequence[Dependent]) -> list[str]:
    """How the owner brings them back, as the exact commands."""
    restarts = [one for one in dependents if one.state != "elsewhere"]
    steps = [f"docker {'start' if one.seen.stopped else 'restart'} {one.seen.name}" for one in restarts]
    recreations = [one for one in dependents if one.state == "elsewhere"]
    steps += compose.recreation((one.seen.labels for one in recreations), podman=engine().podman)
    return [f"run: {step}" for step in steps] + [
        f"run container '{one.seen.name}' again as at first, with {_OPTIONS[one.shares]} container:{one.joins.name}"
        for one in recreations if not compose.service(one.seen.labels)
    ]  # fmt: skip


def add(one: Dependent, todo: Work, ctx: Context, *, recreates: bool) -> None:
    """Add to the work what is to be done about this dependent. `recreates`: it may be re-created."""
    if one.state == "attached":
        return
    if one.state in _LEFT_SO:
        todo.left.append(f"container '{one.seen.name}' {_LEFT_SO[one.state].format(joins=one.joins.name)}")
        todo.waiting |= one.state != "stopped"
    elif _SWARM_TASK in one.seen.labels:
        todo.left.append(f"container '{one.seen.name}' is a task of a swarm, which restarts it")
    elif one.state == "elsewhere" and not (recreates and _may_be_recreated(one, ctx)):
        todo.reports.append(one)
    elif is_own(one.seen, ctx):
        todo.manual.append(
            f"container '{one.seen.name}' is the one that gluehook runs in, which it never restarts; "
            f"run: docker restart {one.seen.name}"
        )
    elif refused := (budget := RestartBudget(one.seen.name, ctx)).refusal():
        todo.left.append(refused)
        todo.out_of_restarts.append(budget)
    else:
        (todo.recreations if one.state == "elsewhere" else todo.restarts).append(one)


def _orphan(one: ListedContainer, ids: Earlier) -> str:
    commands = compose.recreation([one.labels], podman=engine().podman)
    cure = f"run: {commands[0]}" if commands else f"create it again as at first; docker inspect {one.name} shows how"
    joined = next((name for name, known in ids.items() if one.parent in (name, *known)), "")
    joins = f"joins container '{joined}', which is gone" if joined else (
        "joins a container that no longer exists, and it is not known which one that was"
    )  # fmt: skip
    return f"container '{one.name}' {joins}; {cure}"


def _may_be_recreated(one: Dependent, ctx: Context) -> bool:
    # an --rm container would be gone, volumes and all, once it stops; a guess may be wrong
    return not one.seen.auto_remove and one.link != "guessed" and not is_own(one.seen, ctx)


def _depended_on(one: Dependent, others: Iterable[Dependent]) -> Iterator[str]:
    project, services = compose.project(one.seen.labels), compose.depends_on(one.seen.labels)
    for other in others:
        labels = other.seen.labels
        if project and compose.project(labels) == project and compose.service(labels) in services:
            yield other.seen.name
