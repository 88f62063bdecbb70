"""The wait for a good rules file, by itself: what it reads again, what it says, when it ends."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hooks.app import loading
from hooks.app.loading import Loaded
from hooks.app.repair import Repair
from hooks.app.shutdown import Stop
from hooks.config.settings import Settings
from hooks.rules.table import Table
from hooks.runtime import heartbeat
from tests.parts.process import signals_heard as hearing
from tests.parts.process.signals_heard import Ear

ear = hearing.ear
GOOD = 'version = 1\n[[rule]]\nname = "r"\non = "container.oom"\ndo = "gluetun.restart_vpn"\n'


class Waiting:
    """A repair that waits in a thread of its own."""

    def __init__(self, folder: Path, text: str, stop: Stop) -> None:
        self.file, self.state = folder / "rules.toml", folder / "state"
        self.file.write_text(text)
        self.stop, self.found = stop, list[Table | None]()
        self._thread: threading.Thread | None = None

    def begin(self, loaded: Loaded | None = None) -> None:
        settings = Settings(gluehook_rules=str(self.file), gluehook_state=str(self.state))
        loaded = loaded or loading.load(str(self.file))
        self._thread = threading.Thread(target=lambda: self.found.append(Repair(settings).wait(loaded, self.stop)))
        self._thread.start()

    def end(self) -> Table | None:
        assert self._thread
        self._thread.join(10)
        assert self.found, "it still waits"
        return self.found[0]


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Waiting]:
    with Stop() as stop:
        part = Waiting(tmp_path, GOOD.replace("oom", "omo"), stop)
        yield part
        signal.raise_signal(signal.SIGTERM)  # ends whatever still waits
        part.end()


def test_it_says_what_is_wrong_once_and_beats(waiting: Waiting, ear: Ear) -> None:
    waiting.begin()
    said = ear.hears("no rule is in force")
    assert f"{waiting.file} is read again when it changes" in said
    assert "error[unknown-event]" in said
    well, troubles = heartbeat.judge(str(waiting.state / heartbeat.FILE_NAME), time.time())
    assert not well
    assert "error[unknown-event]" in troubles[0]
    os.utime(waiting.file)  # touched, and still the same
    waiting.file.write_text("")
    ear.hears("error[file-empty]")
    assert ear.count("error[unknown-event]") == 1


def test_it_ends_with_the_table_of_the_repaired_file(waiting: Waiting) -> None:
    waiting.begin()
    waiting.file.write_text(GOOD)
    table = waiting.end()
    assert table
    assert [rule.name for rule in table.rules] == ["r"]


def test_it_ends_with_none_at_a_signal(waiting: Waiting) -> None:
    waiting.begin()
    signal.raise_signal(signal.SIGTERM)
    assert waiting.end() is None


def test_a_signal_that_came_before_is_heard_as_well(waiting: Waiting) -> None:
    signal.raise_signal(signal.SIGINT)
    assert waiting.stop.heard.wait(10)
    waiting.begin()
    assert waiting.end() is None


def test_a_loading_that_broke_is_tried_again_although_the_file_is_the_same(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "BEAT_S", 0.1)
    waiting.file.write_text(GOOD)
    waiting.begin(Loaded(errors=("loading: the process that checks settings and rules did not answer",)))
    assert waiting.end()


def test_a_state_folder_that_cannot_be_written_does_not_end_it(waiting: Waiting) -> None:
    waiting.state.write_text("a file")
    waiting.begin()
    waiting.file.write_text(GOOD)
    assert waiting.end()


def test_the_reason_counts_the_errors(waiting: Waiting, ear: Ear) -> None:
    waiting.file.write_text(GOOD.replace("oom", "omo").replace("vpn", "vnp"))
    waiting.begin()
    ear.hears("no rule is in force")
    reason = json.loads((waiting.state / heartbeat.FILE_NAME).read_text())["rules_reason"]
    assert reason.endswith("(the first of 2 errors)")
    assert "\n" not in reason
