"""What creates a container again, from what an inspect shows of it.

recreate.py calls `body` with the whole answer of an inspect and the ids that have changed since. Nothing here calls
Docker.
Every reference to another container is kept, by its present id. A path is compared as Docker compares it: `/config/`,
`/config` and `//config` are one mount point. Anonymous volumes are named, so that their content stays.
"""

from __future__ import annotations

import copy
import posixpath
from collections.abc import Callable, Iterable, Mapping
from typing import Any

# what Docker refuses beside another's network, as it is that one's to have
_NOT_ITS_OWN = ("Hostname", "Domainname", "ExposedPorts", "MacAddress")
_MODES = {"": "bridge", "default": "bridge"}  # what they mean
_ASKED = ("IPAMConfig", "Links", "DriverOpts", "GwPriority")
_SHORT_ID = 12
_JOINED = ("NetworkMode", "PidMode", "IpcMode")
Present = Callable[[str], str]  # the id or name of a container in a configuration -> its present id, or the same


def body(raw: Mapping[str, Any], present: Present, image: str | None = None) -> dict[str, Any]:
    """What creates it again. `image` overrides the name that it was made from."""
    config, host = dict(raw["Config"]), copy.deepcopy(raw["HostConfig"])
    if _joined_network(raw):
        config = {key: value for key, value in config.items() if key not in _NOT_ITS_OWN}
        host["PortBindings"], host["PublishAllPorts"] = None, False
    elif config.get("Hostname") == raw["Id"][:_SHORT_ID]:
        del config["Hostname"]  # nobody gave it one
    for kind in _JOINED:
        host[kind] = _joined(host.get(kind), present)
    host["VolumesFrom"] = _each(host.get("VolumesFrom"), present)
    host["Links"] = _each(host.get("Links"), present)
    inherits = bool(host["VolumesFrom"])
    _keep_volumes(host, [mount for mount in raw["Mounts"] if not inherits or _is_own(mount, raw)])
    first = {name: asked for name, asked in networks(raw).items() if _is_first(name, raw) and name != "bridge"}
    networking = {"NetworkingConfig": {"EndpointsConfig": first}} if first else {}
    return {**config, "Image": image or config["Image"], "HostConfig": host, **networking}


def networks(raw: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The networks of its own, by name, with what was asked for: addresses, aliases, links and options."""
    if _joined_network(raw):
        return {}
    shown = (raw.get("NetworkSettings") or {}).get("Networks") or {}
    return {name: _asked(network or {}, raw) for name, network in shown.items() if name not in ("host", "none")}


def further_networks(raw: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Those that it must be connected to after its creation: before API 1.44 that takes one network only."""
    return {name: asked for name, asked in networks(raw).items() if not _is_first(name, raw)}


def platform(raw: Mapping[str, Any]) -> str | None:
    """The platform of its image, "linux/arm64/v8"; None where Docker does not show it.

    Docker shows it from version 28 on, with the containerd image store, where one image id stands for many platforms.
    """
    shown = (raw.get("ImageManifestDescriptor") or {}).get("platform") or {}
    parts = [shown.get(key) for key in ("os", "architecture", "variant")]
    return "/".join(str(part) for part in parts if part) if all(parts[:2]) else None


def cleaned(path: str) -> str:
    """An absolute path as Docker compares it."""
    return posixpath.normpath(f"/{path.lstrip('/')}")  # normpath alone keeps two slashes at the beginning


def _joined_network(raw: Mapping[str, Any]) -> bool:
    return str(raw["HostConfig"].get("NetworkMode") or "").startswith("container:")


def _is_first(name: str, raw: Mapping[str, Any]) -> bool:
    """Whether the container is created in this network: its NetworkMode is the network's name or id."""
    mode = raw["HostConfig"].get("NetworkMode") or ""
    return _MODES.get(mode, mode) in (name, (raw["NetworkSettings"]["Networks"][name] or {}).get("NetworkID"))


def _asked(network: Mapping[str, Any], raw: Mapping[str, Any]) -> dict[str, Any]:
    asked = {key: network[key] for key in _ASKED if network.get(key)}
    # Docker adds the beginning of the id, until version 25 to what is shown here
    aliases = [alias for alias in network.get("Aliases") or () if alias != raw["Id"][:_SHORT_ID]]
    return {**asked, "Aliases": aliases} if aliases else asked


def _joined(mode: Any, present: Present) -> Any:
    kind, colon, other = str(mode or "").partition(":")
    return f"container:{present(other)}" if colon and kind == "container" else mode


def _each(entries: Iterable[str] | None, present: Present) -> list[str] | None:
    """`VolumesFrom` is "ID" or "ID:ro"; `Links` is "ID:alias", and shown as "/name:/own name/alias"."""
    if entries is None:
        return None
    found = []
    for entry in entries:
        other, colon, rest = entry.partition(":")
        found.append(f"{present(other.lstrip('/'))}{colon}{rest.rpartition('/')[2]}")
    return found


def _is_own(mount: Mapping[str, Any], raw: Mapping[str, Any]) -> bool:
    """Whether it has this mount by itself, and not by `VolumesFrom`, which gives it again."""
    host = raw["HostConfig"]
    named = [*(raw["Config"].get("Volumes") or ()), *(mount["Target"] for mount in host.get("Mounts") or ())]
    own = {*map(cleaned, named), *map(_destination, host.get("Binds") or ())}
    return cleaned(mount["Destination"]) in own


def _keep_volumes(host: dict[str, Any], mounts: Iterable[Mapping[str, Any]]) -> None:
    """Name the anonymous volumes, which a new container would else get empty."""
    wanted = {cleaned(mount["Target"]): mount for mount in host.get("Mounts") or []}
    binds = {_destination(bind): bind for bind in host.get("Binds") or []}
    for mount in mounts:
        target = cleaned(mount["Destination"])
        if mount["Type"] != "volume":
            continue
        if target in wanted:
            wanted[target]["Source"] = _volume(mount)
        elif ":" not in binds.get(target, ""):  # a destination alone is an anonymous volume, too
            binds[target] = f"{_volume(mount)}:{target}{'' if mount['RW'] else ':ro'}"
    host["Binds"] = list(binds.values()) or host.get("Binds")


def _volume(mount: Mapping[str, Any]) -> str:
    """The volume's name. Docker 28 shows none for a destination alone; its path is "…/volumes/NAME/_data"."""
    return str(mount.get("Name") or posixpath.basename(posixpath.dirname(mount["Source"])))


def _destination(bind: str) -> str:
    """Where "SOURCE:DESTINATION:OPTIONS", or "DESTINATION" alone, is mounted."""
    parts = bind.split(":")
    return cleaned(parts[1] if len(parts) > 1 else parts[0])
