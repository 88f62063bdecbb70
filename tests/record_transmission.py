"""Records what a real transmission-daemon answers: `python -m tests.record_transmission`.

It writes tests/samples/transmission/answers.jsonl. The fake in
tests/parts/targets/fakes_transmission.py is held to that file.
"""

from __future__ import annotations

import base64
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.parts.places import TOP
from tests.parts.targets.transmission import PASSWORD, USER, Transmission

FILE = TOP / "tests/samples/transmission/answers.jsonl"
_RPC = "/transmission/rpc"
_GET = json.dumps({"method": "session-get", "arguments": {"fields": ["peer-port", "version"]}})
_LOGIN = {"rpc-authentication-required": True, "rpc-username": USER, "rpc-password": PASSWORD}
_ID = "x-transmission-session-id"
_LEFT_OUT = ("date", "content-length")


def _basic(password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{USER}:{password}".encode()).decode()}


@contextmanager
def _running(program: str, **settings: Any) -> Iterator[Transmission]:
    with tempfile.TemporaryDirectory() as folder:
        part = Transmission(program, Path(folder) / "transmission", **settings)
        try:
            part.start()
            yield part
        finally:
            part.stop()


def _open(program: str) -> Iterator[dict[str, Any]]:
    with _running(program) as part:
        first = part.request("POST", _RPC, _GET)
        yield _line("no session id", first)
        shown = {"X-Transmission-Session-Id": first[1][_ID]}
        yield _line("settings", part.request("POST", _RPC, _GET, shown))
        for what, body in (
            ("set", {"method": "session-set", "arguments": {"peer-port": part.first_port}}),
            ("set to -1", {"method": "session-set", "arguments": {"peer-port": -1}}),
            ("reannounce", {"method": "torrent-reannounce", "arguments": {}}),
            ("unknown method", {"method": "nope"}),
        ):
            yield _line(what, part.request("POST", _RPC, json.dumps(body), shown))
        yield _line("settings after -1", part.request("POST", _RPC, _GET, shown))
        with suppress(TimeoutError):  # 4.1.0-beta.2 never answers that
            yield _line("no JSON", part.request("POST", _RPC, "nonsense", shown))
        yield _line("wrong method", part.request("GET", _RPC, None, shown))
        yield _line("another path", part.request("POST", "/rpc", _GET, shown))
        yield _line("another path below it", part.request("POST", "/transmission/nope", _GET, shown))
        yield _line("another host", part.request("POST", _RPC, _GET, {**shown, "Host": "transmission.lan:9091"}))


def _closed(program: str) -> Iterator[dict[str, Any]]:
    with _running(program, **_LOGIN, **{"anti-brute-force-enabled": True, "anti-brute-force-threshold": 9}) as part:
        yield _line("login missing", part.request("POST", _RPC, _GET))
        part.request("POST", _RPC, _GET, _basic(PASSWORD))
        yield _line("login", part.request("POST", _RPC, _GET, _basic(PASSWORD)))
        yield _line("wrong password", part.request("POST", _RPC, _GET, _basic("wrong")))
        for _ in range(101):  # 3.00 counts to a hundred, whatever its settings say
            part.request("POST", _RPC, _GET, _basic("wrong"))
        yield _line("locked after wrong passwords", part.request("POST", _RPC, _GET, _basic(PASSWORD)))
    with _running(program, **{"rpc-whitelist": "192.0.2.1"}) as part:
        yield _line("address not in the whitelist", part.request("POST", _RPC, _GET))


def _line(what: str, answer: tuple[int, dict[str, str], str]) -> dict[str, Any]:
    status, headers, body = answer
    session_id = headers.get(_ID, "")
    kept = {k: v for k, v in sorted(headers.items()) if k not in _LEFT_OUT}
    if session_id:
        kept[_ID], body = "SESSION-ID", body.replace(session_id, "SESSION-ID")
    return {"what": what, "status": status, "headers": kept, "body": body}


def main() -> None:
    """Write the file for the version that is installed; other versions' lines stay."""
    program = shutil.which("transmission-daemon") or sys.exit("apt-get install transmission-daemon")
    with _running(program) as part:
        version = part.call("session-get", fields=["version"])["version"].split()[0]
    old = FILE.read_text(encoding="utf-8").splitlines() if FILE.exists() else []
    lines = [line for line in old if json.loads(line)["transmission"] != version]
    lines += [json.dumps({"transmission": version, **line}) for line in (*_open(program), *_closed(program))]
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
