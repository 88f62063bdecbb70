"""`gluehook init`: the first rules.toml and compose file, from the containers of this server."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hooks.cli.options import require_docker_address

if TYPE_CHECKING:
    from hooks.workbench.init_survey import Server

_DOCKER_TIMEOUT_S = 5.0


@click.command()
@click.option(
    "--output",
    default="",
    metavar="DIR",
    help="Where to write; the folder is made. `-` prints the files.  [default: this folder, else -]",
)
@click.option("--json", "as_json", is_flag=True, help="What was found and written, as JSON.")
def init(*, output: str, as_json: bool) -> int:
    """Write rules.toml and a compose file for this server.

    Reads the containers, changes none of them, and fills in the names of gluetun, qBittorrent, AdGuard Home and
    WireGuard, the containers that share gluetun's network, and the owner of the port file. No file is overwritten: an
    existing one is left as it is, the others are written, and the exit code is 1. In a container without a folder to
    write to, as with `docker compose run --rm gluehook init`, the files are printed.
    """
    server, why = _containers()
    prints = output == "-" or not (output or os.access(".", os.W_OK))
    files = _files(server)
    written: Mapping[str, bool] = {}
    if not prints:
        written = _write_all(Path(output or "."), files)
    elif not as_json:
        _print(files)
    if as_json:
        click.echo(json.dumps({**_record(server), "trouble": why, "files": written}))
    else:
        _show(server, why, Path(output or "."), written, beside=prints)
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
    owner = init_survey.owner_of_port_file(known)
    group = init_survey.group_of_socket(where())
    socket = init_survey.outside(where(), known) if group else ""
    return {
        "rules.toml": init_rules.rules(shipped().read_text(encoding="utf-8"), server),
        json_schema.FILE_NAME: json.dumps(json_schema.schema(HANDLERS), ensure_ascii=False, indent=1) + "\n",
        "compose.gluehook.yaml": init_compose.compose(known, owner, group, socket),
    }


def _print(files: Mapping[str, str]) -> None:
    """Print each file under a line with its name, but not the schema: an editor's is made by `gluehook schema`."""
    for name, text in files.items():
        if name.endswith((".toml", ".yaml")):
            click.echo(f"# ---- {name} ----\n{text}")


def _write_all(folder: Path, files: Mapping[str, str]) -> Mapping[str, bool]:
    """Write the files that are new; whether each was. Raises click.UsageError if nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return {name: _write(folder / name, text) for name, text in files.items()}
    except OSError as error:
        raise click.UsageError(
            f"nothing can be written to {folder}: {error.strerror}; --output - prints the files"
        ) from None


def _write(path: Path, text: str) -> bool:
    """Write a new file; False, and nothing is written, if it exists."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True


def _record(server: Server | None) -> dict[str, Any]:
    if server is None:
        return {"found": {}, "sharing": [], "pairs": {}, "alone": [], "doubts": []}
    found = {role: member.name for role, member in server.by_role.items()}
    sharing = server.sharing.get(found.get("gluetun", ""), ())
    alone = [one.name for _, one in server.alone]
    return {"found": found, "sharing": sharing, "pairs": server.sharing, "alone": alone, "doubts": [*server.doubts]}


def _alone(server: Server, kind: str, client: str) -> str:
    """What a torrent client in no gluetun's network gets, and what to do."""
    names = [one.name for one in server.gluetuns]
    if len(names) == 1:
        said = f"{client} does not share the network of {names[0]}: no peer reaches it at the forwarded port"
        return f"{said}; write network_mode: container:{names[0]} into its compose file"
    return (
        f"{client} shares the network of no gluetun: it gets no port; write network_mode: container:NAME into its "
        f"compose file, where NAME is {' or '.join(names)}; if it reaches one in another way, write into rules.toml a "
        f'[[client]] with kind = "{kind}", container = "{client}" and gluetun = "NAME"'
    )


def _show(server: Server | None, why: str, folder: Path, written: Mapping[str, bool], *, beside: bool) -> None:
    """Say what was found and written; `beside` the files, on standard error, where they were printed."""

    from hooks.images.roles import ROLES

    def say(text: str) -> None:
        click.echo(text, err=beside)

    if server is None:
        say(f"Docker cannot be read: {why}. The files are templates with the usual names; check the names in them.")
    else:
        for role in ROLES:
            for found in server.everyone.get(role, ()):
                say(f"{role}: {found.name} ({found.container.image})")
            if role not in server.everyone and role not in ("transmission", "deluge"):
                say(f"{role}: not found")
        nobody = "nobody that Docker shows" if server.doubts else "nobody"
        for gluetun, those in server.sharing.items():
            say(f"in the network of {gluetun}: {', '.join(those) or nobody}")
        for kind, client in server.alone:
            say(_alone(server, kind, client.name))
        for doubt in server.doubts:
            say(f"not certain: {doubt}")
    for name, is_new in written.items():
        say(f"{folder / name}: {'written' if is_new else 'exists already, and was left as it is'}")
    if beside:
        say("next: save each part as the file that its first line names; --output DIR writes them to a folder")
    else:
        say(f"next: gluehook check {folder / 'rules.toml'}, then read {folder / 'compose.gluehook.yaml'}")
