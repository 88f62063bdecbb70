"""Medians, percentiles, and what a process costs."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured series, in milliseconds."""

    name: str
    values: Sequence[float]

    @property
    def median(self) -> float:
        """The middle value."""
        return statistics.median(self.values)

    @property
    def p99(self) -> float:
        """The value that 99 of 100 stay under; of few values, the largest."""
        ordered = sorted(self.values)
        return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]

    def line(self) -> str:
        """One line of the table."""
        spread = statistics.quantiles(self.values, n=4) if len(self.values) > 3 else [self.median] * 3
        return (
            f"{self.name:<46} {len(self.values):>4} × median {self.median:8.2f} ms   p99 {self.p99:8.2f} ms"
            f"   middle half {spread[0]:.2f}–{spread[2]:.2f}"
        )


def verdict(what: str, value: float, bar: float, unit: str, *, at_least: bool = False) -> str:
    """A figure beside its bar."""
    good = value >= bar if at_least else value <= bar
    which = "at least" if at_least else "at most"
    return f"{'ok  ' if good else 'MISS'} {what}: {value:.2f} {unit} (bar: {which} {bar:g})"
