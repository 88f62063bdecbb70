"""Faults that are planted on a random server, by the check that must find them, each with all that follows from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

from handlers.shared.docker_rights import Refused
from hooks.doctor.facts.model import Gluehook, Gluetun, HostName, OtherClient, Refusal, Unread, WireGuard
from hooks.world.model import PortFile
from tests.doctor.random_servers import VPN_IP, Home
from tests.parts.values.server_facts import NOW_S, container

Plant = Callable[[Home, Random], bool]
"""Breaks something, with all that follows from it on a real server; returns whether that is possible on this one."""
EMPTY = PortFile((), "", "2-1", int((NOW_S - 900) * 1e9))
_SILENT = Unread("cannot be reached: it does not answer")


def _lose_network(home: Home, name: str) -> None:
    """What is in this container's network namespace is not reached any more."""
    if name == home.gluetun:
        home.facts["gluetun"] = _SILENT
    if name == home.torrent or (name == home.gluetun and home.inside):
        home.facts["qbittorrent"] = _SILENT
    if "adguard" in home.containers and home.containers["adguard"].parent and name == home.gluetun:
        home.set_fact("adguard", answer=Unread("did not answer in time"))


def _lose_tunnel(home: Home) -> None:
    home.facts["port_file"] = EMPTY
    if "adguard" in home.containers and home.containers["adguard"].parent:
        home.set_fact("adguard", answer="SERVFAIL")
    if home.inside and home.facts["qbittorrent"].preferences["current_network_interface"]:
        home.set_fact("qbittorrent", interfaces=("lo", "eth0"), tunnel=(), listening=(), connection="disconnected")


def _says_no_port(home: Home, rng: Random) -> None:
    """`gluehook health` complains after some minutes without a port."""
    if rng.random() < 0.5:
        said = "gluehook sees no valid port for 400 s although gluetun runs: see its log for why"
        home.facts["gluehook"] = Gluehook(False, (said,))


def _stop(home: Home, name: str, *, killed: bool = False) -> None:
    code = 137 if killed else 0
    home.change(name, running=False, exit_code=code, finished_at=int((NOW_S - 300) * 1e9))
    if name == home.gluetun and not killed:
        home.facts["port_file"] = EMPTY
    _lose_network(home, name)


def gluetun_stops(home: Home, rng: Random) -> bool:
    _stop(home, home.gluetun, killed=rng.random() < 0.5)
    home.change(home.gluetun, health=rng.choice(["", "unhealthy"]))  # an inspect may keep the last health
    return True


def container_has_another_name(home: Home, rng: Random) -> bool:
    """A setting goes on naming it as before; everything is reached as before."""
    name = rng.choice([home.gluetun, home.torrent])
    home.containers["stack-program-1"] = replace(home.containers.pop(name), name="stack-program-1")
    return True


def torrent_stops(home: Home, rng: Random) -> bool:
    _stop(home, home.torrent, killed=rng.random() < 0.5)
    return True


def adguard_stops(home: Home, _: Random) -> bool:
    if "adguard" not in home.containers:
        return False
    home.change("adguard", running=False, addresses={})
    home.set_fact("adguard", running=False, addresses={}, answer=None)
    return True


def is_paused(home: Home, rng: Random) -> bool:
    name = rng.choice([home.gluetun, home.torrent])
    home.change(name, paused=True)
    if name == home.gluetun:
        home.facts["gluetun"] = _SILENT
    else:
        home.facts["qbittorrent"] = _SILENT
    return True


def another_holder_stops(home: Home, rng: Random) -> bool:
    """A container in whose network another one is, and which gluehook knows by no setting."""
    joined = {one.parent: one for one in home.containers.values() if one.parent and one.running}
    holders = [one for one in home.containers.values() if one.id in joined and one.name != home.gluetun]
    if not holders or not home.inside or any(one.name == home.torrent for one in holders):
        return False
    _stop(home, rng.choice(holders).name)
    return True


