"""Programs that end with the tests: also after `kill -9` of the tests, and when a time limit ends their process."""

from __future__ import annotations

TIED = ("setpriv", "--pdeathsig", "TERM")
"""Before a program's name: the kernel sends it SIGTERM when the thread that started it ends."""
