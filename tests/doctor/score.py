"""`make doctor`: the doctor's score on random servers, well ones and ones with one planted fault each.

usage: python -m tests.doctor.score [--servers N] [--seed N]

Prints the seed, so that a run can be played again with `--seed`, and the time of an examination of 50 containers.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from hooks.doctor.checks.check import Finding
from hooks.doctor.examine import examine
from hooks.doctor.facts.model import Server
from tests.doctor.faults import FAULTS
from tests.doctor.random_servers import random_home

_NAMED = re.compile(r"^docker (?:restart|start|stop|unpause|logs --tail 50|inspect|exec) (\S+)")
_SERVICES = re.compile(r"^docker compose .* up -d(?: --force-recreate)? (.+)$")
_RULES = re.compile(r"\bthe rules? ([a-z][a-z0-9-]+)")
_URL = re.compile(r"_URL(?: at gluehook to|:| is then) http://([^:/\s]+)")


@dataclass
class Score:
    """What was found on random servers."""

    well: int = 0
    alarms: list[tuple[int, Finding]] = field(default_factory=list)  # with the server's seed
    planted: int = 0
    kinds: Counter[str] = field(default_factory=Counter)  # of planted faults
    missed: list[tuple[int, str, list[str]]] = field(default_factory=list)  # seed, check, the causes that were found
    wrong: list[tuple[int, str, str]] = field(default_factory=list)  # seed, check, what is not so on that server

    @property
    def first(self) -> float:
        """The share of planted faults that stood first."""
        return 1 - len(self.missed) / self.planted if self.planted else 0.0


def play(score: Score, seed: int) -> None:
    """One well server, and the same one with one fault of each kind in turn."""
    score.well += 1
    score.alarms += [(seed, finding) for finding in examine(random_home(Random(seed)).server())]
    checks = list(FAULTS)
    check = checks[seed % len(checks)]
    for n, plant in enumerate(FAULTS[check]):
        home = random_home(Random(seed))
        if plant(home, Random(f"{seed}-{n}")):
            judge(score, seed, check, home.server())


def judge(score: Score, seed: int, check: str, server: Server) -> None:
    """Hold the findings on a server against the fault that was planted there."""
    found = examine(server)
    score.planted += 1
    score.kinds[check] += 1
    causes = [finding.check for finding in found if not finding.causes]
    if not causes or found[0].check != check or set(causes) != {check}:
        score.missed.append((seed, check, causes))
    score.wrong += [(seed, finding.check, what) for finding in found for what in not_so(finding, server)]


def not_so(finding: Finding, server: Server) -> Iterator[str]:
    """What a remedy names and this server does not have: containers, services, rules, addresses."""
    settings = server.settings
    names = {*server.listed, settings.gluetun_container, settings.qbittorrent_container}
    services = {one.labels.get("com.docker.compose.service") for one in server.listed.values()}
    rules = {use.rule for use in server.uses}
    for command in finding.run:
        if (named := _NAMED.match(command)) and named[1] not in names:
            yield command
        if (asked := _SERVICES.match(command)) and not set(asked[1].split()) <= services:
            yield command
    for rule in _RULES.findall(finding.fix):
        if rule not in rules and rule not in ("in", "restart"):
            yield f"rule {rule}"
    for host in _URL.findall(finding.fix):
        if host not in names:
            yield f"address http://{host}"


def main(words: list[str]) -> int:
    """Play, print the score, and return the exit code: 0 if it is as good as it must be."""
    parser = argparse.ArgumentParser(prog="python -m tests.doctor.score")
    parser.add_argument("--servers", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    chosen = parser.parse_args(words)
    score = Score()
    for seed in range(chosen.seed, chosen.seed + chosen.servers):
        play(score, seed)
    _print(score, chosen.seed)
    return 1 if score.alarms or score.wrong or score.first < 0.95 else 0


def _print(score: Score, seed: int) -> None:
    print(f"seed {seed}: {score.well} well servers, {len(score.alarms)} findings on them")
    for number, alarm in score.alarms[:5]:
        print(f"  --servers 1 --seed {number}: {alarm.check}: {alarm.seen}")
    print(f"{score.planted} planted faults, {score.first:.2%} first and alone; {len(score.wrong)} wrong remedies")
    if rare := [f"{check} {score.kinds[check]}" for check in FAULTS if score.kinds[check] < score.planted / 500]:
        print(f"  seldom planted: {', '.join(rare)}")
    for check, count in Counter(check for _, check, _ in score.missed).most_common(10):
        number, _, causes = next(one for one in score.missed if one[1] == check)
        print(
            f"  {check} missed {count} times, first with --servers 1 --seed {number}: {', '.join(causes) or 'nothing'}"
        )
    for number, check, what in score.wrong[:5]:
        print(f"  --servers 1 --seed {number}: {check} names {what}")
    servers = [server for n in range(200) if len((server := random_home(Random(n)).server()).containers) > 45]
    began = time.perf_counter()
    for server in servers:
        examine(server)
    each_ms = (time.perf_counter() - began) / len(servers) * 1000
    print(f"examining {len(servers[0].containers)} containers: {each_ms:.2f} ms")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
