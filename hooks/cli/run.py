"""`gluehook run`."""

from __future__ import annotations

import click

from handlers import HANDLERS, POLLS, PORT_READERS


@click.command()
@click.option("--dry-run", is_flag=True, help="Match, wait and render, but only say what would be done.")
def run(*, dry_run: bool) -> int:
    """Listen and run what the rules say."""
    from hooks.app import loading

    loader = loading.begin(dry_run=dry_run)  # a child reads settings and rules while this process loads the rest
    from importlib.metadata import version

    from hooks.app.serve import serve
    from hooks.docker.client import load_library

    load_library()
    return serve(loader, HANDLERS, version("gluehook"), polls=POLLS, port_readers=PORT_READERS)
