"""The folder that linuxserver/wireguard makes at its first start, with real keys, as its templates write it."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

import segno
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

_FORWARD = "iptables -{0} FORWARD -i %i -j ACCEPT; iptables -t nat -{0} POSTROUTING -o eth+ -j MASQUERADE"


def keys() -> tuple[str, str]:
    """A new private key, and its public key."""
    made = X25519PrivateKey.generate()
    return b64encode(made.private_bytes_raw()).decode(), b64encode(made.public_key().public_bytes_raw()).decode()


def make_folder(
    folder: Path, names: Sequence[str], *, endpoint: str = "home.example.net:51820", dns: str = "172.18.0.14",
    subnet: str = "10.13.13", allowed_ips: str = "0.0.0.0/0",
) -> Path:  # fmt: skip
    """The folder with a server and these peers."""
    private, public = keys()
    for part in ("wg_confs", "server", "coredns", "templates"):
        (folder / part).mkdir(parents=True)
    _write(folder / "server/privatekey-server", private)
    _write(folder / "server/publickey-server", public)
    _write(folder / "coredns/Corefile", ". {\n    loop\n    errors\n    health\n    forward . /etc/resolv.conf\n}")
    server = (
        f"[Interface]\nAddress = {subnet}.1\nListenPort = 51820\nPrivateKey = {private}\n"
        f"PostUp = {_FORWARD.format('A')}\nPostDown = {_FORWARD.format('D')}\n"
    )
    for number, name in enumerate(names, 2):
        own, other = keys()
        shared = b64encode(os.urandom(32)).decode()
        stem, address = f"peer{name}" if name.isdecimal() else f"peer_{name}", f"{subnet}.{number}"
        (folder / stem).mkdir(mode=0o700)
        for kind, key in (("private", own), ("public", other), ("preshared", shared)):
            _write(folder / stem / f"{kind}key-{stem}", key)
        text = (
            f"[Interface]\nAddress = {address}\nPrivateKey = {own}\nListenPort = 51820\nDNS = {dns}\n\n"
            f"[Peer]\nPublicKey = {public}\nPresharedKey = {shared}\nEndpoint = {endpoint}\nAllowedIPs = {allowed_ips}"
        )
        _write(folder / stem / f"{stem}.conf", text)
        segno.make_qr(text + "\n", mask=0).save(str(folder / stem / f"{stem}.png"))  # as qrencode does there
        server += f"\n[Peer]\n# {stem}\nPublicKey = {other}\nPresharedKey = {shared}\nAllowedIPs = {address}/32\n"
    _write(folder / "wg_confs/wg0.conf", server.rstrip("\n"))
    host, _, port = endpoint.rpartition(":")
    marker = {
        "SERVERURL": host, "SERVERPORT": port, "PEERDNS": dns, "PEERS": ",".join(names), "INTERFACE": subnet,
        "ALLOWEDIPS": allowed_ips, "PERSISTENTKEEPALIVE_PEERS": "",
    }  # fmt: skip
    _write(folder / ".donoteditthisfile", "\n".join(f'ORIG_{name}="{value}"' for name, value in marker.items()))
    return folder


def server_key(folder: Path) -> str:
    """The server's public key."""
    return (folder / "server/publickey-server").read_text().strip()


def public_key(folder: Path, name: str) -> str:
    """The public key of a peer."""
    return (folder / f"peer_{name}/publickey-peer_{name}").read_text().strip()


def _write(file: Path, text: str) -> None:
    file.write_text(text + "\n")
    file.chmod(0o600)
