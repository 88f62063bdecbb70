"""Keys, QR codes and profiles, made by a short-lived process each time.

cryptography and segno would stay in memory for ever, with 13 and 9 MiB (measured), for what happens twice a year. What
is secret goes through pipes, and is on no command line.
"""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from handlers.shared.child_process import start
from hooks.handler import GiveUp, Retry

_TWO_FROM = 8  # so many devices are worth a second process


def pairs(private: Sequence[str | None], left: Callable[[], float]) -> list[tuple[str, str]]:
    """For each private key the pair (private, public), both in base64; None asks for a new one.

    Raises Retry where it is not done in the time `left`, in seconds.
    """
    (answer,) = _ask([{"pairs": list(private)}], left)
    return [(one, other) for one, other in answer]


def device_files(orders: Sequence[dict[str, Any]], left: Callable[[], float]) -> list[dict[str, bytes]]:
    """What `wireguard_devices.device_files` makes of each order: its arguments by name, and the peer's folder.

    Raises GiveUp for what cannot be made, Retry where it is not done in the time `left`, in seconds.
    """
    half = len(orders) // 2 if len(orders) >= _TWO_FROM else 0
    parts = [part for part in (orders[:half], orders[half:]) if part]
    answers = _ask([{"devices": part} for part in parts], left)
    return [{name: b64decode(text) for name, text in files.items()} for answer in answers for files in answer]


def _ask(orders: Sequence[dict[str, Any]], left: Callable[[], float]) -> list[Any]:
    """The answers to these orders, each of a process of its own, all at once."""
    with ExitStack() as stack:
        children = [stack.enter_context(start("handlers.wireguard.child")) for _ in orders]
        try:
            for child, order in zip(children, orders, strict=True):
                _tell(child, json.dumps(order).encode())
            answers = [json.loads(child.communicate(timeout=max(left(), 0.0))[0]) for child in children]
        except (subprocess.TimeoutExpired, ValueError, BrokenPipeError):
            raise Retry("the process that makes WireGuard's keys and QR codes gave no answer") from None
        finally:
            for child in children:
                child.kill()
    for answer in answers:
        if isinstance(answer, dict):
            raise GiveUp(f"WireGuard's QR codes and profiles cannot be made: {answer['wrong']}; nothing was written")
    return answers


def _tell(child: subprocess.Popen[bytes], order: bytes) -> None:
    assert child.stdin
    with child.stdin:
        child.stdin.write(order)
    child.stdin = None  # `communicate` would flush it