def gluetun_restarts(home: Home, _: Random) -> bool:
    """Its dependents are left in the old namespace."""
    if not home.inside:
        return False
    home.change(home.gluetun, started_at=int((NOW_S - 45) * 1e9))
    home.facts["port_file"] = replace(home.facts["port_file"], mtime=int((NOW_S - 35) * 1e9))
    _lose_network(home, home.gluetun)
    home.facts["gluetun"] = Gluetun("running", VPN_IP, "Panama", home.facts["port_file"].ports[0])
    return True


def could_not_join(home: Home, _: Random) -> bool:
    if not home.inside:
        return False
    home.change(home.torrent, running=False, error="cannot join network of a non running container: abc", exit_code=128)
    home.facts["qbittorrent"] = _SILENT
    return True


def gluetun_is_re_created(home: Home, rng: Random) -> bool:
    """By its labels Compose shows whose containers these are."""
    if not home.inside or not home.containers[home.gluetun].labels:
        return False
    for name, one in home.containers.items():
        if one.parent == f"{home.gluetun}-id":
            depends = {"com.docker.compose.depends_on": f"{home.gluetun}:service_started:true"}
            home.change(name, labels={**one.labels, **depends})
    home.change(home.gluetun, id="new-id", started_at=int((NOW_S - 100) * 1e9))
    home.facts["port_file"] = replace(home.facts["port_file"], mtime=int((NOW_S - rng.uniform(40, 80)) * 1e9))
    _lose_network(home, home.gluetun)
    home.facts["gluetun"] = Gluetun("running", VPN_IP, "Panama", home.facts["port_file"].ports[0])
    return True


def its_holder_is_gone(home: Home, _: Random) -> bool:
    home.change(home.torrent, network_mode="container:gone-for-good", addresses={}, labels={})
    home.facts["qbittorrent"] = _SILENT
    return True


def gluetun_is_being_re_created(home: Home, _: Random) -> bool:
    if not home.inside:
        return False
    del home.containers[home.gluetun]
    _lose_network(home, home.gluetun)
    home.facts |= {"gluetun": None, "port_file": EMPTY}
    return True


def gluehook_is_inside(home: Home, _: Random) -> bool:
    if "gluehook" not in home.containers:
        return False
    home.change("gluehook", network_mode=f"container:{home.gluetun}-id", addresses={})
    home.facts |= {"gluetun": _SILENT, "qbittorrent": _SILENT}
    return True


def healer(home: Home, rng: Random) -> bool:
    labels, image = rng.choice(
        [({}, "willfarrell/autoheal"), ({"deunhealth.restart.on.unhealthy": "true"}, "qmcgaw/deunhealth")]
    )
    home.change(home.gluetun, labels={**home.containers[home.gluetun].labels, **labels})
    environment = {} if labels else {"AUTOHEAL_CONTAINER_LABEL": "all"}
    home.containers["healer"] = container("healer", image=image, environment=environment)
    return True


def vpn_is(status: str, home: Home, rng: Random) -> bool:
    home.facts["gluetun"] = Gluetun(status)
    _lose_tunnel(home)
    _says_no_port(home, rng)
    return True


def unhealthy(home: Home, rng: Random) -> bool:
    home.change(home.gluetun, health="unhealthy")
    home.facts["gluetun"] = Gluetun("running")
    _lose_tunnel(home)
    _says_no_port(home, rng)
    return True


def no_port(home: Home, rng: Random) -> bool:
    home.facts |= {"gluetun": Gluetun("running", VPN_IP, "Panama", 0), "port_file": EMPTY}
    _says_no_port(home, rng)
    return True


def no_region_forwards(home: Home, rng: Random) -> bool:
    _regions(home, rng.choice(["US East", "us texas, US East", "'US Chicago'", "US Tennessee"]))
    home.facts["gluetun"] = Gluetun("crashed")
    _lose_tunnel(home)
    _says_no_port(home, rng)
    return True


def forward_only_off(home: Home, rng: Random) -> bool:
    _regions(home, "US East")
    home.set_variables(home.gluetun, PORT_FORWARD_ONLY='"off"')
    return no_port(home, rng)


def region_is_misspelt(home: Home, _: Random) -> bool:
    _regions(home, "Mexcio")
    _stop(home, home.gluetun)
    return True


