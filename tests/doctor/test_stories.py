"""The doctor at each moment of the stories that a real gluetun told: every finding is held against what was so then.

stories.jsonl is the recording of gluetun 3.40.4, 3.41.3 and master, cut down to what a container or a file became:
[seconds, who, what]. The rest follows from it as on the real server: who is reached, who has a tunnel and a port.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from hooks.config.settings import Settings
from hooks.doctor.checks.check import Finding
from hooks.doctor.examine import examine
from hooks.doctor.facts import docker as docker_facts
from hooks.doctor.facts.model import Gluehook, Gluetun, QBittorrent, Refusal, Server, Unread
from hooks.doctor.status.rows import rows
from hooks.world.model import PortFile
from tests.parts.values.server_facts import GLUETUN_ENV, PREFERENCES, TUNNEL_IP, USES, container, docker

BEGAN_S = 1_800_000_000.0
STORIES = [json.loads(line) for line in Path(__file__).with_name("stories.jsonl").read_text("utf-8").splitlines()]
SETTLED_S = 30.0
_SILENT = Unread("cannot be reached: it does not answer")


@dataclass
class One:
    """A container at one moment. Times are seconds since the story began."""

    number: int = 0  # of its re-creations: its id
    running: bool = True
    started: float = -3600.0
    ended: float = 0.0
    health: str = ""
    joins: int = 0  # the number of the gluetun whose network it has
    exit_code: int = 0


@dataclass
class Moment:
    """What was so at one moment of a story."""

    story: str
    containers: dict[str, One] = field(default_factory=dict)
    now: float = 0.0
    ip: str = "203.0.113.9"
    file: str = "40001"
    written: float = -1000.0
    held: int = 40001  # the port that gluetun has
    set_port: int = 40001  # qBittorrent's
    applied: float = -1000.0  # which version of the file gluehook has used

    def turn(self, at: float, who: str, what: str, *more: int) -> None:
        """Something happens."""
        self.now = at
        if who == "ip":
            self.ip = what
            self.held = self.held if what else 0
        elif who == "forwarded_port":
            self.file, self.written = what, at
            self.held = int(what.partition("\n")[0]) if what else 0
        else:
            self._container(who, what, *more)
        self._gluehook_acts()

    def _container(self, who: str, what: str, code: int = 0) -> None:
        one = self.containers.get(who)
        if what == "destroy":
            self.containers.pop(who, None)
        elif what in ("create", "rename"):
            if what == "create" or who in self.containers:
                number = (one.number if one else 0) + (10 if who == "gluetun" else 1)
                gluetun = self.containers.get("gluetun")
                self.containers[who] = One(number, running=False, started=0.0, joins=gluetun.number if gluetun else -1)
        elif one and what == "start":
            one.running, one.started, one.health = True, self.now, "starting" if who == "gluetun" else ""
        elif one and what == "die":
            # an inspect keeps a health after the end, and the recording says which
            one.running, one.ended, one.health, one.exit_code = False, self.now, "unhealthy", code
            if who == "gluetun":
                self.held = 0
        elif one and what in ("healthy", "unhealthy"):
            one.health = what

    def _gluehook_acts(self) -> None:
        if self.is_up("gluehook") and self.held and self.reaches_torrent:
            self.set_port, self.applied = self.held, self.written

    def is_up(self, name: str) -> bool:
        """Whether a container runs."""
        return name in self.containers and self.containers[name].running

    @property
    def joined(self) -> bool:
        """Whether qBittorrent names the gluetun that is there."""
        gluetun, torrent = self.containers.get("gluetun"), self.containers.get("qbittorrent")
        return bool(gluetun and torrent and torrent.joins == gluetun.number)

    @property
    def reaches_torrent(self) -> bool:
        """Whether its Web UI is reached."""
        gluetun, torrent = self.containers.get("gluetun"), self.containers.get("qbittorrent")
        if not gluetun or not torrent or not (gluetun.running and torrent.running and self.joined):
            return False
        return torrent.started > gluetun.started

    @property
    def crashed(self) -> bool:
        """Whether the VPN has crashed, and not only restarts."""
        return self.story.startswith("VPN crashes") and not self.ip

    def server(self) -> Server:
        """The facts at this moment."""
        engine = docker(*(self._made(name, one) for name, one in self.containers.items()))
        earlier = {"gluetun": [f"gluetun-{n}" for n in range(0, 40, 10)]}
        dependents, orphans = docker_facts.dependents(engine, "gluetun", earlier)
        up = self.is_up("gluehook") or "gluehook" not in self.containers
        generation = f"{self.written}-1" if self.file or self.written > -1000 else ""
        return Server(
            Settings(forwarded_port_source="file"), BEGAN_S + self.now, self._gluehook(up=up), engine,
            dependents=dependents, orphans=orphans,
            port_file=PortFile(tuple(map(int, self.file.split())), "", generation, int((BEGAN_S + self.written) * 1e9)),
            gluetun=self._control(), qbittorrent=self._torrent(), uses=USES,
            applied={"generation": f"{self.applied}-1", "port": self.set_port},
        )  # fmt: skip

    def _gluehook(self, *, up: bool) -> Gluehook:
        return Gluehook(up, ("healthy: 4 rules in force",) if up else ("no heartbeat at /x: gluehook is not running",))

    def _made(self, name: str, one: One) -> Any:
        network = f"container:gluetun-{one.joins}" if name == "qbittorrent" else "home"
        labels = {"com.docker.compose.depends_on": "gluetun:service_started:true"} if name == "qbittorrent" else {}
        made = container(name, network=network, running=one.running, health=one.health, labels=labels,
                         environment=GLUETUN_ENV if name == "gluetun" else {})  # fmt: skip
        started_at = int((BEGAN_S + one.started) * 1e9) if one.started else 0
        ended_at = int((BEGAN_S + one.ended) * 1e9) if one.ended else 0
        return replace(
            made, id=f"{name}-{one.number}", started_at=started_at, finished_at=ended_at, exit_code=one.exit_code
        )

    def _control(self) -> Gluetun | Refusal | Unread | None:
        gluetun = self.containers.get("gluetun")
        if gluetun is None:
            return None
        if not gluetun.running or self.now - gluetun.started < 0.3:
            return _SILENT
        if self.story.startswith("basic auth"):
            return Refusal("closed", "gluetun answers 401")
        return Gluetun("crashed" if self.crashed else "running", self.ip, "Panama" if self.ip else "", self.held)

    def _torrent(self) -> QBittorrent | Unread | None:
        if not self.reaches_torrent:
            return None if "qbittorrent" not in self.containers else _SILENT
        interfaces = ("lo", "eth0", "tun0") if self.ip else ("lo", "eth0")
        tunnel = (TUNNEL_IP,) if self.ip else ()
        return QBittorrent({**PREFERENCES, "listen_port": self.set_port}, "firewalled", interfaces, tunnel, tunnel)


def first(story: Mapping[str, Any]) -> Moment:
    """How things were before the story."""
    moment = Moment(story["story"])
    for name in ("gluetun", "qbittorrent", "gluehook"):
        events = [row[2] for row in story["rows"] if row[1] == name]
        if events[:1] != ["create"]:
            runs = events[:1] != ["start"]
            began = -3600.0 if name == "gluetun" else -3000.0
            health = "healthy" if name == "gluetun" else ""
            if name == "gluetun" and events[:1] == ["healthy"] and "die" not in events:
                moment.ip, moment.file, moment.held, health = "", "", 0, "unhealthy"
            moment.containers[name] = One(running=runs, started=began, ended=0.0 if runs else -60.0, health=health)
    if "gluetun" not in moment.containers:
        moment.ip, moment.file, moment.held = "", "", 0
    return moment


def moments(story: Mapping[str, Any]) -> Iterator[Moment]:
    """The instants after each change, and long after it where nothing else happens meanwhile.

    What changes within 50 ms is one moment: to read a server takes longer.
    """
    moment, lines = first(story), story["rows"]
    for n, row in enumerate(lines):
        moment.turn(*row)
        following = lines[n + 1][0] if n + 1 < len(lines) else row[0] + 120
        for later in (0.05, 1.0, 10.0, 31.0, 60.0):
            if row[0] + later < following:
                moment.now = row[0] + later
                yield moment


def without_port(moment: Moment) -> bool:
    """gluetun runs, and has had no port for long enough to say so."""
    return moment.is_up("gluetun") and not moment.held and moment.now - moment.written >= SETTLED_S


def holder_is_down(moment: Moment) -> bool:
    """qBittorrent has no network, because gluetun does not run."""
    return "gluetun" in moment.containers and not moment.is_up("gluetun")


def is_stale(moment: Moment) -> bool:
    """qBittorrent runs in the network from before gluetun's last start."""
    gluetun, torrent = moment.containers.get("gluetun"), moment.containers.get("qbittorrent")
    return bool(gluetun and torrent and moment.joined and torrent.started < gluetun.started)


