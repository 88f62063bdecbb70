"""docs/own-handlers.md, followed to the letter in a fresh folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.own_handlers.test_new import pytest_in
from tests.parts.places import TOP
from tests.parts.process.gluehook import Gluehook

PAGE = (TOP / "docs/own-handlers.md").read_text(encoding="utf-8")
PARTS = dict(re.findall(r"^```(?:python|toml)\n# (\S+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))


@pytest.fixture
def followed(tmp_path: Path) -> Gluehook:
    """A folder with what the page shows."""
    tmp_path.chmod(0o755)
    (tmp_path / "handlers").mkdir(0o755)
    for name, text in PARTS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(0o644)
    return Gluehook(tmp_path)


def test_the_page_shows_a_handler_its_rule_and_its_test() -> None:
    assert list(PARTS) == ["handlers/adguard.py", "rules.toml", "handlers/test_adguard.py"]


def test_the_handler_of_the_page_is_good_and_keeps_the_contract(followed: Gluehook) -> None:
    assert followed.call("check").stdout.endswith("1 rule, all good\n")
    assert followed.call("test").returncode == 0
    assert "makes sure that AdGuard Home filters (from " in followed.call("handlers", "adguard").stdout
    said = pytest_in(followed.folder, "handlers")
    assert "22 passed" in said, said


def test_the_errors_of_the_page_are_what_gluehook_says(followed: Gluehook) -> None:
    file = followed.folder / "handlers/adguard.py"
    file.write_text(PARTS["handlers/adguard.py"].replace("return (shown(args.url),)", "return (shown(args.url),"))
    said = followed.call("check").stdout.replace(str(followed.folder), "/config").replace("/config/rules", "rules")
    assert said.splitlines()[0] in PAGE, said
    file.chmod(0o666)
    said = followed.call("handlers").stderr.replace(str(followed.folder), "/config")
    assert said.strip() in PAGE
