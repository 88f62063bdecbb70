"""The short-lived process that makes keys, QR codes and profiles: an order as JSON on stdin, the answer on stdout."""

from __future__ import annotations

import json
import sys
from base64 import b64decode, b64encode
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any


def pairs(private: Sequence[str | None]) -> list[tuple[str, str]]:
    """For each private key the pair (private, public), both in base64; None asks for a new one."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    keys = [
        X25519PrivateKey.from_private_bytes(b64decode(one)) if one else X25519PrivateKey.generate() for one in private
    ]
    return [(_text(key.private_bytes_raw()), _text(key.public_key().public_bytes_raw())) for key in keys]


def devices(orders: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """What `wireguard_devices.device_files` makes of each order: file name -> content in base64. Raises ValueError."""
    from handlers.wireguard.devices import device_files

    made = []
    for order in orders:
        folder = Path(order.pop("folder"))
        files = device_files(**order, read=partial(_present, folder))
        made.append({name: _text(content) for name, content in files.items()})
    return made


def main() -> None:
    """Carry out one order. What cannot be made is answered as {"wrong": why}."""
    order = json.load(sys.stdin)
    try:
        answer = pairs(order["pairs"]) if "pairs" in order else devices(order["devices"])
    except ValueError as error:
        json.dump({"wrong": str(error)}, sys.stdout)
    else:
        json.dump(answer, sys.stdout)


def _present(folder: Path, name: str) -> bytes | None:
    path = folder / name
    return path.read_bytes() if path.exists() else None


def _text(content: bytes) -> str:
    return b64encode(content).decode()


if __name__ == "__main__":
    main()