TRUTH: Mapping[str, Callable[[Moment, Finding], bool]] = {
    "container-down": lambda moment, found: not moment.is_up(found.about),
    "dependent-waiting": lambda moment, _: holder_is_down(moment),
    "dependent-stale": lambda moment, _: is_stale(moment),
    "dependent-elsewhere": lambda moment, _: not moment.joined,
    "orphaned": lambda moment, _: "gluetun" not in moment.containers,
    "gluehook-unwell": lambda moment, _: not moment.is_up("gluehook"),
    "tunnel-down": lambda moment, _: moment.crashed,
    "gluetun-unhealthy": lambda moment, _: (
        moment.is_up("gluetun") and moment.containers["gluetun"].health == "unhealthy"
    ),
    "tunnel-without-port": lambda moment, _: bool(moment.ip) and without_port(moment),
    "port-missing": lambda moment, _: without_port(moment),
    "port-file-stale": lambda moment, _: bool(moment.file) and not moment.held,
    "control-server-closed": lambda moment, _: moment.story.startswith("basic auth"),
    # these are only ever consequences in these stories: no address, setting or program was wrong
    "web-ui-silent": lambda moment, found: bool(found.causes) and not moment.reaches_torrent,
    "control-server-silent": lambda _, found: bool(found.causes),
    "interface-missing": lambda moment, found: bool(found.causes) and not moment.ip,
    "nothing-listens": lambda moment, found: bool(found.causes) and not moment.ip,
    "port-differs": lambda moment, found: bool(found.causes) and not moment.is_up("gluehook"),
    "relisten-owed": lambda moment, found: bool(found.causes) and not moment.is_up("gluehook"),
}
"""By the check: whether its finding is true at that moment. Any other finding is false."""


