"""The fields of events: the type of each, and what it holds. hooks/events/catalogue.py says which event has which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an event: its type, what it holds, and whether an entry of `on` must name it.

    `values` is the type of what a dict holds; object for any JSON value, also tables.
    """

    type: type
    says: str
    needed: bool = False
    values: Any = str


FIELDS: Mapping[str, Field] = {
    "container": Field(
        str, "the container's name; of a port gluetun's, and where peers reach it or not, qBittorrent's"
    ),
    "id": Field(str, "Docker's whole id of it"),
    "image": Field(str, "the image's name"),
    "service": Field(str, "its name in a compose file; absent without one"),
    "project": Field(str, "its compose project; absent without one"),
    "role": Field(
        str, "which program it is: gluetun, qbittorrent, transmission, deluge, adguard or wireguard; absent for others"
    ),
    "gluetun": Field(str, "the gluetun that it is, or whose network it shares; absent where there is none"),
    "labels": Field(dict, 'its labels: labels = { "com.example.heal" = "yes" }'),
    "line": Field(
        str,
        "a line of its log, without time stamp, line end and colours, at most 16 KiB; a rule must say which, and a "
        "named group of its regex, (?P<user>…), is ${event.user}",
        needed=True,
    ),
    "stream": Field(str, "where it was written: stdout or stderr; with a terminal (tty) always stdout"),
    "exit_code": Field(int, "what its process answered: 0 is success, 137 is killed"),
    "signal": Field(int, "the signal's number: 15 is TERM, 9 is KILL"),
    "old_name": Field(str, "the name that it had"),
    "old_id": Field(str, "the id of the container that had this name"),
    "network": Field(str, "the network's name"),
    "ip": Field(str, "the address that it has now; of a peer, the one that it was last seen at, absent if never"),
    "old_ip": Field(str, "the address that it had"),
    "container_id": Field(str, "the id of the container that is connected, or that mounts it"),
    "driver": Field(str, "bridge, local, …"),
    "volume": Field(str, "the volume's name"),
    "destination": Field(str, "where it is mounted inside the container"),
    "daemon": Field(str, "the engine's name"),
    "port": Field(int, "gluetun's port, the first of several"),
    "ports": Field(list, "all its ports; ${event.ports.0} is the first, and none can be matched"),
    "old_port": Field(int, "the port before; absent if there was none"),
    "generation": Field(str, "changes whenever gluetun has its port anew, even the same one"),
    "reason": Field(str, "why, as a sentence"),
    "path": Field(str, "where it is, from / on; a rule must name it in full", needed=True),
    "size": Field(int, "in bytes"),
    "every": Field(str, 'how often: "5m", "1h30m"; a rule must say it', needed=True),
    "at": Field(str, 'the schedule: "0 4 * * sun"; a rule must say it', needed=True),
    "due": Field(str, "when it was due, on the local clock: 2026-12-06T04:00:00+01:00"),
    "late": Field(
        str,
        'why it comes later than it was due: "start" (gluehook did not run) or "sleep" (the machine slept, or its '
        "clock was set); absent on time",
    ),
    "peer": Field(str, "the peer's name: its folder is peer_NAME"),
    "address": Field(str, "its address in the tunnel"),
    "version": Field(str, "gluehook's"),
    "name": Field(
        str,
        "of a source: docker, files, logs, wireguard, qbittorrent, or api:NAME for the control server of the gluetun "
        "of that name; of a hook the NAME in its address",
    ),
    "json": Field(
        dict,
        "what the program has sent: json = { heartbeat = { status = 0 } }, ${event.json.heartbeat.status}",
        values=object,
    ),
    "query": Field(dict, 'what stood behind the ? of the address: query = { from = "kuma" }'),
    "file": Field(str, "the rules file"),
    "rules": Field(int, "how many rules are in it"),
    "errors": Field(int, "how many errors it has"),
    "rule": Field(str, "the rule's name"),
    "key": Field(str, "what the rule counts as the same thing"),
    "runs": Field(int, "how many runs its limit has counted"),
    "tries": Field(int, "the number of attempts: of the run; with rule.exhausted and rule.recovered, of the trouble"),
    "said": Field(str, "what the last attempt said of itself, as a sentence"),
    "run": Field(str, "the run's id, as in the log"),
    "handler": Field(str, "the step's handler"),
    "error": Field(str, "what went wrong, as a sentence"),
}
"""Every field of an event; a name means the same, and has the same type, in each event that has it."""
