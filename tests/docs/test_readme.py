"""The README: its length, and the compose service that it shows."""

from __future__ import annotations

import re
from typing import Any

import yaml

from tests.docs.pages import README
from tests.parts.places import TOP


def test_the_readme_is_two_screens() -> None:
    assert README.read_text(encoding="utf-8").count("\n") <= 90


def snippet() -> dict[str, Any]:
    """The service of the README, as YAML reads it."""
    found = re.search(r"^```yaml\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found
    service: dict[str, Any] = yaml.safe_load(found[1])["gluehook"]
    return service


def shipped() -> dict[str, Any]:
    """The service of container/compose.yaml."""
    service: dict[str, Any] = yaml.safe_load((TOP / "container/compose.yaml").read_text())["services"]["gluehook"]
    return service


def mounted(service: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    """What is mounted where: target -> (source, read-only)."""
    found = {}
    for volume in service["volumes"]:
        if isinstance(volume, str):
            source, target, *mode = volume.split(":")
            found[target] = (source, "ro" in mode)
        else:
            found[volume["target"]] = (volume["source"], bool(volume.get("read_only")))
    return found


def test_the_readmes_service_is_the_one_that_ships() -> None:
    assert mounted(snippet()) == mounted(shipped())
    ours, theirs = snippet()["environment"], shipped()["environment"]
    for name in ours:  # the shipped file gives some of them a default
        assert ours[name] == theirs[name].replace(":-}", "}")
    for key in ("user", "group_add", "restart"):
        assert key in snippet()
        assert key in shipped()
    assert snippet()["restart"] == shipped()["restart"]
    assert (TOP / snippet()["build"]["dockerfile"]).is_file()
