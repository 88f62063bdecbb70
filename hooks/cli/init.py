"""`gluehook init`: the first rules.toml and compose file, from the containers of this server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hooks.cli.options import require_docker_address

if TYPE_CHECKING:
    from hooks.workbench.init_survey import Server

_DOCKER_TIMEOUT_S = 5.0


@click.command()
@click.option("--output", default=".", metavar="DIR", help="Where to write; the folder is made.  [default: .]")
@click.option("--json", "as_json", is_flag=True, help="What was found and written, as JSON.")
def init(*, output: str, as_json: bool) -> int:
    """Write rules.toml and a compose file for this server.

    Reads the containers, changes none of them, and fills in the names of gluetun, qBittorrent, AdGuard Home and
    WireGuard, the containers that share gluetun's network, and the owner of the port file. No file is overwritten: an
    existing one is left as it is, the others are written, and the exit code is 1.
    """
    server, why = _containers()
    folder = Path(output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = {name: _write(folder / name, text) for name, text in _files(server).items()}
    except OSError as error:
        raise click.UsageError(f"nothing can be written to {folder}: {error.strerror}") from None
    found = {role: member.name for role, member in server.by_role.items()} if server else {}
    if as_json:
        click.echo(json.dumps({"found": found, "sharing": server.sharing if server else (), "trouble": why,
                               "doubts": [*server.doubts] if server else [], "files": written}))  # fmt: skip
    else:
        _show(server, why, folder, written)
    return 0 if all(written.values()) else 1


def _containers() -> tuple[Server | None, str]:
    """The containers of this server; or None, and why Docker cannot be read. Raises click.UsageError."""
    from contextlib import closing

    from hooks.docker.client import connect, where
    from hooks.docker.refusals import why
    from hooks.workbench.init_survey import find_containers

    require_docker_address()
    try:
        with closing(connect(_DOCKER_TIMEOUT_S)) as client:
            return find_containers(client), ""
    except Exception as error:  # noqa: BLE001 - without Docker there are templates
        return None, why(error, where())


def _files(server: Server | None) -> Mapping[str, str]:
    from handlers import HANDLERS
    from hooks.app.loading import shipped
    from hooks.docker.client import where
    from hooks.workbench import init_compose, init_rules, init_survey, json_schema

    known = server or init_survey.Server()
    owner = init_survey.owner_of_port_file(known.by_role.get("gluetun"))
    group = init_survey.group_of_socket(where())
    socket = where() if group else ""
    return {
        "rules.toml": init_rules.rules(shipped().read_text(encoding="utf-8"), server),
        json_schema.FILE_NAME: json.dumps(json_schema.schema(HANDLERS), ensure_ascii=False, indent=1) + "\n",
        "compose.gluehook.yaml": init_compose.compose(known, owner, group, socket),
    }


def _write(path: Path, text: str) -> bool:
    """Write a new file; False, and nothing is written, if it exists."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True


def _show(server: Server | None, why: str, folder: Path, written: Mapping[str, bool]) -> None:
    if server is None:
        click.echo(
            f"Docker cannot be read: {why}. The files are templates with the usual names; check the names in them."
        )
    else:
        for role in ("gluetun", "qbittorrent", "adguard", "wireguard"):
            found = server.by_role.get(role)
            click.echo(f"{role}: {f'{found.name} ({found.container.image})' if found else 'not found'}")
        nobody = "nobody that Docker shows" if server.doubts else "nobody"
        click.echo(f"in gluetun's network: {', '.join(server.sharing) or nobody}")
        for doubt in server.doubts:
            click.echo(f"not certain: {doubt}")
    for name, is_new in written.items():
        click.echo(f"{folder / name}: {'written' if is_new else 'exists already, and was left as it is'}")
    click.echo(f"next: gluehook check {folder / 'rules.toml'}, then read {folder / 'compose.gluehook.yaml'}")
