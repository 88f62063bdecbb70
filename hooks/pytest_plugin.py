"""pytest plugin: each recording in the folders of `gluehook_replays` is a test that the rules still decide the same.

pytest loads it by its entry point, in every project of an environment that has gluehook. While the setting
`gluehook_replays` is empty it does nothing, and loads nothing else of gluehook. `--gluehook-update` writes the golden
files again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from hooks.rules.table import Table


def pytest_addoption(parser: pytest.Parser) -> None:
    """The settings and the option."""
    group = parser.getgroup("gluehook", "gluehook: tests by replay")
    group.addoption("--gluehook-update", action="store_true", help="write golden decisions again; read the difference")
    parser.addini("gluehook_replays", "folders of recordings, each a test by replay", type="paths", default=[])
    parser.addini("gluehook_rules", "the rules file that they are replayed with", default="rules.toml")
    parser.addini("gluehook_gluetun", "the name of gluetun's container in them", default="gluetun")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a recording, or a golden file without a recording."""
    folders = parent.config.getini("gluehook_replays")
    if not folders or file_path.parent not in folders:
        return None
    is_alone = file_path.suffix == ".decisions" and not file_path.with_suffix(".jsonl").exists()
    return ReplayFile.from_parent(parent, path=file_path) if file_path.suffix == ".jsonl" or is_alone else None


class ReplayFile(pytest.File):
    """A recording."""

    def collect(self) -> Iterator[pytest.Item]:
        """The one test of the recording."""
        yield ReplayItem.from_parent(self, name="decisions")


class ReplayItem(pytest.Item):
    """The rules decide about the recording what the golden file says."""

    def runtest(self) -> None:
        """Replay and compare; with --gluehook-update, write instead."""
        from hooks.workbench import golden

        recording, file = self.path.with_suffix(".jsonl"), self.path.with_suffix(golden.SUFFIX)
        expected = golden.read(file)
        gluetun = self.config.getini("gluehook_gluetun")
        decided = golden.decide(recording, expected, self._table(expected.rules), gluetun)
        if self.config.getoption("--gluehook-update"):
            golden.write(file, expected, decided)
        elif not file.exists():
            raise golden.ReplayError(f"there is no {file.name}; pytest --gluehook-update writes it")
        elif different := golden.difference(expected, decided):
            said = f"{different}\n\nIf that is meant, pytest --gluehook-update writes {file.name} again."
            raise golden.ReplayError(said)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:  # noqa: ARG002
        """The differing decisions; for any other exception, pytest's own text."""
        from hooks.workbench.golden import ReplayError

        if isinstance(excinfo.value, ReplayError):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        """The name of the recording."""
        return self.path, 0, f"replay {self.path.stem}"

    def _table(self, named: Path | None) -> Table:
        from hooks.app import loading
        from hooks.rules_file.errors import render
        from hooks.workbench.golden import ReplayError

        file = str(named or self.config.rootpath / self.config.getini("gluehook_rules"))
        table, found, text = loading.check(file)
        if table is None:
            raise ReplayError(render(found, text, file))
        return table