def _regions(home: Home, regions: str) -> None:
    kept = {k: v for k, v in home.containers[home.gluetun].environment.items() if k not in ("VPNSP", "REGION")}
    home.change(home.gluetun, environment={**kept, "VPN_SERVICE_PROVIDER": "pia", "SERVER_REGIONS": regions})


def fact(name: str, value: Any, home: Home, _: Random) -> bool:
    """A fact of the server is this one."""
    home.facts[name] = value
    return True


def control_is_silent(home: Home, _: Random) -> bool:
    """gluehook and gluetun have no network in common."""
    home.facts["gluetun"] = _SILENT
    if home.inside:
        home.facts["qbittorrent"] = _SILENT
    return True


def web_ui_is_silent(home: Home, _: Random) -> bool:
    home.facts["qbittorrent"] = _SILENT
    return True


def refused(kind: str, home: Home, _: Random) -> bool:
    home.facts["qbittorrent"] = Refusal(kind, "qBittorrent answers no")
    return True


def preference(name: str, value: Any, home: Home, _: Random) -> bool:
    home.set_fact("qbittorrent", preferences={**home.facts["qbittorrent"].preferences, name: value})
    return True


def whole_list_is_open(home: Home, _: Random) -> bool:
    preference("bypass_auth_subnet_whitelist_enabled", True, home, _)
    return preference("bypass_auth_subnet_whitelist", "10.0.0.0/8, 0.0.0.0/0", home, _)


def port_set_at_start(home: Home, rng: Random) -> bool:
    home.set_variables(
        home.torrent, **{rng.choice(["TORRENTING_PORT", "QBT_TORRENTING_PORT", "INCOMING_PORT"]): "6881"}
    )
    return preference("listen_port", 6881, home, rng) if rng.random() < 0.5 else True


def redirected(home: Home, rng: Random) -> bool:
    home.set_variables(
        home.gluetun,
        **{rng.choice(["VPN_PORT_FORWARDING_LISTENING_PORT", "VPN_PORT_FORWARDING_LISTENING_PORTS"]): "6881"},
    )
    return True


def wrong_port(home: Home, rng: Random) -> bool:
    return preference("listen_port", 6881, home, rng)


def bound_to_nothing(home: Home, rng: Random) -> bool:
    home.set_fact("qbittorrent", listening=())
    return preference("current_network_interface", "tun9", home, rng)


def bound_to_an_address_that_is_gone(home: Home, rng: Random) -> bool:
    home.set_fact("qbittorrent", listening=(), bindable=("10.8.0.2",))
    return preference("current_interface_address", "10.9.9.9", home, rng)


def does_not_listen(home: Home, _: Random) -> bool:
    home.set_fact("qbittorrent", listening=("172.18.0.2",) if home.inside else ())
    return True


def relisten_is_owed(home: Home, _: Random) -> bool:
    home.facts["applied"] = {"generation": "0-0", "port": 1}
    return True


def another_program(home: Home, rng: Random) -> bool:
    command = rng.choice(
        ["/bin/sh -c 'curl --data {{PORT}} x'", "/gluetun/up.sh", 'wget --post-data json={"listen_port":1}']
    )
    if rng.random() < 0.5:
        home.set_variables(home.gluetun, VPN_PORT_FORWARDING_UP_COMMAND=command)
    else:
        image = rng.choice(
            ["me/qbittorrent-port-manager:1", "ghcr.io/monstermuffin/qsticky", "geoffreycoulaud/glueforward"]
        )
        home.containers["writer"] = container("writer", image=image)
    return True


def file_is(file: PortFile, home: Home, _: Random) -> bool:
    home.facts["port_file"] = file
    return True


def folder_is_missing(home: Home, _: Random) -> bool:
    home.facts |= {"port_file": PortFile(), "port_folder_missing": True}
    return True


def other_folder(home: Home, _: Random) -> bool:
    home.facts["port_file"] = PortFile()
    return True


