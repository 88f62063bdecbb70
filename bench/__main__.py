"""`make bench`: every figure of the README and the docs, both sides in one run; `make bench ARGS="size reload"`: these.

usage: python -m bench [start|reaction|following|burst|reload|resync|size|health|status|rejoin|peers|replay|idle|pairs|
web|logs]…
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from bench import (
    burst,
    following,
    health,
    idle,
    logs,
    pairs,
    peers,
    reaction,
    rejoin,
    reload,
    replay,
    resync,
    size,
    status,
    web,
)
from tests.parts.docker.dockerd import Dockerd
from tests.parts.programs import require

# each with a folder of its own and the address of a Docker engine
ROWS: Mapping[str, Callable[[Path, str], list[str]]] = {
    "start": idle.starts,
    "reaction": reaction.measure,
    "following": following.measure,
    "burst": lambda folder, _: burst.measure(folder),
    "reload": lambda folder, _: reload.measure(folder),
    "resync": lambda folder, _: resync.measure(folder),
    "size": lambda folder, _: size.measure(folder),
    "health": health.measure,
    "status": lambda folder, _: status.measure(folder),
    "rejoin": lambda folder, _: rejoin.measure(folder),
    "peers": lambda folder, _: peers.measure(folder),
    "replay": replay.measure,
    "idle": idle.idle,
    "pairs": pairs.measure,
    "web": web.measure,
    "logs": lambda folder, _: logs.measure(folder),
}


def main() -> None:
    """Measure what the arguments name, or everything."""
    chosen = sys.argv[1:] or list(ROWS)
    if unknown := set(chosen) - set(ROWS):
        sys.exit(f"there is no row {', '.join(sorted(unknown))}; the rows are {', '.join(ROWS)}")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}\n")
    with tempfile.TemporaryDirectory(prefix="gluehook-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        (folder / "dockerd").mkdir()
        engine = Dockerd(require("dockerd", "docker.io"), folder / "dockerd")
        stack.callback(engine.stop)
        engine.start()
        for row in chosen:
            print(f"-- {row}", flush=True)
            print("\n".join(ROWS[row](folder / row, engine.host)), "\n", flush=True)


if __name__ == "__main__":
    main()
