"""`gluehook schema`: the JSON Schema of rules.toml."""

from __future__ import annotations

import json

import click


@click.command()
def schema() -> int:
    """Print the JSON Schema of rules.toml, for editors.

    Beside a rules file that begins with `#:schema ./rules.schema.json`, an editor with a TOML language server completes
    events, fields, handlers and arguments, and marks mistakes: gluehook schema > rules.schema.json
    """
    from handlers import HANDLERS
    from hooks.workbench import json_schema

    click.echo(json.dumps(json_schema.schema(HANDLERS), ensure_ascii=False, indent=1))
    return 0