def stale_file(home: Home, _: Random) -> bool:
    """gluetun was killed, and does not get its port again; its control server shows nothing to gluehook."""
    old = home.containers[home.gluetun].started_at - 10**9
    home.facts["port_file"] = replace(home.facts["port_file"], mtime=old)
    home.facts["gluetun"] = Gluetun("starting")
    return True


def port_is_missing(home: Home, rng: Random) -> bool:
    """The control server shows no public address, so the tunnel's state is not known."""
    home.facts |= {"gluetun": Gluetun("running"), "port_file": EMPTY}
    _says_no_port(home, rng)
    return True


def gluehook_is_down(home: Home, rng: Random) -> bool:
    home.facts["gluehook"] = Gluehook(False, ("no heartbeat at /state/heartbeat.json: gluehook is not running",))
    return preference("listen_port", 6881, home, rng) if rng.random() < 0.5 else True


def docker_is_gone(home: Home, _: Random) -> bool:
    home.facts |= {"docker": Unread("nothing listens at /var/run/docker.sock: Docker is not running there"),
                   "dependents": (), "orphans": (), "wireguard": None, "adguard": None, "names": ()}  # fmt: skip
    home.facts["gluehook"] = Gluehook(False, ("the source docker is lost for 70 s: nothing listens",))
    return True


def list_is_incomplete(home: Home, _: Random) -> bool:
    """An entry of Docker's list has no name, as a dead container's."""
    home.doubts = ("an entry of Docker's list has no name",)
    return True


def open_access(home: Home, rng: Random) -> bool:
    if rng.random() < 0.5:
        home.facts["access"] = replace(home.facts["access"], is_socket=False, tls=False, unneeded=("INFO",))
    elif "gluehook" in home.containers:
        home.change("gluehook", privileged=True)
    else:
        home.facts["access"] = replace(home.facts["access"], is_socket=True, writable_by_all=True)
    return True


def wireguard(changed: Mapping[str, Any], home: Home, _: Random) -> bool:
    if "wireguard" not in home.facts:
        return False
    seen: WireGuard = home.facts["wireguard"]
    first = replace(seen.devices[0], **changed.get("device", {}))
    home.set_fact("wireguard", devices=(first, *seen.devices[1:]), **changed.get("folder", {}))
    return True


def keys_are_logged(home: Home, _: Random) -> bool:
    if "wireguard" not in home.containers:
        return False
    home.change("wireguard", environment={})
    return True


def no_network_in_common(home: Home, _: Random) -> bool:
    if "wireguard" not in home.containers or home.containers["adguard"].parent:
        return False
    home.change("wireguard", addresses={"another": ("172.20.0.2",)})
    return True


def dns_fails(home: Home, rng: Random) -> bool:
    if "adguard" not in home.containers:
        return False
    home.set_fact("adguard", answer=rng.choice(["SERVFAIL", "REFUSED", Unread("did not answer in time")]))
    return True


def names_are(names: tuple[HostName, ...], home: Home, _: Random) -> bool:
    if "wireguard" not in home.facts:
        return False
    home.facts["names"] = names
    return True


