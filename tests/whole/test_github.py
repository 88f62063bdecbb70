"""What .github holds: the workflow gives nothing away to a fork, and the issue form asks for what helps."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.parts.places import TOP

FOLDER = TOP / ".github"
WORKFLOWS = sorted((FOLDER / "workflows").glob("*.yml"))


def parsed(file: Path) -> dict[str, Any]:
    found: dict[Any, Any] = yaml.safe_load(file.read_text())
    return {("on" if key is True else key): value for key, value in found.items()}  # YAML 1.1 reads `on` as true


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_a_workflow_leaks_nothing_to_a_fork(file: Path) -> None:
    text, workflow = file.read_text(), parsed(file)
    assert "pull_request_target" not in workflow["on"]
    assert "workflow_run" not in workflow["on"]
    assert workflow["permissions"] == {"contents": "read"}
    if "pull_request" in workflow["on"]:
        assert "secrets." not in text
        assert not re.search(r":\s*write\b", text)
    # what a stranger may choose, such as a branch's name, never becomes part of a script
    scripts = [step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"]]
    assert [script for script in scripts if "${{" in script] == []
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] > 0
        for step in job["steps"]:
            assert re.fullmatch(r"[\w-]+/[\w-]+@(v\d+(\.\d+)*|[0-9a-f]{40})", step.get("uses", "a/b@v1"))
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"] == {"persist-credentials": False}


def test_ci_runs_what_every_machine_runs() -> None:
    (job,) = parsed(FOLDER / "workflows/ci.yml")["jobs"].values()
    assert job["steps"][-1] == {"run": ".ci/run"}


def test_the_form_for_a_fault_asks_for_the_doctors_findings() -> None:
    form = parsed(FOLDER / "ISSUE_TEMPLATE/bug.yml")
    fields = {field["id"]: field for field in form["body"]}
    assert len(fields) == len(form["body"])
    assert "gluehook doctor --json" in fields["doctor"]["attributes"]["description"]
    assert fields["doctor"]["validations"] == {"required": True}


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md"])
def test_links_of_its_pages_lead_somewhere(name: str) -> None:
    links = re.findall(r"\]\(([^)#]+)", (FOLDER / name).read_text())
    assert links
    assert [link for link in links if not (FOLDER / link).exists()] == []
