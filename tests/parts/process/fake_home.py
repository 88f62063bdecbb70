"""A whole home server of fakes, to be read only: it records every request that is not a GET."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from hooks.config.settings import Settings
from hooks.doctor import own_state
from hooks.doctor.facts.collect import Collector
from hooks.runtime import heartbeat
from tests.parts.docker.fake_docker import FakeEngine, _Talk
from tests.parts.places import TOP
from tests.parts.targets.fakes_gluetun import FakeGluetun
from tests.parts.targets.fakes_http import Ask, served
from tests.parts.targets.fakes_qbittorrent import PASSWORD, FakeQBittorrent
from tests.parts.targets.wireguard_folder import make_folder

PORT = 40000
NOBODY = "0" * 64  # the id that no container has
ADGUARD_IP = "127.0.0.1"
ENDPOINT = "8.8.4.1:51820"  # nothing connects there: an address needs no resolver
SECRETS = {
    "QBITTORRENT_PASSWORD": PASSWORD, "QBITTORRENT_API_KEY": "", "GLUETUN_API_KEY": "k3y-of-the-gluetun",
    "APPRISE_URLS": "tgram://b0t-t0ken/chat",
}  # fmt: skip
IN_ENVIRONMENTS = ("OPENVPN_PASSWORD=pia-s3cret-word", "WG_KEY=wireguard-s3cret-word")
SEEN_AT = "8.8.4.4:40001"
LISTENS = "  0: 0200080A:9C40 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000 0 77 1 x 100 0 0 10 0\n"


class _Talks(_Talk):
    """Also answers commands inside of containers, and refuses every other write."""

    def do_POST(self) -> None:  # noqa: N802 - the library's name
        engine: ExecEngine = self.server.engine  # type: ignore[assignment]
        if NOBODY in self.path:
            engine.questions.append(f"{self.command} {self.path}")
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status = 403 if engine.forbids and engine.forbids in self.path else 404
            return self.reply(status, b'{"message":"No such container"}')
        path = self.path.split("?")[0].split("/", 2)[2]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        engine.writes.append(f"POST /{path}")
        if refusal := engine.refusals.get(f"/{path}"):
            return self.reply(*refusal)
        if path.endswith("/exec"):
            engine.commands.append(json.loads(body)["Cmd"])
            return self.reply(201, json.dumps({"Id": str(len(engine.commands) - 1)}).encode())
        if path.startswith("exec/"):
            said = engine.runs(engine.commands[int(path.split("/")[1])])
            return self.reply(200, b"\1\0\0\0" + len(said).to_bytes(4, "big") + said)
        return self.reply(500, b'{"message":"nothing may do that here"}')

    def do_PUT(self) -> None:  # noqa: N802 - the library's name
        if NOBODY in self.path:
            return self.do_POST()
        self.server.engine.writes.append(f"{self.command} {self.path}")  # type: ignore[attr-defined]
        return self.reply(500, b'{"message":"nothing may do that here"}')

    do_DELETE = do_HEAD = do_PATCH = do_PUT  # noqa: N815 - the library's names


class ExecEngine(FakeEngine):
    """An engine that also runs commands. `commands`: those that were run; `programs`: the folder of all programs."""

    def __init__(self, socket: Path) -> None:
        self.writes: list[str] = []
        self.commands: list[list[str]] = []
        self.questions: list[str] = []  # about a container that does not exist
        self.forbids = ""  # a proxy refuses those with this word in their path
        self.programs = socket.parent / "programs"
        super().__init__(socket)
        self._server.RequestHandlerClass = _Talks

    def runs(self, command: list[str]) -> bytes:
        """The output of a command: only the programs of that folder and the shell exist."""
        shell = {"sh": "/bin/sh", "bash": "/bin/bash"}
        program = shell.get(command[0]) or str(self.programs / command[0])
        ran = subprocess.run(
            [program, *command[1:]], env={"PATH": str(self.programs)}, capture_output=True, check=False
        )  # fmt: skip
        return ran.stdout

    def _find(self, asked: str) -> dict[str, Any] | None:
        return {"ExitCode": 0} if asked.isdecimal() else super()._find(asked)


class FakeHome:
    """gluetun, qBittorrent, WireGuard, AdGuard, gluehook's own state, and `others` more containers."""

    def __init__(self, folder: Path, stack: ExitStack, others: int = 0) -> None:
        self.folder, self.state = folder, folder / "state"
        self.wireguard = folder / "wireguard"
        self.port_file = folder / "port" / "forwarded_port"
        self.engine = ExecEngine(folder / "docker.sock")
        stack.callback(self.engine.stop)
        self.gluetun = FakeGluetun(auth="apikey", api_key=SECRETS["GLUETUN_API_KEY"], forwards=PORT)
        self.qbittorrent = FakeQBittorrent()
        self.qbittorrent.preferences |= {"listen_port": PORT, "upnp": False, "current_network_interface": "tun0"}
        self.asks: list[Ask] = []
        self.gluetun_url = stack.enter_context(served(lambda ask: self._note(self.gluetun, ask)))
        self.qbittorrent_url = stack.enter_context(served(lambda ask: self._note(self.qbittorrent, ask)))
        self.qbittorrent.port = int(self.qbittorrent_url.rpartition(":")[2])
        self._furnish(others)

    @property
    def writes(self) -> list[str]:
        """Every request that is not a GET, to any target."""
        return [*self.engine.writes, *(f"{ask.method} {ask.path}" for ask in self.asks if ask.method != "GET")]

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a `gluehook` that reads this home."""
        return {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONPATH": str(TOP), "LANG": "C.UTF-8",
            "PYTHONWARNINGS": "default,ignore:The asyncore module", "DOCKER_HOST": self.engine.host,
            "GLUEHOOK_STATE": str(self.state), "FORWARDED_PORT_FILE": str(self.port_file),
            "WIREGUARD_DIR": str(self.wireguard), "QBITTORRENT_URL": self.qbittorrent_url,
            "GLUETUN_URL": self.gluetun_url, **SECRETS, **more,
        }  # fmt: skip

    def call(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run `gluehook` as a process."""
        return subprocess.run(
            [sys.executable, "-m", "hooks", *arguments], cwd=self.folder, env=self.environment(**more),
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip

    def collector(self, secrets: Mapping[str, str] | None = None, **settings: str) -> Collector:
        """The collector that status and doctor use, in this process. DOCKER_HOST is the environment's."""
        chosen = Settings(**{
            "gluehook_state": str(self.state), "forwarded_port_file": str(self.port_file),
            "wireguard_dir": str(self.wireguard), "qbittorrent_url": self.qbittorrent_url,
            "gluetun_url": self.gluetun_url, "forwarded_port_source": "file", **settings,
        })  # type: ignore[arg-type]  # fmt: skip
        own = own_state.DoctorMemory(self.state)
        return Collector(chosen, lambda: own_state.read(self.state), {**SECRETS, **(secrets or {})}.get, own)

    def beat(self) -> None:
        """Write gluehook's heartbeat, as of now."""
        now = time.time()
        source = {"connected": True, "since": now - 60, "reason": ""}
        heartbeat.write(str(self.state / heartbeat.FILE_NAME), {
            "time": now, "sources": {"docker": source, "files": source}, "rules": 4, "rules_reason": "",
            "rules_rejected": "", "overdue": [], "port_used": True, "port_since": now - 60, "port": [PORT],
            "gluetun_runs": True, "journal": "",
        })  # fmt: skip

    def inspected(self, name: str) -> dict[str, Any]:
        """A container as an inspect shows it, to be changed."""
        return next(raw for raw in self.engine.containers.values() if raw["Name"] == f"/{name}")

    def _furnish(self, others: int) -> None:
        hour_ago = time.time_ns() - 3600 * 10**9
        has, pia = self.engine.has, ["VPN_SERVICE_PROVIDER=private internet access", "VPN_PORT_FORWARDING=on"]
        has("gluetun", "a" * 64, health="healthy", started=hour_ago, image="qmcgaw/gluetun", network="home")
        has("qbittorrent", "b" * 64, started=hour_ago + 10**9, network=f"container:{'a' * 64}")
        has("wireguard", "c" * 64, started=hour_ago, image="linuxserver/wireguard", network="home")
        has("adguard", "d" * 64, started=hour_ago, image="adguard/adguardhome", network="home", address=ADGUARD_IP)
        for number in range(others):
            has(f"other-{number}", f"{number:064x}", started=hour_ago, network="home")
        for raw in self.engine.containers.values():
            labels = {"com.docker.compose.project": "home", "com.docker.compose.service": raw["Name"].lstrip("/")}
            raw["Config"]["Labels"] = labels
        self.inspected("gluetun")["Config"]["Env"] = [*pia, "SERVER_REGIONS=Panama", *IN_ENVIRONMENTS]
        self.inspected("wireguard")["Config"]["Env"] = ["LOG_CONFS=false"]
        self.state.mkdir()
        self.beat()
        self.port_file.parent.mkdir()
        self.port_file.write_text(str(PORT))
        os.utime(self.port_file, ns=(hour_ago + 10**9, hour_ago + 10**9))
        make_folder(self.wireguard, ["phone"], dns=ADGUARD_IP, endpoint=ENDPOINT)
        for picture in self.wireguard.rglob("*.png"):
            picture.chmod(0o600)
        key = (self.wireguard / "peer_phone" / "publickey-peer_phone").read_text().strip()
        self.program("grep", f"/bin/cat <<'END'\n{LISTENS}END")
        self.program(
            "wg",
            f"""case $3 in
allowed-ips) echo "{key}\t10.13.13.2/32";;
endpoints) echo "{key}\t{SEEN_AT}";;
latest-handshakes) echo "{key}\t{int(time.time())}";;
*) exit 1;;
esac""",
        )

    def program(self, name: str, script: str) -> None:
        """Make a program that the containers can run."""
        file = self.engine.programs / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def _note(self, target: FakeGluetun | FakeQBittorrent, ask: Ask) -> Any:
        self.asks.append(ask)
        return target.answer(ask)


def assert_only_read(part: FakeHome) -> None:
    """Only GETs, one login, and commands that only read inside of a container."""
    commands = [" ".join(command) for command in part.engine.commands]
    assert {command.split()[0] for command in commands} == {"grep", "sh"}
    for command in commands:
        if not command.startswith("grep -hs "):
            assert "wg show" in command
        assert not [
            word for word in ("dump", "private", "showconf", "setconf", "syncconf", ">", "quick") if word in command
        ]
    starts = [write for write in part.writes if "/exec" in write]
    assert len(starts) == 2 * len(commands)
    assert [write for write in part.writes if "/exec" not in write] == ["POST /api/v2/auth/login"]


@contextmanager
def fake_home(folder: Path, others: int = 0) -> Iterator[FakeHome]:
    """A fake home for the time of a block."""
    with ExitStack() as stack:
        yield FakeHome(folder, stack, others)
