"""The addresses on docs/notifications.md are such as Apprise accepts, each for the service of its row."""

from __future__ import annotations

import json
import re
import subprocess
import sys

from tests.parts.places import TOP

ROWS = re.findall(r"^\| ([^|]+) \| `(\w+://[^`]+)` \|", (TOP / "docs/notifications.md").read_text(), re.MULTILINE)
# others are named as Apprise names them
NAMES = {"e-mail": "E-Mail", "Gmail": "E-Mail", "Home Assistant": "HomeAssistant"}
# in a process of its own: Apprise imports modules that warn
ASK = """
import apprise, json, sys
def name(address):
    box = apprise.Apprise()
    return str(box[0].service_name) if box.add(address) else "none"
print(json.dumps([name(address) for address in json.load(sys.stdin)]))
"""


def test_each_address_is_one_of_its_service() -> None:
    asked = json.dumps([address for _, address in ROWS])
    done = subprocess.run(
        [sys.executable, "-c", ASK], input=asked, capture_output=True, text=True, check=True, timeout=60
    )
    services = [re.sub(r"\[([^]]+)\].*", r"\1", service).partition(",")[0] for service, _ in ROWS]
    assert json.loads(done.stdout) == [NAMES.get(service, service) for service in services]
    assert {*services} >= {"ntfy", "Telegram", "Pushover", "e-mail", "Gotify", "Home Assistant"}
