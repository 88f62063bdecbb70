"""The folder that most tests of WireGuard begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.parts.targets.wireguard_folder import make_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """linuxserver/wireguard's folder with two peers."""
    return make_folder(tmp_path / "config", ["phone", "laptop"])
