"""What `gluehook init` has written, and containers that it finds."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator

from handlers import HANDLERS
from hooks.cli.main import main
from hooks.rules.table import Table
from hooks.rules_file import reader
from tests.parts.docker.fake_docker import FakeEngine

FILES = ("rules.toml", "rules.schema.json", "compose.gluehook.yaml")
Init = Callable[..., tuple[int, str]]


def table(folder: Path) -> Table:
    """The rules that were written, which must be good, and their tests, too. (No rules have no tests.)"""
    file = folder / "made/rules.toml"
    found = reader.load(file, HANDLERS)
    assert isinstance(found, Table), [one.sentence for one in found]
    schema = json.loads((folder / "made/rules.schema.json").read_text())
    Draft7Validator(schema).validate(tomllib.loads(file.read_text()))
    assert main(["test", str(file)]) == (0 if found.rules else 1)
    return found


def service(folder: Path) -> dict[str, Any]:
    """The service of the compose file that was written."""
    made: dict[str, Any] = yaml.safe_load((folder / "made/compose.gluehook.yaml").read_text())
    assert set(made["services"]) == {"gluehook"}
    return {**made["services"]["gluehook"], "outside": {key: made.get(key) for key in ("volumes", "networks")}}


def give(engine: FakeEngine, name: str, image: str, *env: str, network: str = "lan", **mounts: str) -> None:
    """A container with an environment and bind mounts (`_tmp_gluetun="/srv/port"`)."""
    engine.has(name, name.ljust(64, "0"), image=image, network=network, address="10.0.0.9")
    raw = engine.containers[name.ljust(64, "0")]
    raw["Config"]["Env"] = list(env)
    if network.startswith("container:"):
        raw["NetworkSettings"]["Networks"] = {}
    raw["Mounts"] = [{"Type": "bind", "Source": s, "Destination": d.replace("_", "/")} for d, s in mounts.items()]
    for mount in raw["Mounts"]:
        if not mount["Source"].startswith("/"):  # as Docker shows a volume
            mount |= {"Type": "volume", "Name": mount["Source"], "Source": "/var/lib/docker/volumes/x/_data"}
