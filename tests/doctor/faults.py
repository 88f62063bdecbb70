"""Faults that are planted on a random server, by the check that must find them, each with all that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from handlers.shared.docker_rights import Refused
from hooks.doctor.facts.model import Gluehook, HostName, Refusal
from hooks.world.model import PortFile
from tests.doctor import faults_of_clients as clients
from tests.doctor import faults_of_containers as containers
from tests.doctor import faults_of_ports as ports
from tests.doctor import faults_of_wireguard as wg
from tests.doctor.planting import Plant, fact, preference
from tests.doctor.random_servers import VPN_IP


def _file(trouble: str) -> Plant:
    return partial(ports.file_is, PortFile((), trouble, "1-1", 1))


def _resolved(addresses: tuple[str, ...], error: str = "") -> Plant:
    return partial(wg.names_are, (HostName("home.example.net", addresses, error),))


FAULTS: Mapping[str, tuple[Plant, ...]] = {
    "docker-unreachable": (containers.docker_is_gone,),
    "docker-right-missing": (
        partial(fact, "refused", (Refused("POST", f"/containers/{'0' * 64}/restart", 403, ("rejoin-network",)),)),
        partial(fact, "refused", (Refused("POST", f"/containers/{'0' * 64}/start", 405, ("rejoin-network",)),)),
    ),
    "docker-wide-open": (containers.open_access,),
    "docker-list-incomplete": (containers.list_is_incomplete,),
    "gluehook-unwell": (containers.gluehook_is_down,),
    "rules-rejected": (partial(fact, "gluehook", Gluehook(True, ("healthy",), rules_rejected="it has 2 errors")),),
    "secret-without-value": (partial(fact, "secrets", ("rule hook needs ${secret:HOOK}; set HOOK_FILE",)),),
    "region-cannot-forward": (ports.no_region_forwards,),
    "port-forward-only-off": (ports.forward_only_off,),
    "region-unknown": (ports.region_is_misspelt,),
    "container-not-found": (containers.container_has_another_name,),
    "role-unclear": (partial(fact, "unclear_roles", ("'vpn-a' and 'vpn-b' are gluetun, and one is meant; name it",)),),
    "container-down": (containers.gluetun_stops, containers.torrent_stops, containers.adguard_stops),
    "container-paused": (containers.is_paused,),
    "dependent-waiting": (containers.another_holder_stops,),
    "dependent-stale": (containers.gluetun_restarts,),
    "dependent-stranded": (containers.could_not_join,),
    "dependent-elsewhere": (containers.gluetun_is_re_created,),
    "orphaned": (containers.its_holder_is_gone, containers.gluetun_is_being_re_created),
    "own-namespace-shared": (containers.gluehook_is_inside,),
    "healer-restarts-gluetun": (containers.healer,),
    "tunnel-down": (partial(ports.vpn_is, "crashed"), partial(ports.vpn_is, "stopped")),
    "gluetun-unhealthy": (ports.unhealthy,),
    "tunnel-without-port": (ports.no_port,),
    "control-server-closed": (partial(fact, "gluetun", Refusal("closed", "answers 401")),),
    "control-server-silent": (ports.control_is_silent,),
    "control-server-behind-proxy": (partial(fact, "gluetun", Refusal("proxy", "a proxy answers 403; allow it there")),),
    "control-server-https": (partial(fact, "gluetun", Refusal("https", "it speaks https; write https://")),),
    "web-ui-behind-proxy": (partial(clients.refused, "proxy"), partial(clients.refused, "proxy-login")),
    "web-ui-https": (partial(clients.refused, "https"),),
    "port-file-mounted-alone": (partial(fact, "port_file_is_mounted", True),),
    "port-folder-missing": (ports.folder_is_missing,),
    "port-file-unreadable": (
        _file("the port file x cannot be read: permission denied; chmod a+r x"),
        _file("the port file x cannot be read: is a directory; it must"),
    ),
    "port-file-garbage": (
        _file("the port file x holds something else than a number in line 1; y"),
    ),
    "port-file-elsewhere": (ports.other_folder,),
    "port-file-stale": (ports.stale_file,),
    "port-missing": (ports.port_is_missing,),
    "password-rejected": (partial(clients.refused, "password"),),
    "api-key-rejected": (partial(clients.refused, "api-key"),),
    "address-banned": (partial(clients.refused, "banned"),),
    "host-header-refused": (partial(clients.refused, "host"),),
    "login-missing": (partial(clients.refused, "no-login"),),
    "web-ui-silent": (clients.web_ui_is_silent,),
    "torrenting-port-set": (clients.port_set_at_start,),
    "port-redirected": (ports.redirected,),
    "port-not-forwarded": (clients.ninth_port_is_wanted,),
    "another-writer": (clients.another_program,),
    "random-port-or-upnp": (partial(preference, "random_port", True), partial(preference, "upnp", True)),
    "interface-missing": (clients.bound_to_nothing,),
    "address-missing": (clients.bound_to_an_address_that_is_gone,),
    "port-differs": (clients.wrong_port,),
    "nothing-listens": (clients.does_not_listen,),
    "relisten-owed": (clients.relisten_is_owed,),
    "open-to-everybody": (clients.whole_list_is_open,),
    "hairpin": (partial(wg.wireguard, {"device": {"at_home": True, "seen_at": "192.168.1.1:9"}}),),
    "keys-in-the-log": (wg.keys_are_logged,),
    "key-readable": (partial(wg.wireguard, {"folder": {"readable_by_all": ("/wireguard/wg0.conf",)}}),),
    "peers-dns-elsewhere": (partial(wg.wireguard, {"device": {"dns": ("172.18.0.99",)}}),),
    "no-common-network": (wg.no_network_in_common,),
    "dns-silent": (wg.dns_fails,),
    "endpoint-unknown": (_resolved((), "Name or service not known"),),
    "endpoint-elsewhere": (
        _resolved(("192.168.1.9",)), _resolved((VPN_IP,)),
    ),
}  # fmt: skip
"""By the check that must find it first: every way in which that trouble is planted."""
