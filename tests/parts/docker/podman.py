"""A private Podman service on a Docker socket, with the methods of `Dockerd`: its data and configuration are its own.

It runs as root and without systemd. Then no health check runs by itself, so this part asks for each one in turn.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from docker.errors import APIError
from requests.exceptions import RequestException

from tests.parts.docker.dockerd import Dockerd, _containers, _is_removed

# A sandbox without CAP_SYS_RESOURCE refuses the limits that Podman asks for (4.3 also where it is told others).
_RUNC = """\
#!/bin/sh
for word; do
  case $before in
    --bundle | -b) sed -i 's/"rlimits":\\[[^]]*\\]/"rlimits":[]/' "$word/config.json" ;;
    --process | -p) sed -i 's/"rlimits":\\[[^]]*\\]/"rlimits":[]/' "$word" ;;
  esac
  before=$word
done
exec {runc} "$@"
"""
# Podman asks at each /version which package it is of, which takes a second.
_NO_PACKAGES = "#!/bin/sh\nexit 1\n"
_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
_HEALTH_S = 0.1  # between two rounds of health checks
_CONFIGURATION = """
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
lock_type = "file"
{helpers}
{conmon}
[engine.runtimes]
runc = ["{runc}"]
[network]
network_backend = "netavark"
firewall_driver = "none"
network_config_dir = "{folder}/networks"
default_subnet_pools = [{{ base = "{net}.128.0/17", size = 24 }}]
"""


class Podman(Dockerd):
    """One service in one folder. Its containers outlive it, as Podman's do."""

    def __init__(self, program: str, folder: Path) -> None:
        super().__init__(program, folder)
        self._running = Path(tempfile.mkdtemp(prefix="gluehook-"))  # Podman 4 takes no path over 50 characters
        self._healthy: _HealthChecks | None = None

    def start(self) -> None:
        """Start the service and return when it answers."""
        super().start()
        self._healthy = _HealthChecks(self.socket)

    def stop(self) -> None:
        """End everything that was started here."""
        super().stop()
        shutil.rmtree(self._running, ignore_errors=True)

    def clear(self) -> None:
        """As it was at the start. Podman refuses to remove a container before those in its network."""
        self.mend()
        with self._client() as client:
            for _ in range(5):
                for name in _containers(client):
                    with suppress(APIError, RequestException):
                        _is_removed(client, name)
        super().clear()

    def _end(self, how: int) -> None:
        if self._healthy:
            self._healthy.stop()
        super()._end(how)  # type: ignore[arg-type]

    def _argv(self) -> list[str]:
        f = self.folder
        return [
            self._program, "--root", f"{f}/data", "--runroot", str(self._running), "--tmpdir", f"{self._running}/tmp",
            "system", "service", "--time=0", self.host,
        ]  # fmt: skip

    def _environment(self) -> dict[str, str]:
        f = self.folder
        (f / ".config/containers").mkdir(parents=True, exist_ok=True)
        (f / ".config/containers/policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
        configuration, runc, found = f / "containers.conf", f / "bin" / "runc", f / "bin" / "dpkg-query"
        runc.parent.mkdir(exist_ok=True)
        runc.write_text(_RUNC.format(runc=shutil.which("runc", path=_PATH)))
        found.write_text(_NO_PACKAGES)
        for program in (runc, found):
            program.chmod(0o755)
        helpers, conmon = os.environ.get("CONTAINERS_HELPERS"), shutil.which("conmon", path=_PATH)
        configuration.write_text(_CONFIGURATION.format(
            folder=f, net=self.net, runc=runc,
            helpers=f'helper_binaries_dir = ["{helpers}"]' if helpers else "",
            conmon=f'conmon_path = ["{conmon}"]' if conmon else "",
        ))  # fmt: skip
        return {
            **os.environ, "PATH": f"{f}/bin:{os.environ['PATH']}", "HOME": str(f),
            "CONTAINERS_CONF": str(configuration), "DISABLE_HC_SYSTEMD": "true",
            "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
        }  # fmt: skip


class _HealthChecks:
    """What systemd's timers do elsewhere: each health check, again and again."""

    def __init__(self, path: Path) -> None:
        self._path, self._over = path, threading.Event()
        self._thread = threading.Thread(target=self._run, name="health checks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask for no more."""
        self._over.set()
        self._thread.join(30)

    def _run(self) -> None:
        while not self._over.wait(_HEALTH_S):
            with suppress(OSError, ValueError, http.client.HTTPException):
                for one in self._ask("/v4.0.0/libpod/containers/json?all=false"):
                    self._ask(f"/v4.0.0/libpod/containers/{one['Id']}/healthcheck")

    def _ask(self, path: str) -> list[dict[str, str]]:
        connection = http.client.HTTPConnection("podman", timeout=20)
        connection.sock = socket.socket(socket.AF_UNIX)
        try:
            connection.sock.settimeout(20)
            connection.sock.connect(str(self._path))
            connection.request("GET", path)
            found = json.loads(connection.getresponse().read())
            return found if isinstance(found, list) else []
        finally:
            connection.close()
