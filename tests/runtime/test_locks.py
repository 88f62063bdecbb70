"""Who holds a target, and who asks for one more while it holds some already."""

from __future__ import annotations

import pytest

from hooks.handler import Retry
from hooks.runtime.executor import TargetLocks


def test_one_more_target_is_waited_for_only_so_long_and_nothing_is_kept() -> None:
    locks = TargetLocks()
    with locks.hold(("container:dep",), "heal/dep#1"):
        with (
            pytest.raises(Retry, match="container:dep is in the hands of heal/dep#1"),
            locks.hold(("container:a", "container:dep"), "rejoin/vpn#2", 0.01),
        ):
            pytest.fail("two hold it")
        assert locks.holder("container:dep") == "heal/dep#1"
        assert locks.holder("container:a") is None
    with locks.hold(("container:a", "container:dep"), "rejoin/vpn#2", 0.0):
        assert locks.holder("container:dep") == "rejoin/vpn#2"
