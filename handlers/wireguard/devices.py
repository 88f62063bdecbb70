"""What a device imports beside its configuration file: a QR code, and Apple profiles with on-demand rules.

The keys of a profile are those of WireGuard's own MOBILECONFIG.md (WireGuard/wireguard-apple) and of Apple's
com.apple.vpn.managed. The shape of the rules is what the app shows as editable: ActivateOnDemandOption.swift there.
"""

from __future__ import annotations

import plistlib
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Literal
from xml.parsers.expat import ExpatError

from handlers.wireguard import qr
from handlers.wireguard.conf import Conf, parse

Platform = Literal["ios", "macos"]

_PLATFORMS: tuple[Platform, ...] = ("ios", "macos")
_TARGET_DEVICE = {"ios": 1, "macos": 5}  # spares the owner of an Apple Watch the question which one is meant
_ELSEWHERE = {"ios": ("Connect", "Cellular"), "macos": ("Disconnect", "Ethernet")}
_NAMESPACE = uuid.UUID("5b1f1f0e-6f43-5a51-9f0e-6d1f8a3c2b47")
_ID = "local.gluehook.wireguard"
_NOT_ON_APPLE = ("FwMark", "Table", "PreUp", "PostUp", "PreDown", "PostDown", "SaveConfig")
_SSID_BYTES = 32  # of IEEE 802.11


def device_names(stem: str) -> tuple[str, ...]:
    """The names of the files that `device_files` makes for the peer `stem` ("peer_iphone"), in its order."""
    return (f"{stem}.png", *(f"{stem}.{platform}.mobileconfig" for platform in _PLATFORMS))


def device_files(
    stem: str, interface: str, text: str, home_ssids: Sequence[str] | None, read: Callable[[str], bytes | None]
) -> dict[str, bytes]:
    """What belongs beside the configuration `text` of the peer `stem` ("peer_iphone"): file name -> content.

    `home_ssids`: the Wi-Fis in which the tunnel is off. None leaves them as the present profile has them, which
    `read(name)` answers (None: there is none), and makes none where there is none. A text that no QR code can hold has
    no picture. Raises Malformed.
    """
    image, *profiles = device_names(stem)
    conf = parse(text.encode(), f"{stem}.conf")
    files = {} if qr.too_long(text) else {image: qr.png(text)}
    for name, platform in zip(profiles, _PLATFORMS, strict=True):
        present = read(name)
        if home_ssids is not None or present is not None:
            ssids = home_ssids_of(present) if home_ssids is None else home_ssids
            files[name] = profile(stem, interface, conf, ssids, platform)
    return files


def wrong_ssid(names: Sequence[str]) -> str | None:
    """What is wrong with a list of Wi-Fi names, as the end of a sentence, or None."""
    for name in names:
        if not (0 < len(name.encode()) <= _SSID_BYTES and name.isprintable()):
            return f"{name!r} is no name of a Wi-Fi, which has 1 to {_SSID_BYTES} bytes on one line"
    return None


# -- Apple's profiles ----------------------------------------------------------------------------------


def profile(stem: str, interface: str, conf: Conf, home_ssids: Sequence[str], platform: Platform) -> bytes:
    """A configuration profile that makes the tunnel, which is off in the Wi-Fis named and on elsewhere.

    Without a Wi-Fi name the tunnel is switched manually, as the device cannot know home. Identifiers depend on the
    server's public key, the interface, the peer and the platform alone: a new import replaces the old one, and none
    that somebody else's server made.
    """
    same = f"{conf.peers[0].get('PublicKey')}/{interface}/{stem}/{platform}"
    remote = conf.peers[0].get("Endpoint") or "WireGuard"  # shown, and must not be empty
    identifier = f"{_ID}.{uuid.uuid5(_NAMESPACE, same)}"
    tunnel = {
        "PayloadType": "com.apple.vpn.managed",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{identifier}.tunnel",
        "PayloadUUID": _uuid(f"{same}/tunnel"),
        "PayloadDisplayName": "VPN",
        "UserDefinedName": stem,
        "VPNType": "VPN",
        "VPNSubType": f"com.wireguard.{platform}",
        "VendorConfig": {"WgQuickConfig": _for_apple(conf)},
        "VPN": {"RemoteAddress": remote, "AuthenticationMethod": "Password", **_on_demand(home_ssids, platform)},
    }
    return plistlib.dumps({
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": identifier,
        "PayloadUUID": _uuid(f"{same}/profile"),
        "PayloadDisplayName": f"WireGuard {stem} ({remote})",
        "TargetDeviceType": _TARGET_DEVICE[platform],
        "PayloadContent": [tunnel],
    })  # fmt: skip


def home_ssids_of(present: bytes | None) -> tuple[str, ...]:
    """The Wi-Fi names of a profile that was made here; none for any other file."""
    try:
        rules = plistlib.loads(present or b"")["PayloadContent"][0]["VPN"].get("OnDemandRules", ())
        return tuple(str(name) for rule in rules for name in rule.get("SSIDMatch", ()))
    except (plistlib.InvalidFileException, ValueError, LookupError, TypeError, AttributeError, ExpatError):
        return ()


def _on_demand(home_ssids: Sequence[str], platform: Platform) -> dict[str, Any]:
    # exactly three rules, in this order: the app shows any other number of them as "off"
    if not home_ssids:
        return {}
    action, interface = _ELSEWHERE[platform]
    return {
        "OnDemandEnabled": 1,
        "OnDemandRules": [
            {"Action": "Disconnect", "InterfaceTypeMatch": "WiFi", "SSIDMatch": list(home_ssids)},
            {"Action": "Connect", "InterfaceTypeMatch": "WiFi"},
            {"Action": action, "InterfaceTypeMatch": interface},
        ],
    }


def _for_apple(conf: Conf) -> str:
    # the app refuses a whole configuration for one key that it does not know
    for key in _NOT_ON_APPLE:
        if conf.interface.entry(key):
            conf = conf.having(conf.interface, key, None)
    return conf.text


def _uuid(name: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, name)).upper()
