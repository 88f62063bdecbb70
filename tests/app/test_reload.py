"""Another rules.toml, read again by itself: when, how often, and what comes of it."""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from hooks.app import loading
from hooks.app.loading import Loaded
from hooks.app.reload import COPY_NAME, Reload, difference, last_good
from hooks.rules.table import Rule, Table
from tests.parts.process import signals_heard as hearing
from tests.parts.process.gluehook import until
from tests.parts.process.signals_heard import Ear
from tests.parts.values.own_files import handler, place, rules
from tests.parts.values.rules_text import TICK, WRONG, file_of, rule

ear = hearing.ear  # a fixture
WAIT_S = 10.0
NEVER_S = 3600.0


class Reading:
    """A reload whose outcomes can be waited for."""

    def __init__(self, folder: Path, text: str = "") -> None:
        self.file, self.copy = folder / "rules.toml", folder / COPY_NAME
        self.file.write_text(text or file_of(TICK))
        self.outcomes: queue.Queue[Any] = queue.Queue()
        self.busy, self.settled = False, 0
        self._reload: Reload | None = None

    def begin(self, quiet_s: float, quiet_wait_s: float = NEVER_S) -> Reload:
        found = loading.load(str(self.file))
        assert found.table
        self._reload = Reload(
            str(self.file), self.copy, adopt=self._adopt, reject=self.outcomes.put, table=found.table,
            text=found.text, quiet_s=quiet_s, quiet_wait_s=quiet_wait_s,
        )  # fmt: skip
        self._reload.start()
        return self._reload

    def begin_broken(self, broken: Loaded) -> Reload:
        """A start with a file that is no good, and without a copy."""
        self._reload = Reload(
            str(self.file), self.copy, adopt=self._adopt, reject=self.outcomes.put, settled=self._count,
            table=Table(), broken=broken, quiet_s=0.01,
        )  # fmt: skip
        self._reload.start()
        return self._reload

    def outcome(self) -> Any:
        return self.outcomes.get(timeout=WAIT_S)

    def end(self) -> None:
        if self._reload:
            self._reload.stop()

    def _count(self) -> None:
        self.settled += 1

    def _adopt(self, table: Table, change: str) -> None:
        if self.busy:
            self.busy = False
            raise TimeoutError
        self.outcomes.put(change)


def children(reload: Reload) -> list[psutil.Process]:
    """The processes that read the file, once there is one."""
    until(lambda: reload.is_reading, "nothing is being read")
    return [
        child for child in psutil.Process().children() if any("hooks.app.loading" in word for word in child.cmdline())
    ]


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[Reading]:
    part = Reading(tmp_path)
    yield part
    part.end()


def test_it_waits_for_quiet_but_not_when_told_to_read_now(reading: Reading) -> None:
    reload = reading.begin(quiet_s=NEVER_S)
    reading.file.write_text(file_of(TICK, rule("b")))
    reload.changed()
    with pytest.raises(queue.Empty):
        reading.outcomes.get(timeout=0.3)
    reload.at_once()
    assert reading.outcome() == "1 new"


def test_a_file_that_is_never_quiet_is_read_all_the_same(reading: Reading) -> None:
    reload = reading.begin(quiet_s=NEVER_S, quiet_wait_s=0.3)
    reading.file.write_text(file_of(TICK, rule("b")))
    began = time.monotonic()
    reload.changed()
    reload.changed()
    assert reading.outcome() == "1 new"
    assert time.monotonic() - began > 0.3


def test_the_file_is_read_ahead_during_the_quiet_and_what_it_says_last_counts(reading: Reading) -> None:
    reload = reading.begin(quiet_s=NEVER_S)
    reading.file.write_text(file_of(TICK, rule("b")))
    reload.changed()
    (child,) = children(reload)
    reading.file.write_text(file_of(TICK, rule("c"), rule("d")))
    reload.changed()
    assert children(reload) == [child], "another child reads"
    reload.at_once()
    assert reading.outcome() == "2 new"


def test_a_change_that_is_taken_back_in_time_is_none(reading: Reading) -> None:
    reload = reading.begin(quiet_s=NEVER_S)
    reading.file.write_text("version = 2")
    reload.changed()
    (child,) = children(reload)
    reading.file.write_text(file_of(TICK))
    reload.at_once()
    until(lambda: not reload.is_reading, "the child is still there")
    assert not child.is_running()
    reading.file.write_text(file_of(TICK, rule("b")))
    reload.at_once()
    assert reading.outcome() == "1 new", "the change that was taken back was told"


def test_a_stop_during_the_quiet_leaves_no_child(reading: Reading) -> None:
    reload = reading.begin(quiet_s=NEVER_S)
    reading.file.write_text(file_of(TICK, rule("b")))
    reload.changed()
    (child,) = children(reload)
    reload.stop()
    assert not child.is_running(), "it runs on, or nobody has waited for it"
    assert reading.outcomes.empty()


