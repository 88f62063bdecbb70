"""Two computers and a wire between them: network namespaces, with wireguard-go on a tunnel device in each."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.parts.docker.dockerd import Dockerd
from tests.parts.programs import require

INTERFACE = "wg0"
SERVER, CLIENT = "192.0.2.1", "192.0.2.2"  # on the wire
SERVER_AT_HOME, ROUTER = "192.168.1.10", "192.168.1.1"  # the same two ends, as a home network shows them
_WAIT_S = 10.0
_READY = b"UAPI listener started"


class Host:
    """A computer with a network and files of its own: that of the process `pid`, until `stop`."""

    def __init__(self, pid: int, log: Path) -> None:
        self.pid, self.log = pid, log
        self._tunnels: list[subprocess.Popen[bytes]] = []

    def inside(self, argv: Sequence[str]) -> tuple[int, str]:
        """Run a program there: its exit code, and all that it said."""
        out, err = subprocess.PIPE, subprocess.STDOUT
        argv = self._argv("--pid", *argv)  # without it /proc/self, and so /dev/stdin, would lead nowhere
        ran = subprocess.run(argv, stdout=out, stderr=err, text=True, check=False, timeout=_WAIT_S)
        return ran.returncode, ran.stdout

    def run(self, *argv: str) -> str:
        """As `inside`, for what must go well."""
        code, said = self.inside(argv)
        assert code == 0, f"{' '.join(argv)}: {said}"
        return said

    def reaches(self, address: str, wait_s: int = 5) -> bool:
        """Whether an answer comes back from there in that time."""
        code, _ = self.inside([require("busybox", "busybox-static"), "ping", "-c", "1", "-W", str(wait_s), address])
        return code == 0

    def wg(self, *what: str) -> dict[str, str]:
        """A column of `wg show wg0`: public key -> value."""
        lines = self.run("wg", "show", INTERFACE, *what).splitlines()
        return dict(line.split("\t", 1) for line in lines)

    def start(self, conf: Path | str, address: str) -> None:
        """Make the tunnel of this file, as wg-quick would, but for what a namespace has no use for: DNS and rules."""
        self._wireguard_go()
        self.run("bash", "-c", f"set -o pipefail; wg-quick strip '{conf}' | wg setconf {INTERFACE} /dev/stdin")
        self.run("ip", "address", "add", address, "dev", INTERFACE)
        self.run("ip", "link", "set", INTERFACE, "up")

    def join(self, other: Host, here: Sequence[str], there: Sequence[str], wire: str = "wire") -> None:
        """Put a wire between the two; these are the addresses of its ends."""
        # from outside: a container's /proc does not show the other's process
        here_only = ["nsenter", "--net", "--target", str(self.pid), require("ip", "iproute2")]
        pair = ["link", "add", wire, "type", "veth", "peer", "name", wire, "netns", str(other.pid)]
        subprocess.run([*here_only, *pair], check=True, timeout=_WAIT_S)
        for host, addresses in ((self, here), (other, there)):
            for address in addresses:
                host.run("ip", "address", "add", f"{address}/24", "dev", wire)
            host.run("ip", "link", "set", wire, "up")

    def stop(self) -> None:
        """End the tunnels."""
        while self._tunnels:
            tunnel = self._tunnels.pop()
            tunnel.send_signal(signal.SIGTERM)
            tunnel.wait(_WAIT_S)
        self.log.write_text("")

    def initiations(self) -> int:
        """How many handshakes this end has begun: one for each session."""
        return self.log.read_text().count("Sending handshake initiation")

    def _wireguard_go(self) -> None:
        with self.log.open("ab") as log:
            argv = self._argv(require("wireguard-go", "wireguard-go"), "--foreground", INTERFACE)
            quiet = {**os.environ, "LOG_LEVEL": "verbose", "WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD": "1"}
            tunnel = subprocess.Popen(argv, stdout=log, stderr=log, env=quiet)
        self._tunnels.append(tunnel)
        for _ in range(int(_WAIT_S / 0.01)):
            if _READY in self.log.read_bytes():
                return
            with suppress(subprocess.TimeoutExpired):
                tunnel.wait(0.01)
                break
        raise RuntimeError(self.log.read_text(errors="replace"))

    def _argv(self, *argv: str) -> list[str]:
        return [require("nsenter", "util-linux"), "--net", "--mount", "--target", str(self.pid), *argv]


def require_tunnels() -> None:
    """Skips where no tunnel can be made."""
    for program, package in (("wg", "wireguard-tools"), ("wireguard-go", "wireguard-go"), ("ip", "iproute2")):
        require(program, package)
    if os.geteuid() != 0 or not Path("/dev/net/tun").exists():
        pytest.skip("network namespaces with tunnel devices need root and /dev/net/tun")


@contextmanager
def host(folder: Path, confs: Path) -> Iterator[Host]:
    """A computer whose /etc/wireguard is `confs`. It lasts at most as long as the test's own process."""
    folder.mkdir()
    confs.mkdir(exist_ok=True)
    script = (
        "mkdir -p /run/wireguard /etc/wireguard && mount -t tmpfs none /run/wireguard && "  # else both had one wg0.sock
        f"mount --bind '{confs}' /etc/wireguard && ip link set lo up && echo ready && exec cat"
    )
    pipe = subprocess.PIPE
    argv = [require("unshare", "util-linux"), "--net", "--mount", "sh", "-c", script]
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe) as holder:  # cat ends with its input
        assert holder.stdout
        assert holder.stdout.readline() == b"ready\n"
        made = Host(holder.pid, folder / "wireguard-go.log")
        try:
            yield made
        finally:
            made.stop()


@contextmanager
def two_hosts(folder: Path, confs: Path) -> Iterator[tuple[Host, Host]]:
    """A server, whose /etc/wireguard is `confs`, and a client, joined by a wire. Skips where that cannot be made."""
    require_tunnels()
    with host(folder / "server", confs) as server, host(folder / "client", folder / "client-confs") as client:
        server.join(client, (SERVER, SERVER_AT_HOME), (CLIENT, ROUTER))
        yield server, client


@contextmanager
def container(engine: Dockerd, folder: Path, log: Path) -> Iterator[Host]:
    """A running container "wireguard" as linuxserver's, with this folder at /config and this machine's programs."""
    require_tunnels()
    programs = [f"{place}:{place}:ro" for place in ("/usr", "/lib", "/lib64") if Path(place).exists()]
    binds = [*programs, "/usr/bin/bash:/bin/bash:ro", f"{folder}:/config", f"{folder}/wg_confs:/etc/wireguard"]
    engine.run("wireguard", host={"binds": binds, "cap_add": ["NET_ADMIN"], "devices": ["/dev/net/tun"]})
    with closing(engine.client()) as client:
        made = Host(client.inspect_container("wireguard")["State"]["Pid"], log)
    try:
        yield made
    finally:
        made.stop()
        engine.remove("wireguard")
