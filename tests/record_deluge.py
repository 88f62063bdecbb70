"""Records what a real deluge-web answers: `python -m tests.record_deluge`.

It writes tests/samples/deluge/answers.jsonl. The fake in tests/parts/targets/fakes_deluge.py is held to that file.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.parts.places import TOP
from tests.parts.targets.deluge import PASSWORD, Deluge

FILE = TOP / "tests/samples/deluge/answers.jsonl"
_NAMES = ["listen_ports", "random_port", "upnp", "natpmp", "listen_interface"]


class _Recorder:
    """Asks in order, as one browser would, and keeps what was answered."""

    def __init__(self, part: Deluge) -> None:
        self.lines: list[dict[str, Any]] = []
        self._part, self._cookie = part, ""

    def ask(self, method: str, *params: Any, state: str = "") -> Any:
        """One call; `state` is what the Web UI knows then."""
        try:
            found, cookie = self._part.request(method, *params, cookie=self._cookie)
        except TimeoutError:
            found, cookie = "no answer", ""
        if method == "auth.login" and cookie:
            self._cookie = cookie
        self.lines.append({"state": state, "method": method, "params": list(params), "answer": found})
        return found


def _recorded(part: Deluge) -> Iterator[dict[str, Any]]:
    here = _Recorder(part)
    for method in ("core.get_listen_port", "web.connected", "web.get_hosts"):
        here.ask(method, state="no login")
    here.ask("auth.login", "wrong", state="no login")
    here.ask("auth.login", PASSWORD, state="no login")
    here.ask("web.connected", state="not connected")
    here.ask("core.get_listen_port", state="not connected")
    host = here.ask("web.get_hosts", state="not connected")["result"][0][0]
    here.ask("web.get_host_status", host, state="not connected")
    here.ask("web.connect", host, state="not connected")
    here.ask("web.connected", state="connected")
    here.ask("web.get_host_status", host, state="connected")
    here.ask("core.get_config_values", _NAMES, state="connected")
    here.ask("core.set_config", {"listen_ports": [part.first_port] * 2}, state="connected")
    here.ask("core.get_listen_port", state="connected")
    here.ask("core.get_session_state", state="connected")
    here.ask("core.force_reannounce", [], state="connected")
    here.ask("core.nope", state="connected")
    part.daemon.stop()
    here.ask("core.get_listen_port", state="daemon gone")
    here.ask("web.connected", state="daemon gone")
    here.ask("web.get_host_status", host, state="daemon gone")
    here.ask("web.connect", host, state="daemon gone")
    yield from here.lines


def main() -> None:
    """Write the file for the version that is installed; other versions' lines stay."""
    with tempfile.TemporaryDirectory() as folder:
        part = Deluge(Path(folder) / "deluge")
        try:
            part.start()
            lines = list(_recorded(part))
        finally:
            part.stop()
    version = next(line["answer"]["result"][2] for line in lines if line["method"] == "web.get_host_status")
    old = FILE.read_text(encoding="utf-8").splitlines() if FILE.exists() else []
    kept = [line for line in old if json.loads(line)["deluge"] != version]
    kept += [json.dumps({"deluge": version, **line}) for line in lines]
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")


if __name__ == "__main__":
    main()
