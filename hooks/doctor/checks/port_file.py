"""Checks of gluetun's port file: whether gluehook reads the right file, and whether its content is current."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import basename, dirname, join

from hooks.doctor.checks.check import NO_TUNNEL, Finding, broken, risk
from hooks.doctor.checks.commands import logs, up, up_gluehook
from hooks.doctor.facts.derived import asks_for_port, gluetuns_port_file, on_host, port_by_api, port_is_stale, settles
from hooks.doctor.facts.model import Gluetun, Server
from hooks.pairs.where_set import file_setting, write_file

_UNUSABLE = ("port-folder-missing", "port-file-unreadable", "port-file-garbage")
_NO_PORT = (
    "container-down", "container-paused", "region-cannot-forward", "region-unknown", "port-forward-only-off",
    *NO_TUNNEL, "tunnel-without-port",
)  # fmt: skip


def _mount(server: Server) -> tuple[str, tuple[str, ...]]:
    """How both containers get one folder, and the commands that apply it."""
    gluetun, ours = server.inspected_gluetun, server.settings.forwarded_port_file
    theirs = gluetuns_port_file(server)
    name = gluetun.name if gluetun else server.settings.gluetun_container
    folder = on_host(gluetun, dirname(theirs))
    run = (*up(server, name), *up_gluehook(server))
    if not folder:
        fix = (
            f"{name} writes {theirs}, and that folder is in no mount: add `./port:{dirname(theirs)}` to its volumes, "
            f"and `./port:{dirname(ours)}:ro` to gluehook's"
        )
        return fix, run
    if server.own and on_host(server.own, dirname(ours)) == folder:
        return write_file(server.reached_gluetun, join(dirname(ours), basename(theirs))), up_gluehook(server)
    if server.own:
        fix = f"{name} writes into {folder} of this server: add `{folder}:{dirname(ours)}:ro` to gluehook's volumes"
        fix += "" if basename(ours) == basename(theirs) else (
            f", and {write_file(server.reached_gluetun, join(dirname(ours), basename(theirs)))}"
        )  # fmt: skip
        return fix, up_gluehook(server)
    setting = file_setting(server.reached_gluetun)
    return f"{name} writes {join(folder, basename(theirs))} on this server: {setting} must name that file", ()


@risk("a mounted file hides its replacement: after the next change gluehook reads the old port for ever")
def port_file_mounted_alone(server: Server) -> Iterator[Finding]:
    """The port file is mounted as a single file."""
    # in gluehook's container or in gluetun's
    if port_by_api(server):
        return
    container = server.inspected_gluetun
    theirs, ours = gluetuns_port_file(server), server.settings.forwarded_port_file
    if server.port_file_is_mounted:
        name = server.own.name if server.own else "gluehook"
        yield _mounted_alone(server, name, ours, up_gluehook(server, recreate=True))
    if container is not None and theirs in container.mounts:
        yield _mounted_alone(server, container.name, theirs, up(server, container.name, recreate=True))


def _mounted_alone(server: Server, name: str, file: str, run: tuple[str, ...]) -> Finding:
    fix = f"mount the folder at {name}'s volumes: `./port:{dirname(file)}` (`:ro` at gluehook)"
    about = server.settings.gluetun_container
    return Finding(f"in {name}'s container {file} itself is a mount", fix, run, about=about)


@broken("gluehook receives no port, so qBittorrent keeps the one that it has")
def port_folder_missing(server: Server) -> Iterator[Finding]:
    """The folder of `FORWARDED_PORT_FILE` does not exist where gluehook runs."""
    # nothing is found where gluetun is not set to ask for a port
    if server.port_folder_missing and asks_for_port(server) and not port_by_api(server):
        file = server.settings.forwarded_port_file
        seen = f"{file_setting(server.reached_gluetun)} is {file}, and there is no folder {dirname(file)} here"
        yield Finding(seen, *_mount(server), about=server.settings.gluetun_container)


@broken("gluehook receives no port, so qBittorrent keeps the one that it has", follows=("port-file-mounted-alone",))
def port_file_unreadable(server: Server) -> Iterator[Finding]:
    """`FORWARDED_PORT_FILE` names something that gluehook cannot read, such as a folder."""
    # Docker makes a folder where a single file is to be mounted that does not exist
    reason = server.port_file.reason
    if not reason or "cannot be read" not in reason or port_by_api(server):
        return
    seen, _, fix = reason.partition("; ")
    about = server.settings.gluetun_container
    if "directory" in seen or "plain file" in seen:
        fix, run = _mount(server)
        must = f"{file_setting(server.reached_gluetun)} must name the file that gluetun writes"
        yield Finding(seen, f"{must}; {fix}", run, about=about)
    else:
        yield Finding(seen, fix.removesuffix("; it is tried again"), up_gluehook(server), about=about)


@broken("gluehook takes no port out of it, so qBittorrent keeps the one that it has")
def port_file_garbage(server: Server) -> Iterator[Finding]:
    """The port file holds something else than ports."""
    # gluetun writes digits and line feeds, so another program or an editor wrote it, or it is another file
    reason, gluetun = server.port_file.reason, server.inspected_gluetun
    if not reason or "cannot be read" in reason or port_by_api(server):
        return
    ours, theirs = server.settings.forwarded_port_file, gluetuns_port_file(server)
    seen, about = reason.partition("; ")[0], server.settings.gluetun_container
    if gluetun and basename(ours) != basename(theirs):
        fix, run = _mount(server)
        yield Finding(seen, f"gluetun's own file is {theirs}; {fix}", run, about=about)
    else:
        fix = (
            "gluetun writes only digits into it, one port a line, so another program or an editor wrote this: let only "
            "gluetun write it. gluetun writes it anew when its tunnel restarts"
        )
        yield Finding(seen, fix, about=about)


@broken("gluehook watches another folder than the one that gluetun writes into, so it receives no port",
        follows=("port-file-mounted-alone", *_UNUSABLE))  # fmt: skip
def port_file_elsewhere(server: Server) -> Iterator[Finding]:
    """gluetun has a port, and the port file that gluehook reads does not hold it."""
    # the control server's port is the right one
    seen, file = server.gluetun, server.port_file
    if port_by_api(server):
        return
    if isinstance(seen, Gluetun) and seen.port and seen.port not in file.ports and not settles(server):
        held = ", ".join(map(str, file.ports)) or "no port"
        found = f"gluetun forwards {seen.port}, and {server.settings.forwarded_port_file} holds {held} here"
        yield Finding(found, *_mount(server), about=server.settings.gluetun_container)


@broken("gluetun was killed and could not empty it: the port in it belongs to nobody, or to somebody else",
        follows=(*_NO_PORT, "port-file-mounted-alone", "port-file-elsewhere"))  # fmt: skip
def port_file_stale(server: Server) -> Iterator[Finding]:
    """The port file is left over from before gluetun's start."""
    # gluehook never sets such a port
    if port_is_stale(server) and not settles(server) and not port_by_api(server):
        ports, file = ", ".join(map(str, server.port_file.ports)), server.settings.forwarded_port_file
        name = server.settings.gluetun_container
        yield Finding(
            f"{file} holds {ports} and is older than gluetun's start",
            "gluetun writes it again when it has a port; its log shows why it has none",
            logs(name),
            about=name,
        )


@broken("qBittorrent keeps the port that it has, and nobody from outside can reach it",
        follows=(*_NO_PORT, *_UNUSABLE, "port-file-elsewhere", "port-file-stale"))  # fmt: skip
def port_missing(server: Server) -> Iterator[Finding]:
    """gluetun runs and is to forward a port, and the port file is empty or not there."""
    # the control server may show why; this one is found without it, too
    container, file = server.inspected_gluetun, server.port_file
    if not container or not container.running or not asks_for_port(server) or settles(server):
        return
    if port_by_api(server):
        return
    if not file.ports and not file.reason and not server.port_folder_missing:
        path = server.settings.forwarded_port_file
        seen = f"{path} is {'empty' if file.generation else 'not there'}, and '{container.name}' runs"
        fix = "gluetun's log shows why it has no port"
        yield Finding(seen, fix, (f"docker logs {container.name} 2>&1 | grep -i 'port forward'",), about=container.name)
