"""What conditions (`only_if`) are judged by in the running gluehook: what is known, or what is read anew."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hooks.engine.runs import Run
from hooks.events.catalogue import Event
from hooks.events.wall_clock import local_offset_s
from hooks.rules.conditions import PortIs
from hooks.rules.facts import ABSENT, Seen, standing
from hooks.rules.time_windows import Clock
from hooks.rules.verdicts import Verdict, each, judge, watches
from hooks.sources.confirmation import Confirmation
from hooks.world.model import World

LOOK_AGAIN_S = 60.0  # conditions that do not hold are judged again: a clock may have been set, an event missed
_REACH = "qbittorrent"  # the source that polls whether peers reach a client


@dataclass(frozen=True, slots=True)
class WorldFacts:
    """The facts of one instant. What cannot be seen then is not known."""

    world: World
    clock: Clock
    sees_docker: bool
    sees_port: bool
    polled: Sequence[Event] | None  # what the last poll of torrent clients found

    def seen(self, name: str) -> Seen | None:
        """What the container of this name is."""
        if not self.sees_docker:
            return None
        one = self.world.containers.get(name)
        return standing(running=one.running, paused=one.paused, health=one.health) if one else ABSENT

    def of_role(self, role: str) -> Sequence[str] | None:
        """The names of the containers that have this role."""
        return self.world.roles.get(role, ()) if self.sees_docker else None

    def port(self, gluetun: str) -> bool | None:
        """Whether this gluetun forwards a port, "" for the main one."""
        return self.world.port_of(gluetun or self.world.gluetun).port is not None if self.sees_port else None

    def reach(self, gluetun: str) -> bool | None:
        """Whether peers reach a torrent client on that port."""
        if self.polled is None:
            return None
        whose = gluetun or self.world.gluetun
        return any(one.type == "port.open" and one.data.get("gluetun", whose) == whose for one in self.polled)


@dataclass(frozen=True, slots=True)
class ConditionFacts(Confirmation):
    """What is known, and the sources that can be read again."""

    def now(self) -> WorldFacts:
        """What is known now. Reads nothing."""
        polled = [event for event, _ in self.polls.states(_REACH)] if self.polls.sees(_REACH) else None
        clock = Clock(time.time(), local_offset_s)
        port_is_read = not self.tracker.port_is_remembered
        return WorldFacts(self.tracker.world, clock, self.docker.connected, port_is_read, polled)

    def judge_anew(self, run: Run) -> Verdict:
        """Whether the conditions of the run hold, by a fresh reading. Any thread may call it."""
        only_if, event = run.rule.only_if, run.event
        names = self._names(run)
        sees_docker = not names or self.docker.inspect_again(names)
        sees_port = self._read_port(run)
        facts = self.now()
        return judge(only_if, replace(facts, sees_docker=sees_docker, sees_port=facts.sees_port and sees_port), event)

    def _names(self, run: Run) -> set[str]:
        """The containers that the conditions depend on."""
        found = set[str]()
        for what, name in watches(run.rule.only_if, run.event):
            found |= set(self.tracker.world.roles.get(name, ())) if what == "role" else {name} - {""}
        return found

    def _read_port(self, run: Run) -> bool:
        standings = {one.standing for one in each(run.rule.only_if) if isinstance(one, PortIs)}
        gluetun = str(run.event.data.get("gluetun") or self.tracker.world.gluetun)
        if "open" in standings:
            self.polls.poll_now([Event("poll", gluetun, 0, _REACH)])  # one that fails is not seen any more
        if "forwarded" not in standings:
            return True
        asked = [Event("poll", gluetun, 0, f"api:{gluetun}")]
        return self.files.read_again({gluetun}) and self.port_apis.poll_now(asked)
