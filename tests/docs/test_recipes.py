"""docs/recipes.md: each recipe is a rules file whose tests pass, and its tests need each of its rules."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from handlers import HANDLERS
from hooks.rules.table import Table
from hooks.rules_file import reader
from hooks.workbench.rule_test_report import failure
from hooks.workbench.run_rule_tests import run_rule_test
from tests.parts.places import TOP

PAGE = (TOP / "docs/recipes.md").read_text(encoding="utf-8")
RECIPES = dict(re.findall(r"^### … ([^\n]*)\n(?:(?!^###).)*?^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))


def contents_of(recipe: str) -> reader.Contents:
    found = reader.contents("version = 1\n" + RECIPES[recipe], "rules.toml", HANDLERS)
    assert isinstance(found, reader.Contents), found[0].sentence
    return found


def failures(contents: reader.Contents, table: Table) -> list[str]:
    results = [run_rule_test(table, rule_test) for rule_test in contents.rule_tests]
    return [line for result in results if not result.passed for _, line in failure(result, table)]


def test_there_are_at_least_25_recipes_and_each_is_a_rules_file_with_a_test() -> None:
    assert len(RECIPES) == PAGE.count("\n### … ") >= 25
    assert [recipe for recipe, text in RECIPES.items() if "[[test]]" not in text] == []


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_passes_its_tests_and_each_of_its_rules_is_needed(recipe: str) -> None:
    contents = contents_of(recipe)
    assert failures(contents, contents.table) == []
    for off in contents.table.rules:
        rules = tuple(replace(rule, enabled=rule.name != off.name) for rule in contents.table.rules)
        assert failures(contents, replace(contents.table, rules=rules)), f"no test needs {off.name}"