_LOST = "home.example.net"
FAULTS: Mapping[str, tuple[Plant, ...]] = {
    "docker-unreachable": (docker_is_gone,),
    "docker-right-missing": (
        partial(fact, "refused", (Refused("POST", f"/containers/{'0' * 64}/restart", 403, ("rejoin-network",)),)),
        partial(fact, "refused", (Refused("POST", f"/containers/{'0' * 64}/start", 405, ("rejoin-network",)),)),
    ),
    "docker-wide-open": (open_access,),
    "docker-list-incomplete": (list_is_incomplete,),
    "gluehook-unwell": (gluehook_is_down,),
    "rules-rejected": (partial(fact, "gluehook", Gluehook(True, ("healthy",), rules_rejected="it has 2 errors")),),
    "secret-without-value": (partial(fact, "secrets", ("rule hook needs ${secret:HOOK}; set HOOK_FILE",)),),
    "region-cannot-forward": (no_region_forwards,),
    "port-forward-only-off": (forward_only_off,),
    "region-unknown": (region_is_misspelt,),
    "container-not-found": (container_has_another_name,),
    "role-unclear": (partial(fact, "unclear_roles", ("'vpn-a' and 'vpn-b' are gluetun, and one is meant; name it",)),),
    "container-down": (gluetun_stops, torrent_stops, adguard_stops),
    "container-paused": (is_paused,),
    "dependent-waiting": (another_holder_stops,),
    "dependent-stale": (gluetun_restarts,),
    "dependent-stranded": (could_not_join,),
    "dependent-elsewhere": (gluetun_is_re_created,),
    "orphaned": (its_holder_is_gone, gluetun_is_being_re_created),
    "own-namespace-shared": (gluehook_is_inside,),
    "healer-restarts-gluetun": (healer,),
    "tunnel-down": (partial(vpn_is, "crashed"), partial(vpn_is, "stopped")),
    "gluetun-unhealthy": (unhealthy,),
    "tunnel-without-port": (no_port,),
    "control-server-closed": (partial(fact, "gluetun", Refusal("closed", "answers 401")),),
    "control-server-silent": (control_is_silent,),
    "control-server-behind-proxy": (partial(fact, "gluetun", Refusal("proxy", "a proxy answers 403; allow it there")),),
    "control-server-https": (partial(fact, "gluetun", Refusal("https", "it speaks https; write https://")),),
    "web-ui-behind-proxy": (partial(refused, "proxy"), partial(refused, "proxy-login")),
    "web-ui-https": (partial(refused, "https"),),
    "port-file-mounted-alone": (partial(fact, "port_file_is_mounted", True),),
    "port-folder-missing": (folder_is_missing,),
    "port-file-unreadable": (
        partial(file_is, PortFile((), "the port file x cannot be read: permission denied; chmod a+r x", "1-1", 1)),
        partial(file_is, PortFile((), "the port file x cannot be read: is a directory; it must", "1-1", 1)),
    ),
    "port-file-garbage": (
        partial(file_is, PortFile((), "the port file x holds something else than a number in line 1; y", "1-1", 1)),
    ),
    "port-file-elsewhere": (other_folder,),
    "port-file-stale": (stale_file,),
    "port-missing": (port_is_missing,),
    "password-rejected": (partial(refused, "password"),),
    "api-key-rejected": (partial(refused, "api-key"),),
    "address-banned": (partial(refused, "banned"),),
    "host-header-refused": (partial(refused, "host"),),
    "login-missing": (partial(refused, "no-login"),),
    "web-ui-silent": (web_ui_is_silent,),
    "torrenting-port-set": (port_set_at_start,),
    "port-redirected": (redirected,),
    "port-not-forwarded": (partial(fact, "clients", (OtherClient("isos", "transmission", "gluetun", 6881, 2),)),),
    "another-writer": (another_program,),
    "random-port-or-upnp": (partial(preference, "random_port", True), partial(preference, "upnp", True)),
    "interface-missing": (bound_to_nothing,),
    "address-missing": (bound_to_an_address_that_is_gone,),
    "port-differs": (wrong_port,),
    "nothing-listens": (does_not_listen,),
    "relisten-owed": (relisten_is_owed,),
    "open-to-everybody": (whole_list_is_open,),
    "hairpin": (partial(wireguard, {"device": {"at_home": True, "seen_at": "192.168.1.1:9"}}),),
    "keys-in-the-log": (keys_are_logged,),
    "key-readable": (partial(wireguard, {"folder": {"readable_by_all": ("/wireguard/wg0.conf",)}}),),
    "peers-dns-elsewhere": (partial(wireguard, {"device": {"dns": ("172.18.0.99",)}}),),
    "no-common-network": (no_network_in_common,),
    "dns-silent": (dns_fails,),
    "endpoint-unknown": (partial(names_are, (HostName(_LOST, (), "Name or service not known"),)),),
    "endpoint-elsewhere": (
        partial(names_are, (HostName(_LOST, ("192.168.1.9",)),)), partial(names_are, (HostName(_LOST, (VPN_IP,)),)),
    ),
}  # fmt: skip
"""By the check that must find it first: every way in which that trouble is planted."""
