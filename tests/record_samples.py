"""Record tests/samples/ from real parts: `python -m tests.record_samples`. For root; they are in .ci/run."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import tempfile
import threading
from contextlib import suppress
from os import kill
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError

from handlers.wireguard import watch as wireguard_watch
from hooks.config.settings import Settings
from hooks.events.catalogue import Event
from hooks.events.jsonl import dumps, from_docker
from hooks.sources.polling import PollingSource
from tests.parts.docker.dockerd import IMAGE, Dockerd
from tests.parts.docker.on_engine import now
from tests.parts.places import SAMPLES
from tests.parts.targets.wireguard import CLIENT, INTERFACE, ROUTER, SERVER, SERVER_AT_HOME, container, host
from tests.parts.targets.wireguard_folder import make_folder, server_key

_WAIT_S = 20.0


class Recording:
    """The raw events of an engine, as they come."""

    def __init__(self, client: docker.APIClient) -> None:
        self._stream = client.events()
        self._heard = threading.Condition()
        self.lines: list[dict[str, Any]] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def until(self, kind: str) -> None:
        """Return when an event that is of this type of ours has come."""
        with self._heard:
            if not self._heard.wait_for(lambda: kind in self.by_type(), _WAIT_S):
                raise TimeoutError(f"the engine told no {kind}: {sorted(self.by_type())}")

    def by_type(self) -> dict[str, list[dict[str, Any]]]:
        """The raw events by our type."""
        found: dict[str, list[dict[str, Any]]] = {}
        for raw in self.lines:
            event = from_docker(raw)
            if event:
                found.setdefault(event.type, []).append(raw)
        return found

    def stop(self) -> None:
        """Close the stream."""
        self._stream.close()

    def _listen(self) -> None:
        for chunk in self._stream:
            with self._heard:
                self.lines += [json.loads(line) for line in chunk.splitlines()]
                self._heard.notify_all()


def main() -> int:
    """Let everything happen once and write what was heard, a file for each type."""
    program = shutil.which("dockerd", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        sys.stderr.write("dockerd is not installed: apt-get install docker.io busybox-static\n")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        engine = Dockerd(program, Path(folder))
        engine.start()
        try:
            engine.import_image()
            _write(engine, _record(engine))
            _write_peers(_record_peers(engine, Path(folder)))
        finally:
            engine.stop()
    return 0


def _record(engine: Dockerd) -> dict[str, list[dict[str, Any]]]:
    client = engine.client()
    heard = Recording(client)
    for act in (_images, _networks, _volumes, _life, _health, _inside, _memory):
        act(engine, client, heard)
    kill(engine.pid, signal.SIGHUP)
    heard.until("daemon.reload")
    heard.stop()
    client.close()
    return heard.by_type()


def _images(engine: Dockerd, client: docker.APIClient, heard: Recording) -> None:
    client.tag(IMAGE, "sample", "one")
    archive = b"".join(client.get_image("sample:one"))
    client.remove_image("sample:one")
    client.load_image(archive)
    client.prune_images()
    engine.run("made", labels={"com.docker.compose.service": "made", "com.docker.compose.project": "home"})
    client.commit("made", "sample", "two")
    client.remove_image("sample:two")
    engine.import_image()  # once more, so that the import itself is heard
    heard.until("image.import")
    heard.until("image.delete")


def _networks(engine: Dockerd, client: docker.APIClient, heard: Recording) -> None:
    client.create_network("sample-lan", driver="bridge", internal=True)
    engine.run("neighbour", network="sample-lan")
    client.disconnect_container_from_network("neighbour", "sample-lan")
    client.connect_container_to_network("neighbour", "sample-lan")
    engine.remove("neighbour")
    client.remove_network("sample-lan")
    client.prune_networks()
    heard.until("network.prune")


def _volumes(engine: Dockerd, client: docker.APIClient, heard: Recording) -> None:
    client.create_volume("sample-data")
    engine.run("keeper", host={"binds": ["sample-data:/data"]}, volumes=["/data"])
    engine.remove("keeper")
    client.remove_volume("sample-data")
    client.prune_volumes()
    heard.until("volume.prune")


def _life(engine: Dockerd, client: docker.APIClient, heard: Recording) -> None:
    engine.run("web", labels={"com.docker.compose.service": "web", "com.docker.compose.project": "home"})
    client.pause("web")
    client.unpause("web")
    client.update_container("web", cpu_shares=512)
    client.top("web")
    client.resize("web", 24, 80)
    client.rename("web", "shop")
    client.restart("shop", timeout=0)
    client.stop("shop", timeout=0)
    for _ in client.export("shop"):
        break
    client.start("shop")
    client.kill("shop")
    client.wait("shop")
    client.prune_containers()
    heard.until("container.prune")


def _health(engine: Dockerd, client: docker.APIClient, heard: Recording) -> None:
    engine.run("gluetun", healthcheck=engine.health())
    heard.until("container.unhealthy")
    engine.shell("gluetun", "touch /ok")
    heard.until("container.healthy")
    engine.remove("gluetun")


def _inside(engine: Dockerd, client: docker.APIClient, heard: Recording) -> None:
    engine.run("box", "cat", stdin_open=True, tty=True)
    engine.shell("box", "true")
    client.attach_socket("box", params={"stdin": 1, "stream": 1}).close()
    heard.until("container.attach")
    heard.until("container.exec_die")
    engine.remove("box")


def _memory(engine: Dockerd, client: docker.APIClient, heard: Recording) -> None:
    engine.run("greedy", "tail /dev/zero", host={"mem_limit": "8m", "oom_kill_disable": False})
    heard.until("container.oom")
    with suppress(APIError):
        client.kill("greedy")


def _record_peers(engine: Dockerd, folder: Path) -> list[Event]:
    """A device that comes, comes home and is taken out, seen through a real tunnel in a container."""
    config, told = make_folder(folder / "config", ["iphone"], endpoint=f"{SERVER}:51820"), list[Event]()
    ctx = now(engine, settings=Settings(wireguard_dir=str(config)), timeout_s=_WAIT_S)
    looks = PollingSource("wireguard", lambda: wireguard_watch.states(ctx), told.append, every_s=60.0)
    with (
        container(engine, config, folder / "wireguard-go.log") as server,
        host(folder / "device", folder / "device-confs") as device,
    ):
        server.join(device, (SERVER, SERVER_AT_HOME), (CLIENT, ROUTER))
        server.start(INTERFACE, "10.13.13.1/24")
        device.start(config / "peer_iphone/peer_iphone.conf", "10.13.13.2/24")
        looks.poll_now()
        for end in (SERVER, SERVER_AT_HOME):
            device.run("wg", "set", INTERFACE, "peer", server_key(config), "endpoint", f"{end}:51820")
            device.reaches("10.13.13.1")
            looks.poll_now()
        server.run("wg", "set", INTERFACE, "peer", *server.wg("allowed-ips"), "remove")
        looks.poll_now()
    return told


def _write_peers(told: list[Event]) -> None:
    folder = SAMPLES / "wireguard"
    folder.mkdir(exist_ok=True)
    for event in told:
        (folder / f"{event.type}.jsonl").write_text(dumps(event) + "\n")
    sys.stdout.write(f"{len(told)} types in {SAMPLES.name}/{folder.name}/\n")


def _write(engine: Dockerd, events: dict[str, list[dict[str, Any]]]) -> None:
    for old in SAMPLES.glob("*.jsonl"):
        if "tests/record_samples.py" in old.read_text().partition("\n")[0]:  # one that was recorded by hand stays
            old.unlink()
    client = engine.client()
    told = client.version()
    client.close()
    head = {"//": "recorded by tests/record_samples.py", "engine": told["Version"], "api": told["ApiVersion"]}
    for raw in events.get("daemon.reload", ()):
        raw["Actor"]["Attributes"]["name"] = "home"  # else the name of the computer it was recorded on
    for kind, raws in sorted(events.items()):
        text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in (head, *raws[:3]))
        (SAMPLES / f"{kind}.jsonl").write_text(text)
    sys.stdout.write(f"{len(events)} types in {SAMPLES.name}/\n")


if __name__ == "__main__":
    sys.exit(main())
