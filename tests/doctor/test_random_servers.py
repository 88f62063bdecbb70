"""The doctor on random servers: no finding where all is well, the planted fault first, and no remedy that cannot be.

`make doctor` plays 10,000 of them; `make doctor ARGS="--servers 1 --seed N"` one again.
"""

from __future__ import annotations

import time
from random import Random

import pytest

from hooks.doctor.examine import CHECKS
from tests.doctor.faults import FAULTS
from tests.doctor.random_servers import random_home
from tests.doctor.score import Score, play

SERVERS = 300


def test_every_check_has_a_planted_fault() -> None:
    assert [check.name for check in CHECKS if check.name not in FAULTS] == []
    assert set(FAULTS) <= {check.name for check in CHECKS}


@pytest.mark.parametrize("check", FAULTS)
def test_every_way_to_plant_a_fault_is_possible(check: str) -> None:
    for plant in FAULTS[check]:
        assert any(plant(random_home(Random(seed)), Random(seed)) for seed in range(200)), plant


def test_random_servers() -> None:
    seed, score = int(time.time()), Score()
    for number in range(seed, seed + SERVERS):
        play(score, number)
    assert score.alarms == [], f"seed {seed}"
    assert score.wrong == [], f"seed {seed}"
    assert score.first >= 0.95, (f"seed {seed}", score.missed)
