"""Another rules.toml while gluehook runs: swapped as a whole or not at all, with no event lost in between."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hooks.app.reload import COPY_NAME
from tests.parts.docker import fake_docker
from tests.parts.docker.fake_docker import FakeEngine
from tests.parts.process import signals_heard as hearing
from tests.parts.process.following import replace_whole
from tests.parts.process.gluehook import Gluehook, until
from tests.parts.process.signals_heard import Ear
from tests.parts.values.rules_text import TICK, WRONG, file_of, rule

ear, listen = hearing.ear, hearing.listen  # fixtures
socket, fake = fake_docker.socket, fake_docker.fake
WAIT_S = 10.0
A = "a" * 64


# -- the sources ----------------------------------------------------------------------------------


def test_docker_is_asked_for_what_a_new_rule_names_and_for_nothing_of_before(
    fake: FakeEngine, ear: Ear, listen: Callable[..., Any]
) -> None:
    source = listen(lambda _: True, types={"container.oom"})
    ear.hears("restored")
    fake.tell("kill", "early", A, signal="9")
    fake.tell("oom", "web", A)
    ear.until("container.oom")
    ear.events.clear()
    source.listen({"container.oom", "container.kill"})
    fake.wait_for_requests("/events", 2)
    fake.tell("kill", "late", A, signal="9")
    assert ear.until("container.kill").data["container"] == "late"
    assert [event.type for event in ear.events] == ["container.kill"], "an event was told twice"
    source.listen({"container.oom", "container.kill", "timer.tick"})  # nothing that Docker is asked for
    fake.tell("oom", "last", A)
    ear.until("container.oom", container="last")
    assert fake.count("/events") == 2


# -- the whole ------------------------------------------------------------------------------------


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Gluehook]:
    """Not started yet."""
    part = Gluehook(tmp_path, file_of(TICK))
    part.state.mkdir()
    try:
        yield part
    finally:
        part.clean_up()


def write_down(folder: Path, name: str, what: str) -> str:
    """A step that adds a line to a file."""
    return f'{{ use = "command.run", command = ["sh", "-c", "echo $0 >> {folder}/{name}", "{what}"] }}'


def test_a_new_rule_is_in_force_and_an_old_one_is_gone(runner: Gluehook) -> None:
    runner.start()
    runner.hears("is ready")
    watched = runner.folder / "watched"
    on = f'{{ event = "file.written", path = "{watched}" }}'
    replace_whole(runner.rules, file_of(rule("note", on, write_down(runner.folder, "notes", "${event.path}"))))
    runner.hears("INFO", "1 rule is in force; 1 new, 1 gone")
    assert len(runner.told("in force")) == 2, runner.lines
    watched.write_text("x")
    until((runner.folder / "notes").exists, "the new rule did not run")
    assert runner.ends() == 0


def test_a_new_rule_is_told_the_present(runner: Gluehook) -> None:
    runner.write_port(40000)
    runner.start()
    runner.hears("is ready")
    runner.rules.write_text(file_of(TICK, rule("act", '"port.forwarded"', '"qbittorrent.set_port"')))
    runner.hears("2 rules are in force; 1 new")
    runner.hears("act: ", "127.0.0.1:9")  # where nothing listens
    assert runner.ends() == 0


def test_a_bad_file_changes_nothing_and_is_said_once(runner: Gluehook) -> None:
    told = rule("told", '"rules.rejected"', write_down(runner.folder, "rejections", "${event.errors}"))
    runner.rules.write_text(file_of(TICK, told))
    runner.start()
    runner.hears("is ready")
    runner.rules.write_text(WRONG)
    runner.hears("ERROR", f"{runner.rules} is rejected: 2 rules of {runner.rules} stay in force")
    runner.hears("error[unknown-event]")
    runner.hears("error[unknown-handler]")
    until((runner.folder / "rejections").exists, "rules.rejected did not come")
    os.utime(runner.rules)
    os.kill(runner.pid, signal.SIGHUP)
    runner.rules.unlink()
    runner.hears("error[file-missing]")
    assert len(runner.told("is rejected")) == 2, runner.lines
    replace_whole(runner.rules, file_of(TICK, told))
    runner.hears("2 rules are in force; none of them has changed")
    rejections = runner.folder / "rejections"
    until(lambda: len(rejections.read_text().split()) > 1, "rules.rejected did not come again")
    assert rejections.read_text().split() == ["2", "1"]
    assert runner.ends() == 0


def test_a_hangup_reads_what_inotify_does_not_tell(runner: Gluehook) -> None:
    runner.start()
    runner.hears("is ready")
    runner.rules.chmod(0)
    replacement = runner.folder / "unreadable"
    replacement.write_text(file_of(TICK, rule("b")))
    replacement.chmod(0)
    replacement.rename(runner.rules)
    runner.hears("error[file-unreadable]")
    runner.rules.chmod(0o644)
    os.kill(runner.pid, signal.SIGHUP)
    runner.hears("2 rules are in force; 1 new", wait_s=4)  # before it looks by itself


def test_a_link_that_is_swapped_as_kubernetes_does_it(runner: Gluehook) -> None:
    for number, text in enumerate((file_of(TICK), file_of(TICK, rule("b")))):
        (runner.folder / f"..{number}").mkdir()
        (runner.folder / f"..{number}" / "rules.toml").write_text(text)
    runner.rules.unlink()
    (runner.folder / "..data").symlink_to("..0")
    runner.rules.symlink_to("..data/rules.toml")
    runner.start()
    runner.hears("is ready")
    (runner.folder / "..new").symlink_to("..1")
    (runner.folder / "..new").rename(runner.folder / "..data")
    runner.hears("2 rules are in force; 1 new")


def test_a_start_with_a_broken_file_runs_on_the_last_good_copy(runner: Gluehook) -> None:
    runner.start()
    runner.hears("is ready")
    copy = runner.state / COPY_NAME
    until(copy.exists, "there is no copy")
    assert runner.ends() == 0
    runner.rules.write_text(WRONG)
    mark = runner.mark()
    runner.start()
    runner.hears(f"{runner.rules} is rejected: 1 rule of {copy} stays in force", since=mark)
    runner.hears("is ready", since=mark)
    until(lambda: "itself is rejected" in runner.call("health").stdout, "health does not say it", wait_s=30)
    assert runner.call("health").returncode == 0
    replace_whole(runner.rules, file_of(TICK))
    runner.hears(f"{runner.rules}: 1 rule is in force; none of them has changed", since=mark)
    assert len(runner.told("is rejected", since=mark)) == 1
    assert runner.ends() == 0


def test_no_event_is_lost_or_doubled_while_rules_change(fake: FakeEngine, runner: Gluehook) -> None:
    queued = 'mode = "queued"\nkey = "all"\nlimit = { runs = 10000, per = "1h" }'
    keeps = rule("keeps", '"container.oom"', write_down(runner.folder, "oom", "${event.container}"), queued)
    runner.rules.write_text(file_of(keeps))
    runner.start()
    runner.hears("Docker 99.0")
    runner.hears("is ready")
    told, enough = [0], threading.Event()

    def tell() -> None:
        while not enough.wait(0.03):
            told[0] += 1
            fake.tell("oom", f"box{told[0]}", A)

    teller = threading.Thread(target=tell)
    teller.start()
    for number in range(3):
        mark = runner.mark()
        other = rule(f"other{number}", f'"container.{("kill", "pause", "top")[number]}"')
        replace_whole(runner.rules, file_of(keeps, other))
        runner.hears("2 rules are in force; 1 new", since=mark)
    until(lambda: told[0] > 30, "too little was told")
    enough.set()
    teller.join(WAIT_S)
    fake.wait_for_requests("/events", 4)  # each change asks Docker for other events

    def lines() -> list[str]:
        file = runner.folder / "oom"
        return file.read_text().splitlines() if file.exists() else []

    until(lambda: len(lines()) >= told[0], f"{len(lines())} of {told[0]} came")
    assert len(set(lines())) == len(lines()) == told[0]
    assert runner.ends() == 0
