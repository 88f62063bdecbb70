"""How often a password or a token may be tried."""

from __future__ import annotations

from hooks.web.login_limit import ALL_S, LONGEST_S, MOST_ADDRESSES, LoginLimit
from tests.handlers.contract import Clock


def test_the_limit_of_logins_is_bounded_and_lets_known_addresses_in() -> None:
    clock = Clock()
    limit = LoginLimit(clock.now)
    limit.right("192.168.1.2")
    tried = 0
    for number in range(10_000):
        address = f"2001:db8:{number:x}::1" if number % 2 else f"10.{number % 200}.0.1"
        if not limit.wait_s(address):
            limit.wrong(address)
            tried += 1
        clock.now_s += 0.01
    assert tried <= 100 * 3, "100 s of tries"
    assert limit.wait_s("2001:db8:ffff::9") > 0, "a new address waits while so many try"
    assert limit.wait_s("192.168.1.2") == 0, "one that was right before does not"
    assert len(limit._by_address) <= MOST_ADDRESSES
    assert limit.wait_s("203.0.113.1") <= ALL_S
    for number in range(50):
        limit.wrong(f"2001:db8:1:1::{number:x}")
    assert limit.wait_s("2001:db8:1:1:ffff::1") == LONGEST_S, "an address of the same network of 64 bits"
