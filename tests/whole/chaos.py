"""Random stories of faults, more than the suite plays: see tests/parts/process/faults.py for what they are about.

`make chaos` plays new ones for five minutes, on every processor; `--minutes`, or `--worlds` for so many. `--seed N`
plays one again, and with `--worlds` begins there.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass
from math import inf

from tests.parts.process.faults import play, ram_folder

_IN_A_ROW = 50  # stories for one process at a time
_ENDLESS = 2**40


@dataclass(frozen=True)
class Tally:
    """What has been played, counted."""

    stories: int = 0
    lives: int = 0
    happenings: int = 0
    blind_ends: int = 0  # stories with a life that ended while its journal could not be written

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(mine + its for mine, its in zip(astuple(self), astuple(other), strict=True)))


def play_some(seeds: range) -> Tally:
    """Play these stories, one after the other."""
    told = Tally()
    for seed in seeds:
        with ram_folder() as folder:
            story = play(seed, folder)
        told += Tally(1, story.lives, len(story.ooms), int(story.forgot))
    return told


def play_all(seeds: range, until: float = inf) -> Tally:
    """Play these stories on every processor, as many as can be begun before `until` on the monotonic clock."""
    told, hands = Tally(), os.cpu_count() or 1
    with ProcessPoolExecutor(hands) as pool:
        for first in range(0, len(seeds), hands * _IN_A_ROW):
            if time.monotonic() >= until:
                break
            rows = [seeds[first + hand * _IN_A_ROW :][:_IN_A_ROW] for hand in range(hands)]
            told = sum(pool.map(play_some, rows), told)
    return told


def main() -> None:
    """Play stories until the time is over, or all of them, or one fails."""
    asked = argparse.ArgumentParser(prog="python -m tests.whole.chaos", description=__doc__)
    asked.add_argument("--seed", type=int, help="play this one story, or begin with it")
    asked.add_argument("--worlds", type=int, help="play so many stories")
    asked.add_argument("--minutes", type=float, default=5.0, help="play new ones for so long (5)")
    args = asked.parse_args()
    first = random.randrange(2**40) if args.seed is None else args.seed
    print(f"from seed {first} on", flush=True)
    worlds = args.worlds or (_ENDLESS if args.seed is None else 1)
    until = inf if worlds < _ENDLESS else time.monotonic() + args.minutes * 60
    told = play_all(range(first, first + worlds), until)
    print(f"{told.stories} stories with {told.lives} lives and {told.happenings} happenings, "
          f"{told.blind_ends} of them with an end on a bad disk: all as desired")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
