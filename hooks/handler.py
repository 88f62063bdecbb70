"""What a handler is, what it is given, and the four ways in which it can end.

The executor (hooks/runtime) keeps one instance of each handler that the rules name. Before a step it takes
the locks of the handler's `targets`, so that two runs never change one thing at once. Then it calls `apply`, or `plan`
in a dry run, with the step's arguments and a `Context`.
A handler reads first and acts only on a difference, so that running it twice is harmless: events make gluehook fast,
reading makes it right. It ends by returning an `Outcome` (changed, unchanged or skipped), or by raising `Retry` (it may
work later) or `GiveUp` (a person must change something first). Any other exception is a fault of the handler: it is
logged and treated as `Retry`. Each sentence names the thing, says what happens next, and holds no secret.
tests/handlers/contract.py holds every handler to this; docs/add-a-handler.md shows how one is added.

Seam: `Handler`, `Context`, `Outcome`, `Retry`, `GiveUp`.
May import: events, config, world, pairs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, NamedTuple, NewType, Protocol, TypeVar

from hooks.config.settings import Settings
from hooks.events.catalogue import Event
from hooks.pairs.pairs import Pairs
from hooks.world.model import PortFile, World

Duration = NewType("Duration", float)
"""Seconds. In rules.toml an argument of this type is written "30s"."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended well. `said` is one sentence: who, what, where and what happens next.

    `again`: something was left alone for a reason that may end, so that the next resync runs the rule again. So it does
    after every "skipped".
    """

    status: Literal["changed", "unchanged", "skipped"]
    said: str
    again: bool = False


class Retry(Exception):  # noqa: N818 - the design's word
    """It did not work now and may work later. `after` overrides the rule's own wait, in seconds.

    `kind` is "late" where the target took the request and did not answer in time, "proxy" where something else answered
    in its place, "" for everything else.
    """

    is_final: ClassVar[bool] = False

    def __init__(self, said: str, *, after: float | None = None, kind: str = "") -> None:
        super().__init__(said)
        self.said, self.after, self.kind = said, after, kind


class GiveUp(Exception):  # noqa: N818 - the design's word
    """It will not work however often it is tried: a person must change something first. `said` says what.

    `kind` is a word for status and doctor where a target refuses us, such as "password"; "" for everything else.
    """

    is_final: ClassVar[bool] = True

    def __init__(self, said: str, *, kind: str = "") -> None:
        super().__init__(said)
        self.said, self.kind = said, kind


class Problem(NamedTuple):
    """What is wrong with a step's arguments, found when the rules file is read."""

    code: Literal["missing-argument", "wrong-argument"]
    argument: str
    said: str  # one sentence without full stop
    cure: str


class Unusable(Exception):  # noqa: N818 - said to the owner, not an error of ours
    """A handler of one's own is there and cannot be used. The text says why and, after "; ", the cure."""


class Memory(Protocol):
    """What a handler keeps in the state folder, by key; values are JSON. Survives a restart."""

    def get(self, key: str) -> Any:
        """The value, or None."""

    def put(self, key: str, value: Any) -> None:
        """Store it before returning; None removes the key."""


WARNING = "warning:"
"""How the key of a sentence begins in the handlers' memory that `gluehook health` shows until it is removed."""

_REJECTED = ".rejected:"


def rejection_key(service: str, address: str) -> str:
    """The memory key of a credential that `service` (such as "gluetun") rejected at this address."""
    return f"{service}{_REJECTED}{address}"


def rejecting_address(key: str) -> str:
    """The address of a key that `rejection_key` made, "" for any other key."""
    return key.partition(_REJECTED)[2]


def _unseen(_said: str) -> None:
    pass


_UNKNOWN = Pairs(World(), Settings())


def _free(_target: str) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Context:
    """What a handler may know and use during one attempt."""

    event: Event
    run: str  # the run's id, as in the log
    settings: Settings  # with the names and addresses of the gluetun that the event is about, and of its clients
    world: World  # as last read; read the real thing again before acting
    memory: Memory
    secret: Callable[[str], str | None]  # read at use, so that a changed secret file is seen
    docker: Callable[[float], Any]  # a new docker.APIClient with this time-out in seconds; close it
    left: Callable[[], float]  # seconds until the attempt's time-out; hand it to sockets and processes
    wait: Callable[[float], None]  # sleep; raises Retry when gluehook stops meanwhile
    now: Callable[[], float]  # seconds since the Unix epoch
    own_id: str = ""  # the id of the container that gluehook runs in, "" outside of one
    hold: Callable[[str], AbstractContextManager[None]] = _free  # locks one more target; raises Retry if it is taken
    saw: Callable[[str], None] = _unseen  # note what was read, for the trace of the run: "listen_port is 6881"
    pairs: Pairs = _UNKNOWN  # the gluetuns and torrent clients in this world; left out, they are found here

    def __post_init__(self) -> None:
        if self.pairs is _UNKNOWN:
            object.__setattr__(self, "pairs", Pairs(self.world, self.settings, self.own_id))


Poll = Callable[[Context], Sequence[Event]]
"""Reads states of which there is no event, and returns an event for each. Raises Retry or GiveUp if it cannot."""

PortReader = Callable[[Context], PortFile]
"""Reads the forwarded port from gluetun itself; `generation` is a mark of the tunnel. Raises Retry or GiveUp."""

A = TypeVar("A")


class Handler(ABC, Generic[A]):
    """One verb of one target. An instance lives as long as gluehook and may keep a warm session."""

    name: ClassVar[str]  # "qbittorrent.set_port"
    says: ClassVar[str]  # one sentence for the reference
    Args: ClassVar[type]  # a frozen dataclass; each field's metadata["says"] explains it
    reconciles: ClassVar[bool] = False  # makes a state true, so that a resync may run its rule
    one_of: ClassVar[tuple[str, ...]] = ()  # arguments of which exactly one must be given; `problem` says so
    uses_port: ClassVar[bool] = False  # reads the forwarded port, so that the port file is watched
    kept: ClassVar[bool] = True  # one instance serves all runs, and may keep a warm session

    @classmethod
    def problem(cls, given: Mapping[str, Any]) -> Problem | None:  # noqa: ARG003 - for those that override it
        """What is wrong with these arguments together, as rules.toml has them, or None. Each has a right type already;
        a text that holds a placeholder is there as it is written."""
        return None

    @abstractmethod
    def targets(self, args: A, settings: Settings) -> tuple[str, ...]:
        """What it changes, as lock names: "container:gluetun", "http://gluetun:8080"."""

    def locks(self, args: A, ctx: Context) -> tuple[str, ...]:
        """Which of its targets are locked before the attempt: all, unless it locks them itself as it comes to them."""
        return self.targets(args, ctx.settings)

    @abstractmethod
    def plan(self, args: A, ctx: Context) -> str | None:
        """What would change, in one sentence, or None. Reads only. Raises Retry or GiveUp."""

    @abstractmethod
    def apply(self, args: A, ctx: Context) -> Outcome:
        """Read, compare, act only on a difference, read back. Raises Retry or GiveUp."""

    def close(self) -> None:
        """Called at the end of each step of a handler that is not `kept`."""
