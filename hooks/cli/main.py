"""The command line: finds the verb, runs it and returns the exit code.

`hooks.__main__` calls `main` for every command line but `gluehook health` and `gluehook --help`, which must not load
click. A verb's module is imported when the verb is used (cli/verbs.py has the table), so that each pays for itself
alone.

Guaranteed: the exit code is 0 if all is good, 1 if something is wrong (what the verb found, or why it could not be
done), 2 for wrong use (an unknown verb or option, a value or a setting that is no good), 130 after Ctrl-C.
A wrong use is one sentence on standard error below the usage line. Results go to standard output, all else to
standard error.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from hooks.cli.verbs import VERBS, overview


def main(argv: Sequence[str]) -> int:
    """Run a command line; its exit code."""
    try:
        return int(gluehook.main(args=list(argv), prog_name="gluehook", standalone_mode=False) or 0)
    except click.ClickException as wrong:
        wrong.show()
        return wrong.exit_code
    except click.Abort:
        return 130


class Lazy(click.Group):
    """Loads a verb's module when the verb is used."""

    def list_commands(self, _: click.Context) -> list[str]:
        """Every verb, in the order of the table."""
        return list(VERBS)

    def get_command(self, _: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's command, or None if there is no such verb."""
        if cmd_name not in VERBS:
            return None
        module, function = VERBS[cmd_name][0].split(":")
        command: click.Command = getattr(import_module(module), function)
        return command

    def get_help(self, _: click.Context) -> str:
        """The same text that `__main__` shows without click."""
        return overview()


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        click.echo(f"gluehook {version('gluehook')}")
        ctx.exit()


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version)
def gluehook(**_: Any) -> None:
    """Run hooks on Docker events and on gluetun's forwarded port."""
