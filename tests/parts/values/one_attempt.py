"""A process that makes one attempt at `containers.rejoin`, to be killed in the middle of it.

usage: DOCKER_HOST=… python -m tests.parts.values.one_attempt MEMORY-FILE EARLIER-ID
"""

from __future__ import annotations

import sys
import time

from handlers.containers.rejoin import Rejoin, RejoinArgs
from hooks.docker.client import connect
from hooks.handler import Duration
from hooks.runtime.handler_memory import Memory
from hooks.world.model import World
from tests.handlers.contract import Clock, context

ARGS = RejoinArgs("vpn", "recreate", Duration(0.0))


def main() -> None:
    """Make it."""
    memory, earlier = sys.argv[1:]
    world = World(earlier={"vpn": (earlier,)})
    ctx = context(memory=Memory(memory), world=world, docker=connect, clock=Clock(time.time()), timeout_s=30.0)
    Rejoin().apply(ARGS, ctx)


if __name__ == "__main__":
    main()
