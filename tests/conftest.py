"""Fixtures of real parts, and the last word on what was skipped."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from hooks.events import signals
from tests.parts.docker import differences
from tests.parts.programs import MISSING

_SLOW = (
    "image",
    "docker",
    "qbittorrent",
    "transmission",
    "deluge",
    "browser",
)  # markers of tests that wait for other programs

pytest_plugins = [
    "hooks.pytest_plugin",
    "tests.parts.docker.dockerd",
    "tests.parts.targets.qbittorrent",
    "tests.parts.targets.transmission",
    "tests.parts.targets.deluge",
    "tests.parts.process.browser",
]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """NO_SKIPS=1: where everything has to be there, a skipped test is a failed one, whatever it was skipped for."""
    report = yield
    report.user_properties += MISSING.items()  # this may be one process of several, and the last word is another's
    if report.skipped and os.environ.get("NO_SKIPS") and not hasattr(report, "wasxfail"):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome, report.longrepr = "failed", f"{why} (and NO_SKIPS is set)"
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what does not apply to the engine that the matrix asks for. Files that take long come first."""
    differences.apply(items)
    waits: dict[Path, int] = {}
    for item in items:
        waits[item.path] = min(waits.get(item.path, len(_SLOW)), _place(item))
    items.sort(key=lambda item: waits[item.path])  # so that no process is left with one of them at the end


def _place(item: pytest.Item) -> int:
    markers = {marker.name for marker in item.iter_markers()}
    return next((place for place, name in enumerate(_SLOW) if name in markers), len(_SLOW))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was missing, with the line that installs it."""
    reports = [report for kind in ("skipped", "failed") for report in terminalreporter.stats.get(kind, [])]
    if missing := dict(pair for report in reports for pair in report.user_properties):
        packages = " ".join(sorted(set(missing.values())))
        terminalreporter.write_line(f"skipped for want of {', '.join(sorted(missing))}: apt-get install {packages}")


@pytest.fixture
def no_collection() -> Iterator[None]:
    """For what goes as deep as Python lets it: Hypothesis watches the collector, and would be called down there."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def problems() -> Iterator[list[str]]:
    """The sentences that `signals.problem` has reported so far."""
    reported: list[str] = []

    def listen(_: object, said: str, **__: object) -> None:
        reported.append(said)

    with signals.problem.connected_to(listen):
        yield reported
