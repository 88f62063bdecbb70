"""`make bench`: every figure of the README and the docs, both sides in one run.

usage: python -m bench [reaction|idle|start|burst]…
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench import burst, idle, reaction
from tests.parts.dockerd import Dockerd
from tests.parts.programs import require


def main() -> None:
    """Measure what the arguments name, or everything."""
    chosen = sys.argv[1:] or ["start", "reaction", "burst", "idle"]
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}\n")
    with tempfile.TemporaryDirectory(prefix="gluehook-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        (folder / "dockerd").mkdir()
        engine = Dockerd(require("dockerd", "docker.io"), folder / "dockerd")
        stack.callback(engine.stop)
        engine.start()
        parts = {
            "start": lambda: idle.starts(folder / "start", engine.host),
            "reaction": lambda: reaction.measure(folder / "reaction", engine.host),
            "burst": lambda: burst.measure(folder / "burst"),
            "idle": lambda: idle.idle(folder / "idle", engine.host),
        }
        for part in chosen:
            print(f"-- {part}", flush=True)
            print("\n".join(parts[part]()), "\n", flush=True)


if __name__ == "__main__":
    main()
