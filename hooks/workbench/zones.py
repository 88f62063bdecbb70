"""How far a time zone is ahead of UTC at an instant: of a name, of an offset, or of this process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone, tzinfo

from hooks.events.wall_clock import LocalZone, local_offset_s


def offset_of(zone: str) -> Callable[[float], float]:
    """The function from an instant (seconds since the Unix epoch) to seconds. `zone` as of a `RuleTest`."""
    if not zone:
        return local_offset_s
    info = zone_info(zone)

    def offset_s(at: float) -> float:
        ahead = datetime.fromtimestamp(at, info).utcoffset()
        return ahead.total_seconds() if ahead else 0.0

    return offset_s


def zone_info(zone: str) -> tzinfo:
    """The time zone itself. `zone` as of a `RuleTest`."""
    if not zone:
        return LocalZone()
    if zone[0] in "+-":
        hours, minutes = int(zone[1:3]), int(zone[4:6])
        ahead = timedelta(hours=hours, minutes=minutes)
        return timezone(-ahead if zone[0] == "-" else ahead)
    from zoneinfo import ZoneInfo

    return ZoneInfo(zone)
