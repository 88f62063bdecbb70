"""`gluehook web`: the page and the API in a process of their own."""

from __future__ import annotations

import click


@click.command()
@click.option("--listen", default="", metavar="HOST:PORT", help="Where to listen, instead of GLUEHOOK_HTTP.")
def web(*, listen: str) -> int:
    """Serve the page and the API of a running gluehook.

    It is the one that runs on GLUEHOOK_STATE. Needs no access to Docker. `gluehook run` starts this by itself if
    GLUEHOOK_HTTP is set.
    """
    from dataclasses import replace

    from hooks.app import loading
    from hooks.config.web_values import address, missing_packages

    if missing_packages():
        raise click.UsageError("the page needs more packages than the runner: pip install 'gluehook[web]'")
    loaded = loading.begin().result()  # in a child: what checks the settings would stay in this process for ever
    if loaded.settings is None:
        raise click.UsageError("\n".join(loaded.errors))
    try:
        found = replace(loaded.settings, gluehook_http=address(listen) or loaded.settings.gluehook_http)
    except ValueError as wrong:
        raise click.UsageError(f"--listen: {wrong}") from None
    if not found.gluehook_http:
        raise click.UsageError("say where to listen: set GLUEHOOK_HTTP=127.0.0.1:8090, or use --listen 127.0.0.1:8090")
    from importlib.metadata import version

    from hooks.web.process import main

    return main(found, loaded.sources, version("gluehook"))
