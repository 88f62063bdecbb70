"""`gluehook history --follow` as a process, beside a `gluehook run` that is killed and begins again."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from hooks.cli.changes import LEAST_S, Changes
from hooks.control.client import request
from tests.parts.process.gluehook import WAIT_S, Gluehook, gluehook

RULES = """
version = 1
[[rule]]
name = "say"
on   = "port.forwarded"
do   = { use = "command.run", command = ["/bin/echo", "port", "${event.port}"] }
"""


class Followed:
    """A `gluehook history --follow`, and the lines that it prints."""

    def __init__(self, part: Gluehook, *options: str) -> None:
        # a shell that runs the tests in the background has SIGINT ignored, and a child would inherit that
        argv = ["env", "--default-signal=INT", sys.executable, "-m", "hooks", "history", "--follow", *options]
        self.process = subprocess.Popen(
            argv, cwd=part.folder, env=part.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def hears(self, *words: str) -> str:
        while True:
            line = self._lines.get(timeout=WAIT_S)
            if all(word in line for word in words):
                return line

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(WAIT_S)
        self._reader.join(WAIT_S)
        return code

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout:
            for line in self.process.stdout:
                self._lines.put(line.rstrip("\n"))


@contextmanager
def following(part: Gluehook, *options: str, greeted: str = "is followed; Ctrl-C ends it") -> Iterator[Followed]:
    """It is ended at the end of the block, whatever happens."""
    one = Followed(part, *options)
    try:
        one.hears(greeted)
        yield one
    finally:
        one.process.kill()
        one.process.wait(WAIT_S)


def test_a_process_is_followed_over_its_death_until_ctrl_c(tmp_path: Path) -> None:
    with gluehook(tmp_path, RULES) as part, ExitStack() as stack:
        part.hears("is ready")
        people = stack.enter_context(following(part))
        program = stack.enter_context(following(part, "--json", "--rule", "say"))
        part.write_port(51413)
        people.hears("event       gluetun: port.forwarded (live)")
        people.hears("accepted    say for gluetun, at gluetun: port.forwarded")
        run = people.hears("begins      say/gluetun#", ", attempt 1 of 6").split()[3].rstrip(",")
        people.hears(f"step 1      {run}: command.run: changed: ", "port 51413")
        people.hears(f"changed     {run} after ", "port 51413")
        assert json.loads(program.hears('"run_ended"'))["run"] == run
        with following(part, "--rule", "sya", greeted="no rule is called 'sya' now (did you mean 'say'?)"):
            pass
        assert part.ends(signal.SIGKILL) == -signal.SIGKILL
        for one in (people, program):
            one.hears("; this goes on when it runs again, and `gluehook history` has the runs meanwhile")
        since = part.mark()
        part.start()
        for one in (people, program):
            assert one.hears("runs again").startswith("gluehook ")
        part.hears("is ready", since=since)
        part.write_port(51414)
        people.hears("changed     say/gluetun#", "port 51414")
        # a run that was done when it was killed, and not yet in the journal, is done again: of the port before
        assert json.loads(program.hears('"run_ended"', "port 51414"))["rule"] == "say"
        part.ends()
        people.hears("stops       gluehook stops: nothing is running")
        people.hears("gluehook has stopped; this goes on when it runs again")
        assert (people.end(), program.end()) == (0, 0)


def test_without_a_gluehook_there_is_nothing_to_follow(tmp_path: Path) -> None:
    part = Gluehook(tmp_path, RULES)
    said = part.call("history", "--follow")
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr.startswith("no gluehook is running on the state folder")
    for options, words in ((("--failed",), "leave out --failed"), (("-n", "3", "--since", "1h"), "out -n and --since")):
        said = part.call("history", "--follow", *options)
        assert (said.returncode, said.stdout) == (2, "")
        assert f"--follow shows everything from now on: leave {words.removeprefix('leave ')}" in said.stderr


def test_a_change_ends_the_wait_of_status_watch_and_so_does_the_end_of_gluehook(tmp_path: Path) -> None:
    with gluehook(tmp_path, RULES) as part:
        changes = Changes(part.state)  # begins before gluehook does
        part.hears("is ready")
        assert changes.wait(WAIT_S)
        request(part.state, "pause", rule="say", **{"for": "1h"})
        assert changes.wait(WAIT_S)
        changes.wait(LEAST_S)  # of the resync, for example
        part.ends()
        assert changes.wait(WAIT_S)
    assert not Changes(tmp_path / "none").wait(0.01)
