"""Windows of wall time: over midnight, on days, and over changes of the clock."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from hooks.rules.time_windows import Clock, Window
from hooks.workbench.zones import offset_of

BERLIN, H, M = "Europe/Berlin", 3600, 60
NIGHT = Window(22 * H, 6 * H)
SATURDAY_NIGHT = Window(22 * H, 6 * H, frozenset({5}))


def clock(local: str, zone: str = BERLIN, fold: int = 0) -> Clock:
    at = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return Clock(at.timestamp(), offset_of(zone))


@pytest.mark.parametrize(
    ("window", "local", "holds", "changes"),
    [
        (NIGHT, "2026-12-01T21:59", False, "2026-12-01T22:00+01:00"),
        (NIGHT, "2026-12-01T22:00", True, "2026-12-02T06:00+01:00"),
        (NIGHT, "2026-12-02T05:59:59", True, "2026-12-02T06:00+01:00"),
        (NIGHT, "2026-12-02T06:00", False, "2026-12-02T22:00+01:00"),
        (Window(8 * H, 17 * H), "2026-12-01T12:00", True, "2026-12-01T17:00+01:00"),
        # the window belongs to the day on which it begins
        (SATURDAY_NIGHT, "2026-12-05T23:00", True, "2026-12-06T06:00+01:00"),
        (SATURDAY_NIGHT, "2026-12-06T05:00", True, "2026-12-06T06:00+01:00"),
        (SATURDAY_NIGHT, "2026-12-06T23:00", False, "2026-12-12T22:00+01:00"),
        (SATURDAY_NIGHT, "2026-12-05T05:00", False, "2026-12-05T22:00+01:00"),
        # days alone
        (Window(days=frozenset({6})), "2026-12-05T23:59", False, "2026-12-06T00:00+01:00"),
        (Window(days=frozenset({6})), "2026-12-06T12:00", True, "2026-12-07T00:00+01:00"),
        (Window(), "2026-12-06T12:00", True, None),
        # until midnight
        (Window(20 * H, 24 * H), "2026-12-06T23:59", True, "2026-12-07T00:00+01:00"),
        # 2026-03-29: after 01:59 comes 03:00
        (Window(2 * H, 3 * H), "2026-03-29T01:30", False, "2026-03-30T02:00+02:00"),  # it does not exist that day
        (Window(2 * H + 30 * M, 4 * H), "2026-03-29T01:30", False, "2026-03-29T03:00+02:00"),
        (Window(1 * H, 2 * H + 30 * M), "2026-03-29T01:30", True, "2026-03-29T03:00+02:00"),
        (NIGHT, "2026-03-29T01:30", True, "2026-03-29T06:00+02:00"),
        # 2026-10-25: after 02:59 comes 02:00 again
        (Window(2 * H, 2 * H + 30 * M), "2026-10-25T01:30", False, "2026-10-25T02:00+02:00"),
        (Window(2 * H, 2 * H + 30 * M), "2026-10-25T02:10", True, "2026-10-25T02:30+02:00"),
        (Window(2 * H, 2 * H + 30 * M), "2026-10-25T02:40", False, "2026-10-25T02:00+01:00"),  # the same readings again
        (Window(1 * H, 2 * H + 30 * M), "2026-10-25T02:50", False, "2026-10-25T02:00+01:00"),
    ],
)
def test_a_window_and_its_next_change(window: Window, local: str, holds: bool, changes: str | None) -> None:
    now = clock(local)
    at = window.changes_at(now)
    assert window.holds(now) is holds
    assert (at and datetime.fromtimestamp(at, UTC)) == (changes and datetime.fromisoformat(changes).astimezone(UTC))


def test_a_night_with_a_gap_is_shorter_and_one_with_a_fold_longer() -> None:
    nights = {"2026-12-01T22:00": 8, "2026-03-28T22:00": 7, "2026-10-24T22:00": 9}
    assert {local: ((NIGHT.changes_at(clock(local)) or 0) - clock(local).instant) / H for local in nights} == nights


def test_a_clock_that_is_summed_up_is_not_just_before_a_boundary() -> None:
    now = clock("2026-12-01T22:00")
    assert NIGHT.holds(now._replace(instant=now.instant - 1e-6))
    assert (NIGHT.changes_at(now._replace(instant=now.instant - 1e-6)) or 0) > now.instant


@pytest.mark.parametrize("zone", [BERLIN, "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo"])
def test_the_next_change_is_the_one_that_a_search_minute_by_minute_finds(zone: str) -> None:
    seed = 14
    print(f"{seed = }")
    chance = random.Random(f"{seed} {zone}")
    year = list(range(365))
    offset = offset_of(zone)
    sets = [d for d in year if offset(1_767_225_600 + d * 86400) != offset(1_767_225_600 + (d + 1) * 86400)]
    for _ in range(12):
        day = chance.choice(sets or year)
        start, end = chance.sample(range(0, 24 * 60, 15), 2)
        window = Window(start * 60, end * 60, frozenset(chance.sample(range(7), chance.randint(3, 7))))
        begin = 1_767_225_600 + day * 86400 + chance.randrange(-1440, 1440) * 60
        now = Clock(begin, offset)
        found = window.changes_at(now)
        minute = next(
            (
                at
                for at in range(begin + 60, begin + 3 * 86400, 60)
                if window.holds(Clock(at, offset)) != window.holds(now)
            ),
            None,
        )
        assert found == minute or (minute is None and (found is None or found >= begin + 3 * 86400)), (window, begin)
