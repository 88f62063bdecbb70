"""WireGuard and its DNS server: keys that leak, names that lead nowhere, devices that ask the wrong one."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from hooks.doctor.checks.check import Found, check, compose_up
from hooks.doctor.facts.derived import asks_adguard
from hooks.doctor.facts.model import Server, Unread, WireGuard

_FAILED = ("SERVFAIL", "REFUSED")


def _seen(server: Server) -> WireGuard | None:
    return server.wireguard if isinstance(server.wireguard, WireGuard) else None


def _host(endpoint: str) -> str:
    return endpoint.rpartition(":")[0].strip("[]")


def _is_private(address: str) -> bool:
    """Whether no packet from the internet could have this address."""
    try:
        return not ip_address(address).is_global
    except ValueError:
        return False


@check(
    "risk",
    says="a device at home has its tunnel on: it is seen at an address of the LAN, often the router's",
    why="all its traffic goes through the router back into the house (hairpin NAT), slowly; and a device that found "
    "the server by its address at home keeps calling that one when it leaves",
)
def hairpin(server: Server) -> Iterator[Found]:
    """Only where the last handshake is fresh."""
    seen = _seen(server)
    for device in seen.devices if seen else ():
        if device.at_home:
            yield Found(
                f"'{device.name}' is connected from {_host(device.seen_at)}",
                "in its WireGuard app edit the tunnel: On-Demand Activation: Cellular on, Wi-Fi on, 'Except these "
                "SSIDs': the name of your Wi-Fi at home. Or give the rule's wireguard.regenerate_peers "
                'home_ssids = ["your Wi-Fi"] and import the profile that it writes',
            )


@check(
    "risk",
    says="`LOG_CONFS` is on at linuxserver/wireguard, which is its default",
    why="each start prints the QR codes with every device's private key into `docker logs wireguard`",
)
def keys_in_the_log(server: Server) -> Iterator[Found]:
    """Only with the image that has such a variable."""
    box = server.boxes.get(server.settings.wireguard_container)
    if box and "linuxserver/wireguard" in box.container.image:
        said = box.environment.get("LOG_CONFS", "")
        if said.lower() != "false":
            yield Found(
                f"LOG_CONFS is {said}" if said else "LOG_CONFS is not set, which means true",
                'set LOG_CONFS: "false" at wireguard\'s environment; the command also removes the old log',
                (compose_up("wireguard", anew=True),),
            )


@check(
    "risk",
    says="a file with a private key is readable by every user",
    why="whoever reads it can pose as the server or as that device",
)
def key_readable(server: Server) -> Iterator[Found]:
    """The image writes wg0.conf so when it was deleted and no new key is made."""
    files = seen.readable_by_all if (seen := _seen(server)) else ()
    if files:
        shown = ", ".join(files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
        yield Found(f"readable by all: {shown}", "shut them for all but their owner", (f"chmod 600 {' '.join(files)}",))


@check(
    "broken",
    says="a device's DNS server is not AdGuard",
    why="AdGuard has another address now: that device finds no name, or goes unfiltered",
)
def peers_dns_elsewhere(server: Server) -> Iterator[Found]:
    """As the devices' files say."""
    seen, adguard = _seen(server), server.adguard
    if not seen or not adguard or not any(adguard.addresses.values()):
        return
    off = [device for device in seen.devices if not asks_adguard(device, seen, adguard)]
    if off:
        names = ", ".join(f"{device.name} ({', '.join(device.dns) or 'none'})" for device in off)
        now = ", ".join(filter(None, adguard.addresses.values()))
        yield Found(
            f"'{adguard.container}' is at {now}, and the DNS of these is another: {names}",
            "the rule peers-follow-dns rewrites their files within seconds, if it is in force; import them again on "
            "the devices. For good: give AdGuard a fixed ipv4_address in the compose file",
        )


@check(
    "broken",
    says="WireGuard and AdGuard share no network",
    why="no device can reach its DNS server through the tunnel",
)
def no_common_network(server: Server) -> Iterator[Found]:
    """Where both have networks of their own."""
    box = server.boxes.get(server.settings.wireguard_container)
    theirs = set(server.adguard.addresses) if server.adguard else set()
    if box and box.container.running and box.networks and theirs and not box.networks & theirs:
        yield Found(
            f"'{box.container.name}' is on {', '.join(sorted(box.networks))}, "
            f"'{server.adguard.container if server.adguard else ''}' on {', '.join(sorted(theirs))}",
            "in the compose file give both services one network in common",
            (compose_up(),),
        )


@check(
    "broken",
    says="AdGuard does not answer a DNS question, or has no answer from its own servers",
    why="no device finds any name",
)
def dns_silent(server: Server) -> Iterator[Found]:
    """It is asked for the name that the devices call."""
    seen = server.adguard
    if seen and (isinstance(seen.answer, Unread) or seen.answer in _FAILED):
        said = seen.answer.why if isinstance(seen.answer, Unread) else f"it answers {seen.answer}"
        yield Found(
            f"'{seen.container}': {said}",
            "is DNS on port 53 in its set-up, and do its upstream servers answer? Its log tells",
            (f"docker logs --tail 50 {seen.container}",),
        )


@check(
    "broken",
    says="the name that devices call leads nowhere",
    why="no device can connect from outside",
)
def endpoint_unknown(server: Server) -> Iterator[Found]:
    """An empty one comes from SERVERURL=auto at a start without internet."""
    for name in server.names:
        if not name.addresses:
            yield Found(
                f"'{name.host}' cannot be resolved ({name.error})",
                f"does {name.host} exist, and does your dynamic DNS follow your address?",
                (f"getent hosts {name.host}",),
            )
    seen = _seen(server)
    without = [device.name for device in seen.devices if not _host(device.endpoint)] if seen else []
    if without:
        yield Found(
            f"no Endpoint in the file of {', '.join(without)}",
            "set SERVERURL at wireguard to the name of this house, not auto",
            (compose_up("wireguard"),),
        )


@check(
    "risk",
    says="the name that devices call does not lead to this house's public address",
    why="no device can connect from outside, or only until it leaves the house",
)
def endpoint_elsewhere(server: Server) -> Iterator[Found]:
    """Compared with `--public-ip`; without it, only what cannot be a public address of the house is known."""
    for name in server.names:
        said = _leads_elsewhere(server, name.addresses) if name.addresses else ""
        if said:
            yield Found(
                f"'{name.host}' is {', '.join(name.addresses)}, {said}",
                "correct the address at your dynamic DNS. If only this house sees another one (a DNS rewrite), the "
                "devices must not have their tunnel on at home: On-Demand Activation, except the SSID of your Wi-Fi",
            )


def _leads_elsewhere(server: Server, addresses: tuple[str, ...]) -> str:
    """Why these cannot be the house's public address, "" if they can."""
    vpn = getattr(server.gluetun, "public_ip", "")
    if vpn in addresses:
        return "which is the address of the VPN, where no device can come in"
    if server.public_ip and server.public_ip not in addresses:
        return f"and the house's public address is {server.public_ip}"
    return "which no device can reach from outside" if any(map(_is_private, addresses)) else ""
