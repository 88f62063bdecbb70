"""Whether gluetun's port file and its control server agree: said once if they do not, for longer than a write takes."""

from __future__ import annotations

from dataclasses import dataclass

from hooks.events import signals
from hooks.world.model import PortFile

COMPARE_S = (10.0, 30.0)
"""After a change, and after a first disagreement, in seconds: a write takes milliseconds, and a tunnel some seconds."""


@dataclass(slots=True)
class Comparison:
    """What the last comparison found."""

    differs: bool = False
    is_told: bool = False

    def take(self, path: str, gluetun: str, file: PortFile, found: PortFile) -> bool:
        """Take in one reading of both. Returns whether to compare again soon, as they differ for the first time."""
        before, self.differs = self.differs, file.ports != found.ports
        if self.differs and before and not self.is_told:
            signals.emit(signals.problem, said=_disagreement(path, gluetun, file, found))
        self.is_told = self.differs and before
        return self.differs and not before


def _disagreement(path: str, gluetun: str, file: PortFile, found: PortFile) -> str:
    return (
        f"the port file {path} holds {_ports(file)}, and gluetun's control server shows {_ports(found)}, for longer "
        f"than a write takes: gluehook goes by the file. If it is not the file of '{gluetun}', mount that one, or set "
        "FORWARDED_PORT_SOURCE=api"
    )


def _ports(reading: PortFile) -> str:
    return ", ".join(map(str, reading.ports)) or "no port"
