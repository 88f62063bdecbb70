"""A module of ours as a short-lived process of its own: what it loads is gone when it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_HANDLERS = Path(__file__).resolve().parents[1]
# `python -m` would first load the table of all handlers, which takes a tenth of a second and is not needed there
_RUN = """
import runpy, sys, types
sys.modules["handlers"] = package = types.ModuleType("handlers")
package.__path__ = [sys.argv[1]]
runpy.run_module(sys.argv[2], run_name="__main__")
"""


def start(module: str) -> subprocess.Popen[bytes]:
    """Run a module of handlers; the order goes to its stdin, the answer comes from its stdout."""
    # where our packages lie, be it a checkout or an installation
    path = os.pathsep.join(filter(None, [str(_HANDLERS.parent), os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        [sys.executable, "-P", "-c", _RUN, str(_HANDLERS), module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path},
    )
