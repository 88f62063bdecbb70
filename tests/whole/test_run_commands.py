"""`gluehook history`, `retry`, `pause` and `resume` as commands, of a `gluehook run` that is killed in between."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from hooks.control.client import request
from hooks.control.server import FILE_NAME
from tests.parts.process.gluehook import gluehook

FILED = """
version = 1
[[rule]]
name  = "file-port"
on    = "port.forwarded"
retry = { attempts = 1 }
do    = { use = "command.run", command = ["/bin/cp", "FOLDER/wanted", "FOLDER/given"] }
"""


def test_the_commands_of_a_process_that_runs(tmp_path: Path) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    with gluehook(folder, FILED.replace("FOLDER", str(folder)), GLUEHOOK_LOG_LEVEL="DEBUG") as part:
        part.hears("is ready")
        part.write_port(51413)
        part.hears("file-port: ", "cannot stat")
        failed = part.call("history", "--failed")
        assert failed.returncode == 0, failed.stderr
        run = failed.stdout.splitlines()[1].split()[2]
        assert run.startswith("file-port/gluetun#")
        assert json.loads(part.call("history", "--json").stdout)["id"] == run
        (folder / "wanted").write_text("x")
        said = part.call("retry", run)
        assert said.stdout == f"file-port runs again for gluetun, with what led to {run}\n"
        part.hears(said.stdout.strip())
        part.hears("file-port: ", "done (after 1 failed attempt)")
        assert (folder / "given").read_text() == "x"
        assert part.call("pause", "--for", "1h").stdout.startswith("paused for 1h: no run of any rule starts until")
        part.hears("paused for 1h: no run of any rule starts until")
        findings, said = request(part.state, "doctor")
        assert said.endswith(f" checks: {len(findings)} found")
        assert {"check", "severity", "seen", "fix", "run", "causes"} <= findings[0].keys()
        assert part.call("health").returncode == 0, "to rest on purpose is healthy"
        assert part.ends(signal.SIGKILL) == -signal.SIGKILL
        gone = part.call("retry", run)
        assert (gone.returncode, gone.stdout) == (1, "")
        assert "no gluehook is running on the state folder" in gone.stderr
        assert len(part.call("history").stdout.splitlines()) == 3
        since = part.mark()
        part.start()
        part.hears("still paused: no run of any rule starts until", since=since)
        part.hears("is ready", since=since)
        part.write_port(51414)
        part.hears("port.forwarded (live)", since=since)
        (folder / "wanted").write_text("y")
        since = part.mark()
        assert part.call("resume").stdout == "the pause of all rules is over; the states are read again\n"
        part.hears("port.forwarded (resync)", since=since)
        part.hears("file-port: ", "done", since=since)
        assert (folder / "given").read_text() == "y"
        assert part.call("history").stdout.count("file-port/gluetun#") == 3
        assert part.call("retry", "file-port/nobody#9").returncode == 1
        assert part.ends() == 0
        assert not (part.state / FILE_NAME).exists()
