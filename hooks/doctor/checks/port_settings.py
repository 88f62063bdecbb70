"""Checks of what else decides qBittorrent's port: variables of its image, a redirect of gluetun's, other programs."""

from __future__ import annotations

from collections.abc import Iterator

from hooks.docker.container import ListedContainer
from hooks.doctor.checks.check import Finding, broken, risk
from hooks.doctor.checks.commands import rule_for, up
from hooks.doctor.facts.derived import forwarded_ports, gluetun_settings, lacking_port, redirect_target
from hooks.doctor.facts.model import Server
from hooks.images import port_writers
from hooks.images.torrent import ports_at_start

_SET = ("client.set_port", "qbittorrent.set_port")


def _name(server: Server) -> str:
    return server.settings.qbittorrent_container


@broken("each start of qBittorrent sets its port back to that one, which is not the forwarded one")
def torrenting_port_set(server: Server) -> Iterator[Finding]:
    """A variable such as `TORRENTING_PORT` sets the port at each start of qBittorrent's container."""
    # linuxserver's image calls it so, others otherwise
    container = server.inspected_qbittorrent
    set_to = ports_at_start(container.environment if container else {})
    for name, port in set_to.items() if redirect_target(server) not in set_to.values() else ():
        fix = f"take it out of {_name(server)}'s environment"
        yield Finding(f"{name} is {port}", fix, up(server, _name(server)), about=_name(server))


@broken("gluetun sends what comes in to another port than the one that gluehook gives to qBittorrent")
def port_redirected(server: Server) -> Iterator[Finding]:
    """`VPN_PORT_FORWARDING_LISTENING_PORT` is set, and a rule sets qBittorrent's port."""
    # trackers would learn the redirect's target, which nobody outside can reach: gluetun's page warns of it
    target = redirect_target(server)
    if target and any(use.handler in _SET and "port" not in use.args for use in server.uses):
        fix = (
            "take VPN_PORT_FORWARDING_LISTENING_PORT out of gluetun's environment: qBittorrent then listens on the "
            "forwarded port itself, which its trackers must know"
        )
        run = up(server, server.settings.gluetun_container)
        seen = f"gluetun redirects the forwarded port to {target}"
        seen += f", and a run of {rule_for(server, *_SET)} sets the forwarded one"
        yield Finding(seen, fix, run, about=_name(server))


@broken("gluehook sets no port there, and it keeps the one that it has")
def port_not_forwarded(server: Server) -> Iterator[Finding]:
    """`port` in a `[[client]]` table is the number of a port that its gluetun does not forward."""
    own = server.settings.gluetun_container
    found = {one.name: one.which for one in server.clients if one.gluetun == own}
    if server.client and _name(server) in server.listed:
        found[server.client.name] = server.client.port
    for name, which in found.items():
        if lack := lacking_port(server, which):
            most = len(forwarded_ports(server))
            numbers = "port = 1" if most == 1 else f"port = 1 to {most}"
            fix = f"write {numbers} into its [[client]] in rules.toml, or let gluetun forward {which} ports"
            yield Finding(f"'{name}': {lack}", fix, about=name)


@risk("two programs that set it in turn make it flap, and after each change the trackers have a wrong port for a while")
def another_writer(server: Server) -> Iterator[Finding]:
    """Another program writes qBittorrent's port as well."""
    # gluetun's own command, a mod of linuxserver's image, or a container that a sign gives away
    does = port_writers.by_command(settings.up_command) if (settings := gluetun_settings(server)) else ""
    if does:
        yield Finding(
            f"gluetun's VPN_PORT_FORWARDING_UP_COMMAND {does}",
            "take VPN_PORT_FORWARDING_UP_COMMAND and VPN_PORT_FORWARDING_DOWN_COMMAND out of gluetun's environment, "
            "unless they do something else",
            up(server, server.settings.gluetun_container),
            about=_name(server),
        )
    client = server.inspected_qbittorrent
    mods = (client.environment.get("DOCKER_MODS", "") if client else "").split("|")
    if any(port_writers.by_image(mod.strip()) for mod in mods):
        mod, fix = f"a mod in {_name(server)}'s DOCKER_MODS sets the port", "take it out of DOCKER_MODS"
        yield Finding(mod, fix, up(server, _name(server)), about=_name(server))
    for seen in server.listed.values():
        sign = _writes(server, seen) if seen.running and seen.id != server.own_id else ""
        if sign:
            fix = "stop it, and take it out of the compose file, unless it does something else"
            run = (f"docker stop {seen.name}",)
            yield Finding(f"container '{seen.name}' ({seen.image}) {sign}", fix, run, about=_name(server))


def _writes(server: Server, seen: ListedContainer) -> str:
    """By which sign a container sets the port, "" for none."""
    inspected = server.inspected.get(seen.name)
    environment = inspected.environment if inspected else {}
    settings = server.settings
    if seen.name in (settings.gluetun_container, settings.qbittorrent_container):
        return ""
    if port_writers.by_image(seen.image):
        return "runs"
    if names := port_writers.by_variables(environment):
        return f"has {' and '.join(names)}"
    watched = environment.get("CONTAINERS", "")
    ours = settings.gluetun_container in watched or settings.qbittorrent_container in watched
    if port_writers.acts_on_logs(seen.image) and inspected and (ours or not watched):
        return "acts on lines of logs, and may act on gluetun's"
    return ""
