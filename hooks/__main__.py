"""The command `gluehook`, and `python -m hooks`.

Docker calls `gluehook health` every 30 seconds, so it loads the heartbeat's module and nothing else; `--help` loads
the table of verbs alone.
"""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Run the command that the arguments name; its exit code."""
    if sys.argv[1:2] == ["health"] and not {"-h", "--help"} & set(sys.argv[2:]):
        from hooks.runtime.heartbeat import main as health

        return health(sys.argv[2:])
    if sys.argv[1:] in (["-h"], ["--help"]):
        from hooks.cli.verbs import overview

        sys.stdout.write(f"{overview()}\n")
        return 0
    _open_standard_files()
    from hooks.cli.main import main as command_line

    return command_line(sys.argv[1:])


def _open_standard_files() -> None:
    """Open what this process was started without: else the next file it opens, as the journal, would take that number
    and whatever is printed."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None and os.open(os.devnull, os.O_RDWR) == number:
            os.set_inheritable(number, True)
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115 - it lasts as the process does


if __name__ == "__main__":
    sys.exit(main())
