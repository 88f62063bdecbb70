"""A home server's journal: containers that die and are restarted, each with its event, its run and two steps."""

from __future__ import annotations

import hashlib

from hooks.engine.runs import Result, Run
from hooks.events.catalogue import Event
from hooks.journal.records import Accepted, Began, Ended, StepDone
from hooks.journal.store import Record
from hooks.rules.table import Rule

_SINCE_NS = 1_767_225_600 * 10**9
_RULE = Rule("restart-web", (), ())


def die(number: int) -> Event:
    """One of twenty containers of a compose project ends, with the labels that compose gives it."""
    name, at = f"web-{number % 20}", _SINCE_NS + number * 123_456_789
    ident = _hex("id", name, number // 200)
    labels = {
        "com.docker.compose.config-hash": _hex("config", name), "com.docker.compose.container-number": "1",
        "com.docker.compose.depends_on": "gluetun:service_healthy:true",
        "com.docker.compose.image": f"sha256:{_hex('image', name)}", "com.docker.compose.oneoff": "False",
        "com.docker.compose.project": "home", "com.docker.compose.project.config_files": "/srv/home/compose.yaml",
        "com.docker.compose.project.working_dir": "/srv/home", "com.docker.compose.service": name,
        "com.docker.compose.version": "2.27.1", "org.opencontainers.image.source": f"https://example.org/{name}",
        "org.opencontainers.image.version": "1.27.0",
    }  # fmt: skip
    data = {"container": name, "id": ident, "image": "nginx:1.27", "labels": labels, "service": name,
            "project": "home", "exit_code": 137}  # fmt: skip
    return Event("container.die", name, at, "docker", data=data, id=f"{at}-{ident[:12]}-die")


def one_more(number: int) -> list[Record]:
    """An event that is accepted, handled in two steps, and settled."""
    event = die(number)
    name, now = event.subject, event.time / 1e9
    run = Run(f"{_RULE.name}/{name}#{number + 1}", _RULE, name, event)
    told = (f"{name} was restarted and is healthy after 3.2 s", "told ntfy://ntfy.example.org")
    steps = (
        {"use": "containers.restart", "status": "changed", "said": told[0], "at": round(now + 0.004, 6),
         "took_s": 3.204, "saw": [f"{name} is exited, exit code 137"]},
        {"use": "notify.send", "status": "changed", "said": told[1], "at": round(now + 3.211, 6), "took_s": 0.307},
    )  # fmt: skip
    return [
        Accepted(event, ((_RULE.name, name),)),
        Began(run, now),
        *(StepDone(run.id, place, step, changed=True, said=str(step["said"])) for place, step in enumerate(steps, 1)),
        Ended(run, Result("changed", "; ".join(told)), now + 3.2),
    ]


def _hex(*what: object) -> str:
    return hashlib.sha256(repr(what).encode()).hexdigest()
