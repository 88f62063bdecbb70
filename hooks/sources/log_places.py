"""How far each container's log is read: kept by name, so that a re-created container goes on where the last one was."""

from __future__ import annotations

from typing import Any, NamedTuple

from hooks.sources.log_orders import Place, Wanted
from hooks.world.model import Container

_MOST = 500  # names
_EARLY_NS = 3 * 10**9  # a container writes before its engine says that it has started


class _Read(NamedTuple):
    id: str
    time: int
    n: int
    started_at: int  # of the container, when this line was read


class Places:
    """Places by name. `saved` is what `saved()` gave to the previous process; what makes no sense is left out."""

    def __init__(self, saved: Any) -> None:
        self._is_first = True
        self._listens_since = 0  # ns since the Unix epoch: a container that started later is read from its start on
        self._read: dict[str, _Read] = {}
        try:
            self._read = {name: _Read(*map(_plain, place)) for name, place in saved["read"].items()}
            self._listens_since = int(saved["at"])
        except (TypeError, KeyError, ValueError, AttributeError):
            self._read = {}

    def listen(self, now: int) -> None:
        """The rules are others since `now`; the first ones may be those of the previous run of gluehook."""
        self._listens_since = self._listens_since if self._is_first and self._listens_since else now
        self._is_first = False

    def of(self, container: Container) -> Place | None:
        """The line behind which to read on; None: from now on."""
        known = self._read.get(container.name) or self._by_id(container.id)
        if known is None:
            return _start_of(container) if container.started_at > self._listens_since else None
        if known.started_at != container.started_at and 0 < container.started_at < known.time:
            return _start_of(container)  # the clock was set back, and what is new seems to be older
        return Place(known.time, known.n if known.id == container.id else -1)

    def _by_id(self, ident: str) -> _Read | None:
        """Of a container that was renamed."""
        return next((one for one in dict(self._read).values() if one.id == ident), None)

    def read(self, wanted: Wanted, place: Place) -> None:
        """The log is read so far."""
        self._read.pop(wanted.name, None)
        self._read[wanted.name] = _Read(wanted.id, *place, wanted.started_at)
        if len(self._read) > _MOST:
            del self._read[next(iter(self._read))]

    def saved(self, now: int) -> Any:
        """As plain values; `now` is 0 where no rule listens. None where there is nothing to save."""
        if not now and not self._read:
            return None
        return {"at": now, "read": {name: list(place) for name, place in dict(self._read).items()}}


def _start_of(container: Container) -> Place:
    return Place(max(0, container.started_at - _EARLY_NS), -1)


def _plain(value: Any) -> Any:
    if not isinstance(value, str | int):
        raise TypeError(value)
    return value
