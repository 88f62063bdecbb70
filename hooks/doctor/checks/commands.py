"""The commands and rule names in a remedy, as they are on this server: real containers, real services, real rules.

The checks take every command from here, so that a remedy can be copied and run. A container that Docker Compose made is
told with the command of its own project; of one that it did not make nothing is known to run, and the words must do.

Guaranteed: pure; a command names only containers that Docker has shown, or the one that the settings name.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from handlers.containers import compose
from hooks.doctor.facts.model import Docker, Server


def logs(name: str) -> tuple[str, ...]:
    """The command that shows the end of a container's log."""
    return (f"docker logs --tail 50 {name}",)


def up(server: Server, *names: str, recreate: bool = False) -> tuple[str, ...]:
    """The commands that apply a changed compose file to these containers; none for those that Compose did not make.

    Podman removes no container that another one joins, and Compose stops it before it notices: there those that share
    gluetun's network are removed first.
    """
    by_name = {one.name: one.labels for one in server.listed.values()}
    made = [by_name[name] for name in names if name in by_name]
    podman = isinstance(server.docker, Docker) and server.docker.podman
    joining = server.dependents if podman and server.settings.gluetun_container in names else ()
    return tuple(compose.up(made, recreate=recreate, removed=(one.seen.labels for one in joining)))


def up_gluehook(server: Server, *, recreate: bool = False) -> tuple[str, ...]:
    """As `up`, of the container that gluehook runs in; none where that is not known."""
    return up(server, server.own.name, recreate=recreate) if server.own else ()


def in_gluehook(server: Server, words: str) -> tuple[str, ...]:
    """The command that runs `gluehook …` where gluehook runs."""
    return (f"docker exec {server.own.name} gluehook {words}" if server.own else f"gluehook {words}",)


def gluehook_log(server: Server) -> tuple[str, ...]:
    """The command that shows the end of gluehook's log; none where it runs in no container that is known."""
    return logs(server.own.name) if server.own else ()


def rule_for(server: Server, *handlers: str) -> str:
    """The rules that use one of these handlers, as `the rule forward-port`; "" where no rule in force does."""
    names = list(dict.fromkeys(use.rule for use in server.uses if use.handler in handlers))
    return f"the rule{'s' * (len(names) > 1)} {' and '.join(names)}" if names else ""


def past_runs(server: Server, *handlers: str) -> tuple[str, ...]:
    """The commands that show how the rules with one of these handlers ended; none where no rule in force uses one."""
    names = dict.fromkeys(use.rule for use in server.uses if use.handler in handlers)
    return tuple(command for name in names for command in in_gluehook(server, f"history --rule {name}"))


def start_vpn(server: Server) -> tuple[str, ...]:
    """The command for the host that starts gluetun's VPN through its control server, without the key.

    None where the control server is not reached by the container's name, or Docker shows no address of it.
    """
    container, url = server.inspected_gluetun, urlsplit(server.settings.gluetun_url)
    address = next((one for found in container.addresses.values() for one in found), "") if container else ""
    if not address or url.scheme != "http" or url.hostname != server.settings.gluetun_container:
        return ()
    host = f"[{address}]" if ":" in address else address
    place = f"http://{host}:{url.port or 80}{url.path}/v1/vpn/status"
    return (f"curl -X PUT -H 'X-API-Key: KEY' -d '{{\"status\":\"running\"}}' {place}",)
