"""Schedules of `timer.cron`: which texts are one, and when each is due, over summer time too."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hooks.events.cron import canonical, last_at, next_at, refusal
from hooks.events.wall_clock import LocalZone, local_instant

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> float:
    """The instant of a text with its offset."""
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    "text",
    ["0 4 * * sun", "  0\t4 * *   SUN ", "@daily", "@Hourly", "*/5 * * * *", "0,30 8-18/2 * jan-mar,sep mon-fri",
     "0 0 29 2 *", "0 0 L * *", "0 0 LW * *", "0 0 * * 5L", "0 0 * * 1#2", "0 0 * * 7", "0 0 31 1 *", "0 0 30 2 mon",
     "59 23 31 12 *"],
)  # fmt: skip
def test_these_are_schedules(text: str) -> None:
    assert refusal(text) is None
    assert refusal(canonical(text)) is None
    assert next_at(canonical(text), 0.0, UTC) == next_at(text, 0.0, UTC)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"), (" \t", "is empty"), ("0 4 * *", "has 4 fields"), ("4", "has 1 field,"),
        ("0 0 4 * * sun", "has 6 fields, and a schedule has five, without seconds"), ("0 4 * * * *  *", "has 7 fields"),
        ("60 * * * *", "minute that does not exist: '60'"), ("*/0 * * * *", "minute that does not exist: '*/0'"),
        ("-1 * * * *", "minute that does not exist: '-1'"), ("0 24 * * *", "an hour that does not exist: '24'"),
        ("0 0 0 * *", "day of month that does not exist: '0'"),
        ("0 0 32 * *", "day of month that does not exist: '32'"),
        ("0 0 ? * *", "day of month that does not exist: '?'"), ("0 0 L/2 * *", "day of month that does not exist"),
        ("0 0 15W * *", "day of month that does not exist"), ("0 0 1 13 *", "month that does not exist: '13'"),
        ("0 0 1 janu *", "month that does not exist: 'janu'"), ("0 0 * * 8", "day of week that does not exist: '8'"),
        ("0 0 * * sunday", "day of week that does not exist"), ("0 0 * * fri-sun", "day of week that does not exist"),
        ("0 0 * * 1#6", "day of week that does not exist"), ("0 0 * * L", "day of week that does not exist"),
        ("1,,2 * * * *", "minute that does not exist"), ("5-1 * * * *", "minute that does not exist: '5-1'"),
        ("1.5 * * * *", "minute that does not exist"), ("0x5 * * * *", "minute that does not exist"),
        ("0 0 30 2 *", "never comes"), ("0 0 31 4,6,9,11 *", "never comes"), ("0 0 30,31 2 *", "never comes"),
        ("0 0 */30 2 mon#5", "never comes"), ("@reboot", "is not a time"), ("@dayly", "is no name of a schedule"),
        ("@", "is no name of a schedule"), ("@daily 5", "is no name of a schedule"),
        ("٠ ٤ * * *", "holds characters"), ("0 4 * * ſun", "holds characters"), ("0 4 * * \x00", "holds characters"),
        ("0 4 * * *\u2028", "holds characters"), ("9" * 5000 + " * * * *", "is longer than"),
        ("0," * 100_000 + "0 * * * *", "is longer than"), ("*/" * 40 + "1 * * * *", "minute that does not exist"),
    ],
    ids=lambda text: ascii(text[:30]),
)  # fmt: skip
def test_these_are_none(text: str, said: str) -> None:
    found = refusal(text)
    assert found is not None
    assert said in found[0]
    assert found[1]
    assert len(" ".join(found)) < 250


@settings(max_examples=200, deadline=None, database=None, print_blob=True)
@given(st.text("0123456789*/,-#LWlwSUNmonJAN@ \t?é٥", max_size=40) | st.text(max_size=20))
@example("0 0 * 2 mon#5")
def test_any_text_is_a_schedule_or_refused(text: str) -> None:
    if refusal(text) is None:
        assert next_at(canonical(text), 1.8e9, BERLIN) is not None


@pytest.mark.parametrize(
    ("schedule", "after", "due"),
    [
        ("0 4 * * sun", "2026-12-01T00:00:00+01:00", ["2026-12-06T04:00:00+01:00", "2026-12-13T04:00:00+01:00"]),
        ("0 4 * * sun", "2026-12-06T03:59:59.999+01:00", ["2026-12-06T04:00:00+01:00", "2026-12-13T04:00:00+01:00"]),
        # the clocks go forward at 02:00: what is left out is due right after the gap, once
        ("30 2 * * *", "2026-03-28T12:00:00+01:00", ["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"]),
        ("0,30 2 * * *", "2026-03-28T12:00:00+01:00", ["2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00"]),
        ("0 3 * * *", "2026-03-28T12:00:00+01:00", ["2026-03-29T03:00:00+02:00", "2026-03-30T03:00:00+02:00"]),
        ("30 * * * *", "2026-03-29T01:00:00+01:00", ["2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"]),
        # they go back at 03:00: what comes twice is due once, what counts real time is due each hour
        ("30 2 * * *", "2026-10-24T12:00:00+02:00", ["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"]),
        ("30 2 * * *", "2026-10-25T02:10:00+01:00", ["2026-10-26T02:30:00+01:00", "2026-10-27T02:30:00+01:00"]),
        ("30 * * * *", "2026-10-25T02:00:00+02:00", ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"]),
        ("*/30 2 * * *", "2026-10-25T02:00:00+02:00", ["2026-10-25T02:30:00+02:00", "2026-10-25T02:00:00+01:00"]),
        ("@monthly", "2026-12-31T23:00:00+01:00", ["2027-01-01T00:00:00+01:00", "2027-02-01T00:00:00+01:00"]),
        ("0 0 29 2 *", "2026-01-01T00:00:00+01:00", ["2028-02-29T00:00:00+01:00", "2032-02-29T00:00:00+01:00"]),
    ],
)
def test_it_is_due_as_debian_cron_says(schedule: str, after: str, due: list[str]) -> None:
    first = next_at(schedule, at(after), BERLIN)
    assert first is not None
    second = next_at(schedule, first, BERLIN)
    assert [first, second] == [at(one) for one in due]
    assert last_at(schedule, at(due[1]), at(after), BERLIN) == at(due[1])
    assert last_at(schedule, at(due[1]) - 1, at(after), BERLIN) == at(due[0])
    assert last_at(schedule, at(due[0]) - 1, at(after), BERLIN) is None


def test_what_was_due_last_in_years_is_found_at_once() -> None:
    since, until = at("2000-01-01T00:00:00+00:00"), at("2030-01-01T00:00:30+00:00")
    assert last_at("* * * * *", until, since, UTC) == until - 30
    assert last_at("@yearly", until, since, UTC) == until - 30


@pytest.fixture
def zone() -> Iterator[LocalZone]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "CET-1CEST,M3.5.0,M10.5.0/3"  # Berlin's, as a text that needs no file
    time.tzset()
    yield LocalZone()
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    time.tzset()


@pytest.mark.parametrize("schedule", ["30 2 * * *", "*/15 * * * *", "15 * * * *", "0 2,3 * * *", "0 */2 * * *"])
def test_the_zone_of_the_process_is_the_one_of_the_c_library(zone: LocalZone, schedule: str) -> None:
    for begin in ("2026-03-28T20:00:00+01:00", "2026-10-24T20:00:00+02:00"):
        here = there = at(begin)
        for _ in range(40):
            here, there = next_at(schedule, here, zone) or 0.0, next_at(schedule, there, BERLIN) or 0.0
            assert here == there
            assert local_instant(here) == datetime.fromtimestamp(here, BERLIN).isoformat()
