"""Other programs call a running gluehook: what they really send, through the web process, the journal and the rules."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import requests

from handlers import HANDLERS
from hooks.events.catalogue import Event
from hooks.rules.table import Table
from hooks.rules_file import reader
from tests.parts.places import TOP
from tests.parts.process.gluehook import WAIT_S, Gluehook, gluehook, until
from tests.whole.test_run_web import free_address

TOKEN = "t0ken-of-all-hooks"
SAMPLES = TOP / "tests/samples/hooks"
PAGE_RULES = re.findall(r"^```toml\n(.*?)^```", (TOP / "docs/hooks.md").read_text(), re.MULTILINE | re.DOTALL)
RULES = """
version = 1
[[rule]]
name = "note"
on   = {{ event = "hook.called", name = ["kuma", "grafana", "sonarr", "github"] }}
key  = "${{event.name}}"
mode = "queued"
do   = {{ use = "command.run", command = ["/bin/sh", "-c", "echo $0 >> {folder}/ran", "${{event.name}}"] }}

[[rule]]
name     = "late"
on       = {{ event = "hook.called", name = "late" }}
debounce = "1h"
do       = {{ use = "command.run", command = ["/bin/sh", "-c", "echo late $0 >> {folder}/ran", "${{event.json.n}}"] }}
"""


class Called:
    """A gluehook whose hooks are called. `ran` are the lines that its rules have written."""

    def __init__(self, part: Gluehook, address: str, folder: Path) -> None:
        self.part, self._address, self._folder = part, address, folder

    def post(self, hook: str, body: bytes, **headers: str) -> requests.Response:
        kind = {"Content-Type": "application/json"}
        return requests.post(f"http://{self._address}/hook/{hook}", body, headers=kind | headers, timeout=WAIT_S)

    def call(self, hook: str, body: bytes = b"{}", **headers: str) -> requests.Response:
        return self.post(hook, body, Authorization=f"Bearer {TOKEN}", **headers)

    @property
    def ran(self) -> list[str]:
        file = self._folder / "ran"
        return file.read_text().splitlines() if file.exists() else []

    def killed(self) -> None:
        """Kill the runner; its web process then ends by itself."""
        children = psutil.Process(self.part.pid).children(recursive=True)
        os.kill(self.part.pid, signal.SIGKILL)
        _, alive = psutil.wait_procs(children, WAIT_S)
        assert not alive
        assert self.part.ends(None) == -signal.SIGKILL

    def start(self) -> None:
        since = self.part.mark()
        self.part.start()
        self.part.hears("is ready", since=since)
        self.part.hears("web: the page is on", since=since)


@contextmanager
def called(folder: Path) -> Iterator[Called]:
    address = free_address()
    with gluehook(folder, RULES.format(folder=folder), GLUEHOOK_HTTP=address, GLUEHOOK_LOG_LEVEL="INFO",
                  GLUEHOOK_HOOK_TOKEN=TOKEN) as part:  # fmt: skip
        it = Called(part, address, folder)
        part.hears("is ready")
        part.hears("web: the page is on")
        yield it
        assert TOKEN not in "\n".join(part.lines)


def test_a_call_is_done_once_also_if_gluehook_is_killed_right_after_it(tmp_path: Path) -> None:
    with called(tmp_path) as it:
        samples = {file.stem: file.read_bytes() for file in sorted(SAMPLES.iterdir())}
        for hook, body in samples.items():
            signed = "sha256=" + hmac.new(TOKEN.encode(), body, hashlib.sha256).hexdigest()
            answers = [it.post(hook, body, **{"X-Hub-Signature-256": signed, "X-GitHub-Delivery": "d1"})
                       for _ in range(2)]  # fmt: skip
            assert [(one.status_code, one.json()["taken"]) for one in answers] == [(202, "accepted"), (202, "repeated")]
        until(lambda: sorted(it.ran) == sorted(samples), f"the rules of {list(samples)} do not run")
        nobody = it.call("nobody")
        assert (nobody.status_code, "no rule listens to the hook 'nobody'" in nobody.text) == (404, True)

        since = it.part.mark()
        assert it.call("late", b'{"n": 7}', **{"Idempotency-Key": "k"}).json()["taken"] == "accepted"
        it.killed()
        it.start()
        it.part.hears("late: ", "done", since=since)  # what was accepted is done at the next start
        assert it.call("late", b'{"n": 7}', **{"Idempotency-Key": "k"}).json()["taken"] == "repeated"
        assert [line for line in it.ran if line.startswith("late")] == ["late 7"]
        explained = it.part.call("explain", "hook.called", "name=late", "json.n=8")
        assert "runs" in explained.stdout
        assert '"n": 8' in explained.stdout


@pytest.mark.parametrize("block", PAGE_RULES)
def test_a_rule_of_the_page_is_run_by_what_the_program_really_sends(block: str) -> None:
    table = reader.read("version = 1\n" + block, "rules.toml", HANDLERS)
    assert isinstance(table, Table)
    (rule,) = table.rules
    ran = []
    for file in SAMPLES.iterdir():
        event = Event("hook.called", file.stem, 1, "hook",
                      data={"name": file.stem, "json": json.loads(file.read_bytes())})  # fmt: skip
        if rule.listens_to(event):
            ran.append(file.stem)
            assert rule.key_of(event) != file.stem
    assert ran == [str(rule.on[0].match["name"]).strip('"')]
