"""docs/add-a-handler.md, followed to the letter in a copy of the repository."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.copied import copy_to, run
from tests.parts.places import TOP

PAGE = (TOP / "docs/add-a-handler.md").read_text(encoding="utf-8")
PARTS = dict(re.findall(r"^```(?:python|toml)\n# (\S+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
MODULE, TABLE, EXAMPLE, CASES = PARTS
CONTRACT = ("tests/handlers/test_table.py", "tests/handlers/test_contract.py", "-k", "table or kill")


def write(copy: Path, name: str) -> None:
    (copy / name).write_text(PARTS[name], encoding="utf-8")


def test_the_page_names_the_four_parts() -> None:
    assert (MODULE, TABLE, EXAMPLE, CASES) == (
        "handlers/containers/kill.py", "handlers/__init__.py", "docs/examples/containers.kill.toml",
        "tests/handlers/cases_containers_kill.py",
    )  # fmt: skip


def test_a_module_alone_fails_one_test_with_the_message_of_the_page(copy: Path) -> None:
    write(copy, MODULE)
    message = re.search(r"^```text\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    code, output = run(copy, "pytest", "-p", "no:randomly", *CONTRACT, "tests/docs/test_generated.py")
    assert code == 1, output
    assert message
    assert message[1] in output
    assert "\n1 failed" in output or output.count("\nFAILED ") == 1, output


@dataclass(frozen=True)
class Finished:
    """A copy in which the page was followed to its end, and what `make docs` printed there."""

    copy: Path
    docs: tuple[int, str]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    copy = copy_to(tmp_path_factory.mktemp("followed") / "copy")
    for name in (MODULE, EXAMPLE, CASES):
        write(copy, name)
    table = copy / TABLE
    text = table.read_text(encoding="utf-8")
    table.write_text(
        text.replace('        "containers.exec"', PARTS[TABLE] + '        "containers.exec"'), encoding="utf-8"
    )
    return Finished(copy, run(copy, "docs"))


def test_make_docs_writes_the_reference_and_the_schema(finished: Finished) -> None:
    code, output = finished.docs
    assert code == 0, output
    assert {"docs/handlers.md is written", "rules.schema.json is written"} <= set(output.splitlines())


def test_a_handler_made_by_the_page_is_complete(finished: Finished) -> None:
    code, output = run(finished.copy, "pytest", "tests/handlers/test_table.py")
    assert code == 0, output


def test_a_handler_made_by_the_page_keeps_the_contract(finished: Finished) -> None:
    code, output = run(finished.copy, "pytest", "tests/handlers/test_contract.py", "-k", "kill")
    assert code == 0, output


def test_a_handler_made_by_the_page_is_clean(finished: Finished) -> None:
    for words in (("check", "--config", str(finished.copy / "pyproject.toml")), ("format", "--check")):
        code, output = run(finished.copy, "ruff", *words, MODULE, CASES)
        assert code == 0, output
