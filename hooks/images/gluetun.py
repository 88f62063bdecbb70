"""What gluetun makes of its environment, read as gluetun reads it.

`gluehook init`, `status` and `doctor` call `read` with a container's environment as an inspect shows it (the image's
own variables are among it, such as VPN_SERVICE_PROVIDER=pia), so that all of them agree with gluetun.

The rules are those of gluetun's own reader (qdm12/gosettings: reader/parse, and internal/configuration/settings):
of a variable with older names the oldest that is set counts, even if it is set to nothing; blanks and quotes around a
value are taken off; a list is separated by commas; a switch is one of four words, whatever their case.

Guaranteed: pure, and nothing is raised; what gluetun would refuse is read as if it were not set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PIA = "private internet access"
PORT_FILE = "/tmp/gluetun/forwarded_port"  # noqa: S108 - gluetun's own default
CONTROL_PORT = 8000
Environment = Mapping[str, str]
_TRIMMED = "\t\n\v\f\r \x85\xa0\"'"
_ON, _OFF = ("enabled", "yes", "on", "true"), ("disabled", "no", "off", "false")
# the names of one setting, the one that wins first
_PROVIDER = ("VPNSP", "VPN_SERVICE_PROVIDER")
_REGIONS = ("REGION", "SERVER_REGIONS")
_FORWARDING = ("PORT_FORWARDING", "PRIVATE_INTERNET_ACCESS_VPN_PORT_FORWARDING", "VPN_PORT_FORWARDING")
_STATUS_FILE = (
    "PORT_FORWARDING_STATUS_FILE", "PRIVATE_INTERNET_ACCESS_VPN_PORT_FORWARDING_STATUS_FILE",
    "VPN_PORT_FORWARDING_STATUS_FILE",
)  # fmt: skip
_REDIRECT = ("VPN_PORT_FORWARDING_LISTENING_PORT", "VPN_PORT_FORWARDING_LISTENING_PORTS")


@dataclass(frozen=True, slots=True)
class GluetunSettings:
    """What gluetun is set to do."""

    provider: str  # in small letters; "private internet access" also where the owner wrote pia
    regions: tuple[str, ...]  # as the owner wrote them
    regions_named_by: str  # the variable that holds them
    asks_for_port: bool
    refuses_port: bool  # it is said to be off; where nothing is said, another version may have another default
    port_forward_only: bool | None  # None where it is not set
    port_file: str  # the path inside its container
    control_address: str  # HOST:PORT, the host empty for every address
    redirects_to: tuple[int, ...]  # the ports inside to which it sends what comes in at the forwarded one
    up_command: str
    interface: str

    @property
    def control_port(self) -> int:
        """The port of its control server."""
        port = self.control_address.rpartition(":")[2]
        return int(port) if port.isdecimal() else CONTROL_PORT


def read(environment: Environment) -> GluetunSettings:
    """What gluetun makes of these variables."""
    provider = value(environment, *_PROVIDER).lower() or PIA
    of_wireguard = value(environment, "VPN_TYPE").lower() == "wireguard"
    old_interface = "WIREGUARD_INTERFACE" if of_wireguard else "OPENVPN_INTERFACE"
    return GluetunSettings(
        provider=PIA if provider == "pia" else provider,
        regions=tuple(name.strip() for name in value(environment, *_REGIONS).split(",") if name.strip()),
        regions_named_by=_name_set(environment, _REGIONS) or _REGIONS[-1],
        asks_for_port=bool(_switch(value(environment, *_FORWARDING))),
        refuses_port=_switch(value(environment, *_FORWARDING)) is False,
        port_forward_only=_switch(value(environment, "PORT_FORWARD_ONLY")),
        port_file=value(environment, *_STATUS_FILE) or PORT_FILE,
        control_address=value(environment, "HTTP_CONTROL_SERVER_ADDRESS") or f":{CONTROL_PORT}",
        redirects_to=tuple(int(port) for port in value(environment, *_REDIRECT).split(",") if _is_port(port)),
        up_command=value(environment, "VPN_PORT_FORWARDING_UP_COMMAND"),
        interface=value(environment, old_interface, "VPN_INTERFACE") or "tun0",
    )


def value(environment: Environment, *names: str) -> str:
    """The value of the first of these names that is set, without the blanks and quotes around it."""
    name = _name_set(environment, names)
    return environment[name].strip(_TRIMMED) if name else ""


def _name_set(environment: Environment, names: tuple[str, ...]) -> str:
    return next((name for name in names if name in environment), "")


def _switch(word: str) -> bool | None:
    return True if word.lower() in _ON else False if word.lower() in _OFF else None


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < int(text) < 65536  # 0 is no redirect
