"""The doctor: what is known to go wrong on such a server, each cause one small check over the facts of a look."""

from __future__ import annotations

from hooks.doctor.checks import (
    docker,
    gluehook,
    gluetun,
    namespace,
    pia,
    port_file,
    qbittorrent,
    web_ui,
    wireguard,
)
from hooks.doctor.checks.check import Check, Finding
from hooks.doctor.facts.model import Server

CHECKS: tuple[Check, ...] = (
    docker.docker_unreachable,
    docker.docker_wide_open,
    docker.container_down,
    gluehook.gluehook_unwell,
    gluehook.rules_rejected,
    pia.region_cannot_forward,
    pia.port_forward_only_off,
    pia.region_unknown,
    gluetun.tunnel_down,
    gluetun.gluetun_unhealthy,
    gluetun.tunnel_without_port,
    port_file.port_file_stale,
    port_file.port_file_elsewhere,
    port_file.port_file_mounted_alone,
    gluetun.control_server_closed,
    gluetun.control_server_silent,
    web_ui.password_rejected,
    web_ui.api_key_rejected,
    web_ui.address_banned,
    web_ui.host_header_refused,
    web_ui.login_missing,
    web_ui.web_ui_silent,
    qbittorrent.torrenting_port_set,
    qbittorrent.random_port_or_upnp,
    qbittorrent.interface_missing,
    qbittorrent.port_differs,
    qbittorrent.nothing_listens,
    qbittorrent.relisten_owed,
    qbittorrent.another_writer,
    web_ui.open_to_everybody,
    namespace.dependent_stale,
    namespace.dependent_stranded,
    namespace.dependent_elsewhere,
    namespace.orphaned,
    namespace.own_namespace_shared,
    namespace.healer_restarts_gluetun,
    wireguard.hairpin,
    wireguard.keys_in_the_log,
    wireguard.key_readable,
    wireguard.peers_dns_elsewhere,
    wireguard.no_common_network,
    wireguard.dns_silent,
    wireguard.endpoint_unknown,
    wireguard.endpoint_elsewhere,
)


def examine(server: Server) -> list[Finding]:
    """Everything that is wrong, in the order of the table."""
    return [finding for check in CHECKS for finding in check.findings(server)]
