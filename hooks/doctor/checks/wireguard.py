"""Checks of WireGuard and its DNS server: readable keys, names that cannot be resolved, devices with another DNS."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from hooks.doctor.checks.check import NO_NETWORK, NO_TUNNEL, Finding, broken, risk
from hooks.doctor.checks.commands import logs, rule_for, up
from hooks.doctor.facts.derived import asks_adguard, host_of
from hooks.doctor.facts.model import Server, Unread, WireGuard

_FAILED = ("SERVFAIL", "REFUSED")


def _read(server: Server) -> WireGuard | None:
    return server.wireguard if isinstance(server.wireguard, WireGuard) else None


@risk(
    "all its traffic goes through the router back into the house (hairpin NAT), slowly; and a device that found the "
    "server by its address at home keeps calling that one when it leaves"
)
def hairpin(server: Server) -> Iterator[Finding]:
    """A device at home has its tunnel on: its packets come from an address of the LAN, often the router's."""
    # only a device with a fresh handshake counts
    seen = _read(server)
    for device in seen.devices if seen else ():
        if device.at_home:
            yield Finding(
                f"'{device.name}' is connected from {host_of(device.seen_at)}",
                "in its WireGuard app edit the tunnel: On-Demand Activation: Cellular on, Wi-Fi on, 'Except these "
                "SSIDs': the name of your Wi-Fi at home. Or give the rule's wireguard.regenerate_peers "
                'home_ssids = ["your Wi-Fi"] and import the profile that it writes',
            )


@risk("each start prints the QR codes with every device's private key into `docker logs wireguard`")
def keys_in_the_log(server: Server) -> Iterator[Finding]:
    """`LOG_CONFS` is on at linuxserver/wireguard, which is its default."""
    container = server.inspected_wireguard
    if container and "linuxserver/wireguard" in container.image:
        value = container.environment.get("LOG_CONFS", "").strip()
        if value.lower() != "false":
            yield Finding(
                f"LOG_CONFS is {value}" if value else "LOG_CONFS is not set, which means true",
                f'set LOG_CONFS: "false" at {container.name}\'s environment; its re-creation also removes the old log',
                up(server, container.name, recreate=True),
                about=container.name,
            )


@risk("every user who reads it can pose as the server or as that device")
def key_readable(server: Server) -> Iterator[Finding]:
    """A file with a private key is readable by every user."""
    # the image writes wg0.conf in that mode when it was deleted and no new key is made
    files = seen.readable_by_all if (seen := _read(server)) else ()
    if files:
        shown = ", ".join(files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
        yield Finding(f"readable by all: {shown}", "allow only their owner to read them",
                      (f"chmod 600 {' '.join(files)}",))  # fmt: skip


@broken("AdGuard has another address now: that device resolves no name, or goes unfiltered",
        follows=("gluehook-unwell",))  # fmt: skip
def peers_dns_elsewhere(server: Server) -> Iterator[Finding]:
    """A device's DNS server is not AdGuard."""
    # the source is the devices' files
    seen, adguard = _read(server), server.adguard
    if not seen or not adguard or not any(adguard.addresses.values()):
        return
    off = [device for device in seen.devices if not asks_adguard(device, seen, adguard)]
    if off:
        names = ", ".join(f"{device.name} ({', '.join(device.dns) or 'none'})" for device in off)
        now = ", ".join(filter(None, adguard.addresses.values()))
        yield Finding(
            f"'{adguard.container}' is at {now}, and these devices have another DNS server: {names}",
            f"{_rewrites(server)}; import them again on the devices. To settle it: give {adguard.container} a fixed "
            "ipv4_address in the compose file",
            about=adguard.container,
        )


def _rewrites(server: Server) -> str:
    rule = rule_for(server, "wireguard.regenerate_peers")
    return f"a run of {rule} rewrites their files within seconds" if rule else "no rule rewrites their files: do it"


@broken("no device can reach its DNS server through the tunnel")
def no_common_network(server: Server) -> Iterator[Finding]:
    """WireGuard and AdGuard share no network."""
    # nothing is found where one of them has no network of its own
    container, adguard = server.inspected_wireguard, server.adguard
    ours = set(container.addresses) if container and container.running else set()
    theirs = set(adguard.addresses) if adguard else set()
    if container and adguard and ours and theirs and not ours & theirs:
        yield Finding(
            f"'{container.name}' is on {', '.join(sorted(ours))}, '{adguard.container}' on {', '.join(sorted(theirs))}",
            "in the compose file give both services one network in common",
            up(server, container.name, adguard.container),
            about=container.name,
        )


@broken("no device can resolve a name", follows=(*NO_NETWORK, *NO_TUNNEL))
def dns_silent(server: Server) -> Iterator[Finding]:
    """AdGuard does not answer a DNS question, or gets no answer from its upstream servers."""
    # the question is the name that the devices call
    seen = server.adguard
    if seen and (isinstance(seen.answer, Unread) or seen.answer in _FAILED):
        found = seen.answer.why if isinstance(seen.answer, Unread) else f"it answers {seen.answer}"
        yield Finding(
            f"'{seen.container}': {found}",
            "does its set-up have DNS on port 53, and do its upstream servers answer? Its log shows why",
            logs(seen.container),
            about=seen.container,
        )


@broken("no device can connect from outside")
def endpoint_unknown(server: Server) -> Iterator[Finding]:
    """The name that devices call cannot be resolved, or is missing in a file."""
    # it is missing after a start with SERVERURL=auto and without internet
    for name in server.names:
        if not name.addresses:
            yield Finding(
                f"'{name.host}' cannot be resolved ({name.error})",
                f"does {name.host} exist, and does your dynamic DNS follow your address?",
                (f"getent hosts {name.host}",),
            )
    seen = _read(server)
    without = [device.name for device in seen.devices if not host_of(device.endpoint)] if seen else []
    if without:
        yield Finding(
            f"no Endpoint in the file of {', '.join(without)}",
            f"set SERVERURL at {server.settings.wireguard_container} to the name of this house, not auto",
            up(server, server.settings.wireguard_container),
            about=server.settings.wireguard_container,
        )


@risk("no device can connect from outside, or only until it leaves the house")
def endpoint_elsewhere(server: Server) -> Iterator[Finding]:
    """The name that devices call does not lead to this house's public address."""
    # it is compared with `--public-ip`; without that option only impossible addresses are found
    for name in server.names:
        reason = _wrong_address(server, name.addresses) if name.addresses else ""
        if reason:
            yield Finding(
                f"'{name.host}' is {', '.join(name.addresses)}, {reason}",
                "correct the address at your dynamic DNS. If only this house sees another one (a DNS rewrite), the "
                "devices must not have their tunnel on at home: On-Demand Activation, except the SSID of your Wi-Fi",
            )


def _wrong_address(server: Server, addresses: tuple[str, ...]) -> str:
    """Why these cannot be the house's public address, "" if they can."""
    vpn = getattr(server.gluetun, "public_ip", "")
    if vpn in addresses:
        return "which is the address of the VPN, where no device can come in"
    if server.public_ip and server.public_ip not in addresses:
        return f"and the house's public address is {server.public_ip}"
    return "which no device can reach from outside" if any(map(_is_private, addresses)) else ""


def _is_private(address: str) -> bool:
    """Whether no packet from the internet could have this address."""
    try:
        return not ip_address(address).is_global
    except ValueError:
        return False
