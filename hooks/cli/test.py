"""`gluehook test`: run the [[test]]s of rules files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from hooks.cli.check import checked_contents
from hooks.cli.options import settings
from hooks.cli.replay import STYLES
from hooks.events.wording import counted
from hooks.world.names import Names

if TYPE_CHECKING:
    from hooks.rules_file.reader import Contents
    from hooks.workbench.run_rule_tests import RuleTestResult


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--json", "as_json", is_flag=True, help="As JSON lines, one for each test.")
def test(files: tuple[str, ...], *, as_json: bool) -> int:
    """Run the tests of a rules file on a clock that jumps.

    Each [[test]] gives events at instants and expects runs at instants; no handler is run. Without FILE: the one
    that `gluehook run` would use.

    Exit codes: 0 all is as expected; 1 something is not, a file has errors, or no test; 2 wrong use.
    """
    ours, _ = settings()
    # a test that calls its containers as the shipped rules do means the same on every server
    names = Names(tables={name: role for role, name in ours.containers.items()})
    passed = [_file(file, names, as_json=as_json) for file in files or [ours.gluehook_rules]]
    return int(not all(passed))


def _file(file: str, names: Names, *, as_json: bool) -> bool:
    from hooks.workbench.run_rule_tests import run_rule_test

    found = checked_contents(file)
    if found is None:
        return False
    if not found.rule_tests:
        click.echo(f"{file}: there is no [[test]] in it; docs/rules.md shows how to write one", err=True)
        return False
    results = [run_rule_test(found.table, rule_test, names) for rule_test in found.rule_tests]
    for result in results:
        _show(result, found, as_json=as_json)
    bad = sum(not result.passed for result in results)
    failed = f"{bad} failed" if bad else "all good"
    click.echo(f"{file}: {counted(len(results), 'test')}, {failed}", err=as_json)
    return not bad


def _show(result: RuleTestResult, found: Contents, *, as_json: bool) -> None:
    from hooks.workbench.rule_test_report import as_record, failure

    file, name = found.table.file, result.rule_test.name
    if as_json:
        click.echo(json.dumps(as_record(result, file), ensure_ascii=False))
    elif result.passed:
        click.echo(f"{click.style('ok', fg='green')}    {name}")
    else:
        click.echo(f"{click.style('FAIL', fg='red', bold=True)}  {name} ({file}:{result.rule_test.line})")
        for kind, line in failure(result, found.table):
            click.echo(click.style(f"      {line}", **STYLES.get(kind, {})))
