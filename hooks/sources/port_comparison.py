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
    left_empty: str = ""  # the generation of a file that stayed empty while the control server showed a port

    def take(self, path: str, gluetun: str, file: PortFile, found: PortFile) -> bool:
        """Take in one reading of both. Returns whether to compare again soon, as they differ for the first time."""
        before, self.differs = self.differs, file.ports != found.ports
        is_left_empty = file.is_empty and self.differs and before
        if is_left_empty:
            self.left_empty = file.generation
        if self.differs and before and not self.is_told:
            said = _left_empty(path, found) if is_left_empty else _disagreement(path, gluetun, file, found)
            signals.emit(signals.problem, said=said)
        self.is_told = self.differs and before
        return self.differs and not before


def _left_empty(path: str, found: PortFile) -> str:
    return (
        f"the port file {path} is there and empty, and gluetun's control server shows {_ports(found)}, for longer than "
        "a write takes: gluehook goes by the control server until a port is in the file. If gluetun writes no file any "
        "more, remove it, or set FORWARDED_PORT_SOURCE=api"
    )


def _disagreement(path: str, gluetun: str, file: PortFile, found: PortFile) -> str:
    return (
        f"the port file {path} holds {_ports(file)}, and gluetun's control server shows {_ports(found)}, for longer "
        f"than a write takes: gluehook goes by the file. If it is not the file of '{gluetun}', mount that one, or set "
        "FORWARDED_PORT_SOURCE=api"
    )


def _ports(reading: PortFile) -> str:
    return ", ".join(map(str, reading.ports)) or "no port"
