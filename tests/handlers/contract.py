"""The contract of all handlers, put to ours: a `Case` for each of them.

A module `cases_*.py` beside this one appends to CASES; `load_cases` imports them all, and `test_contract.py` puts each
case to the test. The same contract holds an owner's handlers: hooks/own_handlers/contract.py.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from hooks.own_handlers.case import Case, Clock, Fine, Notes, context, no_docker
from hooks.own_handlers.misbehaving import RETRY_AFTER_S, WORDS, Word, misbehaving

__all__ = [
    "CASES", "RETRY_AFTER_S", "WORDS", "Case", "Clock", "Fine", "Notes", "Word", "context", "load_cases",
    "misbehaving", "no_docker",
]  # fmt: skip

CASES: list[Case] = []


def load_cases() -> None:
    """Import every `cases_*.py` of this folder, each of which appends to CASES."""
    for module in sorted(Path(__file__).parent.glob("cases_*.py")):
        importlib.import_module(f"tests.handlers.{module.stem}")