def test_only_what_the_rules_say_counts(reading: Reading) -> None:
    reload = reading.begin(quiet_s=0.01)
    reload.at_once()
    reading.file.write_text("# a remark\n\n" + file_of(TICK))
    reload.at_once()
    reading.file.write_text(file_of(rule("b"), TICK.replace("1h", "2h")))
    reload.at_once()
    assert reading.outcome() == "1 new, 1 changed"
    assert reading.outcomes.empty()


def test_a_table_of_a_container_counts_as_a_rule_does(reading: Reading) -> None:
    reload = reading.begin(quiet_s=NEVER_S)
    for more in ('[[gluetun]]\ncontainer = "vpn"\n', '[[client]]\nkind = "deluge"\ncontainer = "tor"\n', ""):
        reading.file.write_text(file_of(TICK) + more)
        reload.at_once()
        assert reading.outcome() == "the [[gluetun]] and [[client]] tables are others"


def test_what_is_good_is_kept_and_what_is_not_is_not(reading: Reading) -> None:
    reload = reading.begin(quiet_s=0.01)
    first = file_of(TICK)
    until(reading.copy.exists, "there is no copy")
    assert (reading.copy.read_text(), reading.copy.stat().st_mode & 0o777) == (first, 0o600)
    reading.file.write_text(WRONG)
    reload.changed()
    assert reading.outcome() == 2
    assert reading.copy.read_text() == first
    found = last_good(reading.copy)
    assert found
    assert found.text == first
    assert last_good(reading.file) is None
    assert last_good(reading.file.with_name("nothing")) is None


def test_a_loop_that_is_busy_is_asked_again(reading: Reading, ear: Ear) -> None:
    reading.busy = True
    reload = reading.begin(quiet_s=0.01)
    reading.file.write_text(file_of(TICK, rule("b")))
    reload.changed()
    assert reading.outcome() == 1
    assert "the loop of gluehook is too busy" in ear.hears("is rejected")
    assert "too busy" in reload.rejected
    reload.changed()  # it would read again by itself, a few seconds later
    assert reading.outcome() == "1 new"
    until(lambda: not reload.rejected, "it is still rejected")


def test_a_stop_ends_the_reading(reading: Reading) -> None:
    reload = reading.begin(quiet_s=0.01)
    reading.file.write_text(file_of(TICK, rule("b")))
    reload.at_once()
    found = children(reload)
    reload.stop()
    assert not psutil.wait_procs(found, WAIT_S)[1]
    assert reading.outcomes.empty()


def test_a_start_without_rules_reports_the_file_and_adopts_it_once_it_is_repaired(reading: Reading, ear: Ear) -> None:
    reading.file.write_text(WRONG)
    reload = reading.begin_broken(loading.load(str(reading.file)))
    assert "(the first of 2 errors)" in reload.rejected
    assert not reload.in_force
    said = ear.hears("no rule is in force")
    assert f"{reading.file} is read again when it changes" in said
    assert reading.outcome() == 2
    os.utime(reading.file)  # touched, and still the same
    reload.changed()
    reading.file.write_text("")
    reload.changed()
    ear.hears("error[file-empty]")
    assert ear.count(said.splitlines()[-2]) == 1
    assert reading.outcome() == 1
    reading.file.write_text(file_of(TICK))
    reload.changed()
    assert reading.outcome() == "1 new"
    until(lambda: reload.in_force and not reload.rejected, "it is not in force")
    until(lambda: reading.settled == 3, "health does not know")


def test_a_loading_that_broke_at_the_start_is_tried_again_although_the_file_is_the_same(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hooks.app.reload._AGAIN_S", 0.05)
    reading.begin_broken(Loaded(errors=("loading: the process that checks settings and rules did not answer",)))
    assert [reading.outcome(), reading.outcome()] == [1, "1 new"]


def test_what_differs_is_counted_by_name() -> None:
    before = Table(tuple(Rule(name, (), ()) for name in "abc"))
    after = Table((Rule("b", (), (), line=9), Rule("c", (), (), cooldown_s=5.0), Rule("d", (), ()), Rule("e", (), ())))
    assert difference(before, after) == "2 new, 1 changed, 1 gone"
    assert difference(before, before) == "none of them has changed"


def test_handlers_of_the_owner_that_are_mended_are_read_again(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hooks.app.reload._AGAIN_S", 0.05)
    folder = reading.file.parent
    place(folder, sonarr="def (")
    reading.file.write_text(rules())
    reading.begin_broken(loading.load(str(reading.file)))
    assert reading.outcome() == 1
    (folder / "handlers/sonarr.py").write_text(handler())
    (folder / "handlers/sonarr.py").chmod(0o666)
    assert reading.outcome() == 1
    (folder / "handlers/sonarr.py").chmod(0o644)
    assert reading.outcome() == "1 new"


def test_the_copy_of_the_rules_finds_the_handlers_beside_the_rules(reading: Reading) -> None:
    place(reading.file.parent, sonarr=handler())
    reading.copy.parent.joinpath("state").mkdir()
    copy = reading.copy.parent / "state" / COPY_NAME
    copy.write_text(rules())
    assert last_good(copy) is None
    found = last_good(copy, str(reading.file))
    assert found
    assert found.table
    assert [own.name for own in found.table.own] == ["sonarr.act"]