@pytest.mark.parametrize("story", STORIES, ids=[f"{n}-{story['story'][:40]}" for n, story in enumerate(STORIES)])
def test_every_finding_at_every_moment_is_true(story: Mapping[str, Any]) -> None:
    for moment in moments(story):
        server = moment.server()
        wrong = [one for one in examine(server) if not TRUTH.get(one.check, lambda *_: False)(moment, one)]
        assert wrong == [], f"at {moment.now} s: {moment}"
        assert not [row for row in rows(server) if row.part == "namespace" and row.state == "well" and (
            holder_is_down(moment) or is_stale(moment) or not moment.joined)], f"at {moment.now} s"  # fmt: skip


CAUSES = [
    ("docker restart gluetun", 0.3, ["container-down"]),
    ("docker restart gluetun", 3.0, ["dependent-stale"]),
    ("docker restart gluetun", 20.0, []),
    ("kill -9 of gluetun's process", 0.3, ["container-down"]),
    ("kill -9 of gluetun's process", 70.0, ["tunnel-without-port"]),
    ("re-creation of gluetun (new container id)", 0.22, ["orphaned"]),
    ("re-creation of gluetun (new container id)", 50.0, ["dependent-elsewhere"]),
    ("owner re-creates qbittorrent", 5.0, []),
    ("VPN crashes", 5.0, ["tunnel-down"]),
    ("owner: docker stop gluetun; start again", 10.0, ["container-down"]),
    ("gluetun in its own restart loop", 20.0, ["gluetun-unhealthy"]),
    ("gluehook is down; gluetun restarts with another port", 6.0, ["gluehook-unwell", "dependent-stale"]),
    ("gluehook is down; VPN restarted, same port", 2.0, ["gluehook-unwell"]),
    ("basic auth", 50.0, ["control-server-closed"]),
    ("port lost: gateway refuses at renewal", 30.0, []),
    ("port lost: gateway refuses at renewal", 65.0, ["tunnel-without-port"]),
    ("gluehook first (no gluetun, no port file)", 5.0, []),
    ("gluehook first (no gluetun, no port file)", 25.0, []),
]


@pytest.mark.parametrize(("name", "at", "causes"), CAUSES)
def test_the_causes_at_a_moment(name: str, at: float, causes: list[str]) -> None:
    story = next(one for one in STORIES if one["story"].startswith(name))
    moment = first(story)
    for row in story["rows"]:
        if row[0] <= at:
            moment.turn(*row)
    moment.now = at
    assert [one.check for one in examine(moment.server()) if not one.causes] == causes
