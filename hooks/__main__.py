"""The command `gluehook`. `health` is called every 30 seconds for ever, so it loads nothing else."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command that the arguments name and answer its exit code."""
    if sys.argv[1:2] == ["health"]:
        from hooks import health

        return health.main(sys.argv[2:])
    from hooks import cli

    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
