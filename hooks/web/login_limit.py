"""How often a password or a token may be tried: a guess costs ever more time, and a right one is not let in earlier."""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

FREE = 5  # wrong tries of an address without a wait
LONGEST_S = 900.0
FORGET_S = 3600.0  # after the last wrong try of an address
MOST_ADDRESSES = 1000
ALL, ALL_S = 100, 60.0  # wrong tries of all addresses of the Internet, or of all others, in so many seconds


@dataclass(slots=True)
class _Tries:
    wrong: int = 0
    at: float = 0.0
    free_at: float = 0.0
    was_right: bool = False


class LoginLimit:
    """Counts wrong tries by address, an IPv6 network of 64 bits being one. Thread-safe; `clock` gives seconds.

    Of each address `FREE` wrong tries are free, then the wait doubles with each, to a quarter of an hour. After `ALL`
    wrong tries in a minute only an address that was right before may try until the minute is over; addresses of the
    Internet and those of the own networks are counted apart, so that the first keep nobody at home out.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._by_address: OrderedDict[str, _Tries] = OrderedDict()
        self._wrong: dict[bool, deque[float]] = {True: deque(maxlen=ALL), False: deque(maxlen=ALL)}
        self._lock = threading.Lock()

    def wait_s(self, address: str) -> float:
        """How long this address must wait for its next try; 0 if it may try now."""
        with self._lock:
            now, tries = self._clock(), self._by_address.get(_network(address), _Tries())
            wait_s = tries.free_at - now
            wrong = self._wrong[_is_of_the_internet(address)]
            if not tries.was_right and len(wrong) == ALL:
                wait_s = max(wait_s, wrong[0] + ALL_S - now)
            return max(0.0, wait_s)

    def wrong(self, address: str) -> None:
        """The address tried a wrong one."""
        with self._lock:
            now, name = self._clock(), _network(address)
            tries = self._by_address.pop(name, _Tries())
            if now - tries.at > FORGET_S:
                tries = _Tries(was_right=tries.was_right)
            tries.wrong, tries.at = tries.wrong + 1, now
            if tries.wrong >= FREE:
                tries.free_at = now + min(LONGEST_S, 2.0 ** min(tries.wrong - FREE, 30))
            self._keep(name, tries)
            self._wrong[_is_of_the_internet(address)].append(now)

    def right(self, address: str) -> None:
        """The address tried a right one."""
        with self._lock:
            name = _network(address)
            self._by_address.pop(name, None)
            self._keep(name, _Tries(was_right=True))

    def known(self, address: str) -> None:
        """The address has sent a right token. What it tried wrong stays counted: others may share the address."""
        with self._lock:
            name = _network(address)
            tries = self._by_address.pop(name, None) or _Tries()
            tries.was_right = True
            self._keep(name, tries)

    def _keep(self, name: str, tries: _Tries) -> None:
        self._by_address[name] = tries
        while len(self._by_address) > MOST_ADDRESSES:
            self._by_address.popitem(last=False)


def _is_of_the_internet(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
