"""`gluehook health --help`: `hooks.__main__` runs the probe itself, and loads neither click nor this module."""

from __future__ import annotations

import click


@click.command()
def health() -> int:
    """Say whether gluehook runs and is healthy.

    For HEALTHCHECK: reads only the heartbeat in GLUEHOOK_STATE. The exit code is 0 or 1.
    """
    from hooks.runtime import heartbeat

    return heartbeat.main([])
