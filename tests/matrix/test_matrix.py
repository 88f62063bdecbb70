"""The matrix's own parts: every story has a column, a report becomes cells, and the table leaves nothing unsaid."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.matrix import roots
from tests.matrix.columns import column
from tests.matrix.releases import RELEASES, Release
from tests.matrix.results import Cell, read
from tests.matrix.roots import RootError, root_of, version
from tests.matrix.rows import rows
from tests.matrix.table import Line, table
from tests.parts.docker.differences import BY_NATURE, DIFFERENCES
from tests.parts.places import TOP

REPORT = f"""<testsuites><testsuite>
<testcase classname="tests.handlers.containers.test_rejoin_real" name="test_a"/>
<testcase classname="tests.handlers.containers.test_rejoin_real" name="test_b"><failure message="no"/></testcase>
<testcase classname="tests.whole.test_run_rejoin" name="test_c"><skipped message="{BY_NATURE}it is other"/></testcase>
<testcase classname="tests.whole.test_image" name="test_d"><skipped message="make is not installed"/></testcase>
<testcase classname="tests.whole.test_image" name="test_e"><error message="no engine"/></testcase>
</testsuite></testsuites>"""


def test_every_module_with_such_tests_has_a_column() -> None:
    marked = [
        ".".join(path.relative_to(TOP).with_suffix("").parts)
        for path in (TOP / "tests").rglob("test_*.py")
        if re.search(r"pytest\.mark\.(docker|qbittorrent|image|compose)\b", path.read_text(encoding="utf-8"))
    ]
    assert marked
    assert [name for name in marked if column(name) == "other"] == [], "add them to tests/matrix/columns.py"


def test_every_difference_names_a_test_that_there_is() -> None:
    text = "\n".join(f"{path.name} {path.read_text(encoding='utf-8')}" for path in (TOP / "tests").rglob("test_*.py"))
    for one in DIFFERENCES:
        for word in one.tests:
            assert word.partition("[")[0] in text, f"{word} of: {one.why}"


def test_a_skipped_test_is_a_failed_one_unless_the_engine_is_so_by_nature(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    cells = read(report)
    rejoin, image = cells["rejoin"], cells["image"]
    assert (rejoin.passed, rejoin.failed) == (1, ["tests/handlers/containers/test_rejoin_real.py::test_b"])
    assert rejoin.differs == {"it is other": 1}
    assert image.passed == 0
    assert image.failed == [
        "tests/whole/test_image.py::test_d (skipped: make is not installed)", "tests/whole/test_image.py::test_e",
    ]  # fmt: skip


def test_the_table_says_why_a_cell_has_no_number() -> None:
    cell = Cell(3, ["tests/x.py::test_b"])
    cell.differs["it is other"] = 2
    text = table([Line("podman 5.4.2", 61.2, {"rejoin": cell}), Line("qbittorrent 5.1.0", 9, {"port": Cell(20)})])
    assert re.search(r"podman 5\.4\.2 +3 ~2 1 FAILED +- +61\n", text)
    assert re.search(r"qbittorrent 5\.1\.0 +- +20 +9\n", text)
    assert "- podman 5.4.2, port: this row has no qBittorrent" in text
    assert "- qbittorrent 5.1.0, rejoin: this row has no engine" in text
    assert "~ podman 5.4.2, rejoin, 2: it is other" in text
    assert "FAILED podman 5.4.2: tests/x.py::test_b" in text


def test_a_row_without_a_report_is_a_failed_one() -> None:
    line = Line("docker 26.1.5", 600, {})
    assert line.failed
    assert "FAILED docker 26.1.5: no test was run to its end" in table([line])


def test_each_file_that_a_row_leaves_out_is_there_and_runs_on_the_newest_docker() -> None:
    made = rows({release.name: Path("/nowhere") for release in RELEASES})
    newest = [row for row in made if row.part == "docker"][-1]
    assert newest.left_out == ()
    assert all((TOP / "tests" / name).is_file() for row in made for name in row.left_out)


def test_a_version_is_what_upstream_calls_it(tmp_path: Path) -> None:
    status = tmp_path / "var/lib/dpkg/status"
    status.parent.mkdir(parents=True)
    status.write_text(
        "Package: docker.io\nStatus: install ok installed\nVersion: 26.1.5+dfsg1-9+b1\n\n"
        "Package: podman\nArchitecture: amd64\nVersion: 1:5.4.2~rc1+ds1-2\n"
    )
    assert [version(tmp_path, name) for name in ("docker.io", "podman", "runc")] == ["26.1.5", "5.4.2", "?"]


def test_a_mirror_that_is_away_is_tried_three_times_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[str] = []

    def refused(release: Release, folder: Path) -> subprocess.CompletedProcess[str]:
        tries.append(release.name)
        return subprocess.CompletedProcess([], 1, "I: Retrieving InRelease\nE: Failed getting release file\n")

    monkeypatch.setattr(roots, "CACHE", tmp_path)
    monkeypatch.setattr(roots, "_debootstrap", refused)
    monkeypatch.setattr(roots, "_PAUSE_S", 0.0)
    with pytest.raises(RootError, match=r"could not install trixie in 3 tries.*Failed getting release file"):
        root_of(RELEASES[1])
    assert tries == ["trixie"] * 3
    assert [path.name for path in tmp_path.iterdir()] == ["trixie.lock"]
