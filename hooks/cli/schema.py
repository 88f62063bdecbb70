"""`gluehook schema`: the JSON Schema of rules.toml."""

from __future__ import annotations

import json

import click


@click.command()
def schema() -> int:
    """Print the JSON Schema of rules.toml, for editors.

    Beside a rules file that begins with `#:schema ./rules.schema.json`, an editor with a TOML language server completes
    events, fields, handlers and arguments, and marks mistakes: gluehook schema > rules.schema.json

    Handlers of your own are in it, too: write it again when you have changed them.
    """
    from hooks.cli.options import own_handlers
    from hooks.workbench import json_schema

    click.echo(json.dumps(json_schema.schema(own_handlers()), ensure_ascii=False, indent=1))
    return 0
