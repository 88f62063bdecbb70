"""Reads what the pages show: from `Views` at once, and beside the requests what takes long."""

from __future__ import annotations

from hooks.web.answer import Answer
from hooks.web.pages.findings import diagnosis
from hooks.web.pages.overview import Overview, overview
from hooks.web.views import Views

_EXAMINED_S = 5.0  # how old the doctor's findings may be for one who asks for new ones
_AGAIN_S = 2  # a page that waits for something is fetched again then


class PageReader:
    """What each page shows. Thread-safe."""

    def __init__(self, views: Views) -> None:
        self._views = views
        self._doctor = views.findings

    def overview(self, *, examine: bool = False) -> Overview:
        """The overview; `examine` has the doctor look again."""
        snapshot = self._views.snapshot()
        doctor = self._doctor.latest(_EXAMINED_S if examine else None) or Answer(None, 0.0)
        answer = None if doctor.value is None else {"at": doctor.at, **doctor.value}
        found = diagnosis(answer, doctor.why)
        findings = answer["findings"] if answer else ()
        return overview(self._views.health(), snapshot.value, snapshot.why, diagnosis=found, findings=findings)

    @property
    def again_s(self) -> int:
        """After how many seconds the page shows more than now; 0 if all of it is there."""
        return _AGAIN_S if self._doctor.is_reading else 0
