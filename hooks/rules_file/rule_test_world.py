"""Reads when a `[[test]]` begins on the wall clock, in which time zone, and what its containers are then."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from hooks.events.wording import did_you_mean
from hooks.images.roles import ROLES
from hooks.rules.facts import STANDINGS
from hooks.rules.rule_tests import BEGAN_NS, Stands
from hooks.rules_file.errors import quoted
from hooks.rules_file.node import Node


def start(node: Node) -> tuple[int, str]:
    """The begin of the test in ns since the Unix epoch, and its time zone: a name, an offset, or "" for ours."""
    zone = _zone(node)
    raw = node.get("start")
    if not isinstance(raw, str):
        return BEGAN_NS, zone
    at = _date_and_time(raw)
    if at is None:
        said = f"start is {quoted(raw)}, which is no date and time"
        node.report("bad-value", "start", said, 'write start = "2026-03-29T01:30"')
        return BEGAN_NS, zone
    offset = at.utcoffset()
    if offset is not None:
        return _ns(at), zone or _as_text(offset)
    at = at.replace(tzinfo=_zone_info(zone))
    if _reading(at) != at.replace(tzinfo=None):
        said = f"{raw} does not exist in {zone or 'the local time zone'}: the clock is set forward over it"
        node.report("bad-value", "start", said, "write a time before or after the gap")
    return _ns(at), zone


def stands(node: Node) -> tuple[Stands, ...]:
    """What the containers of the test are at its begin."""
    found: dict[str, Stands] = {}
    for one in node.tables("world"):
        name, standing, role = one.get("container"), one.get("is"), one.get("role", "")
        if role and role not in ROLES:
            hint = did_you_mean(role, ROLES) or f"the roles are {', '.join(ROLES)}"
            one.report("bad-value", "role", f"{quoted(role)} is no role", hint)
        elif isinstance(name, str) and name in found:
            one.report("bad-value", "container", f"{quoted(name)} stands in world twice", "leave one of the two out")
        elif isinstance(name, str) and standing in STANDINGS:
            found[name] = Stands(name, standing, role)
    return tuple(found.values())


def _date_and_time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if "T" in text or " " in text else None
    except ValueError:
        return None


def _zone(node: Node) -> str:
    name = node.get("timezone")
    if not isinstance(name, str):
        return ""
    from zoneinfo import ZoneInfo, available_timezones

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not found, a path, a folder
        known = available_timezones()
        near = did_you_mean(name, known) or "write a name such as Europe/Berlin or UTC"
        missing = "install tzdata: no time zone is known on this machine"
        node.report("bad-value", "timezone", f"there is no time zone {quoted(name)}", near if known else missing)
        return ""
    return name


def _zone_info(zone: str) -> tzinfo | None:
    if not zone:
        return None
    from zoneinfo import ZoneInfo

    return ZoneInfo(zone)


def _reading(at: datetime) -> datetime:
    """What the clock of its zone shows at this instant: another reading for one that the clock leaves out."""
    return datetime.fromtimestamp(at.timestamp(), at.tzinfo).replace(tzinfo=None)


def _ns(at: datetime) -> int:
    return round(at.timestamp() * 1e3) * 10**6


def _as_text(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
