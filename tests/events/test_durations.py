"""Durations: text to seconds and back, and the back-off."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hooks.events import durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25), ("30s", 30.0), ("5m", 300.0), ("1h30m", 5400.0), ("1d", 86400.0), ("0s", 0.0),
        ("1d2h3m4s5ms", 93784.005), ("90m", 5400.0), ("1s1ms", 1.001), ("3650d", 315_360_000.0),
    ],
)  # fmt: skip
def test_a_duration_is_seconds(text: str, seconds: float) -> None:
    assert durations.parse(text) == seconds


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (30, '30 is a bare number, and nobody knows its unit; write "30s"'),
        (1.5, 'write "30s"'),
        ("300", 'a unit is missing: write "300s", "300m" or "300h"'),
        (True, 'write a text such as "30s"'),
        (["5m"], 'write a text such as "30s"'),
        ("", '"1h30m"'),
        ("5 m", '"1h30m"'),
        ("-5m", '"1h30m"'),
        ("1.5s", '"1h30m"'),
        ("1m1h", '"1h30m"'),
        ("1m1m", '"1h30m"'),
        ("5M", '"1h30m"'),
        ("٣s", '"1h30m"'),
        ("5m\n", '"1h30m"'),
        ("9" * 5000 + "s", '"1h30m"'),
        ("3651d", 'write at most "3650d"'),
    ],
)
def test_anything_else_is_refused_with_what_to_write(value: object, says: str) -> None:
    with pytest.raises(ValueError, match="; ") as refused:
        durations.parse(value)
    assert says in str(refused.value)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(300, "5m"), (5400.0, "1h30m"), (86400, "1d"), (0, "0s"), (0.25, "250ms"), (61.001, "1m1s1ms"), (0.0004, "0s")],
)
def test_there_is_one_way_to_write_it(seconds: float, text: str) -> None:
    assert durations.format_duration(seconds) == text


@settings(print_blob=True, database=None)
@given(st.integers(min_value=0, max_value=315_360_000_000))
def test_text_and_parse_undo_each_other(ms: int) -> None:
    assert round(durations.parse(durations.format_duration(ms / 1000)) * 1000) == ms


@pytest.mark.parametrize(("n", "wait_s"), [(0, 0.1), (1, 0.2), (5, 3.2), (6, 5.0), (1024, 5.0), (10**9, 5.0)])
def test_a_back_off_doubles_up_to_its_maximum_however_long_it_goes_on(n: int, wait_s: float) -> None:
    assert durations.backoff(0.1, 5.0, n) == pytest.approx(wait_s)
