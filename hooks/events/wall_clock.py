"""Instants as people read them. It stands apart from durations, which the engine imports and which knows no clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, tzinfo


def local_time(at: float) -> str:
    """The local date and time of an instant, in seconds since the Unix epoch: "2026-11-28 14:03:11"."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


class LocalZone(tzinfo):
    """The time zone of this process, as the C library knows it: from TZ or /etc/localtime, with summer time.

    `datetime.astimezone()` alone gives a fixed offset, with which nothing can be counted over a change of the clocks.
    """

    def utcoffset(self, dt: datetime | None) -> timedelta:
        """The offset of a wall-clock reading; `fold` tells the second one of a time that comes twice."""
        return (dt or datetime.now(UTC)).replace(tzinfo=None).astimezone().utcoffset() or timedelta()

    def dst(self, dt: datetime | None) -> timedelta | None:  # noqa: ARG002 - of a tzinfo
        """Not known apart from the offset."""
        return None

    def tzname(self, dt: datetime | None) -> str:
        """Its short name then: "CET"."""
        return (dt or datetime.now(UTC)).replace(tzinfo=None).astimezone().tzname() or ""

    def fromutc(self, dt: datetime) -> datetime:
        """The wall-clock reading of an instant."""
        return datetime.fromtimestamp(dt.replace(tzinfo=UTC).timestamp()).replace(tzinfo=self)  # noqa: DTZ006 - local


def local_instant(at: float, zone: tzinfo | None = None) -> str:
    """An instant (seconds since the Unix epoch) on the local clock with its offset: "2026-12-06T04:00:00+01:00"."""
    return datetime.fromtimestamp(at, zone or LocalZone()).isoformat(timespec="seconds")


def local_offset_s(at: float) -> float:
    """How far local time, that of TZ, is ahead of UTC at an instant in seconds since the Unix epoch."""
    return float(time.localtime(at).tm_gmtoff)
