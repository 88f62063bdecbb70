"""The documentation says what the code does: its rules are read, its tables made anew, its numbers compared."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench import size
from docs import generate
from handlers import HANDLERS
from handlers.containers import rejoin_attempt, restart_budget
from handlers.containers.rejoin import RejoinArgs
from handlers.shared import output
from hooks.app import reload
from hooks.cli.verbs import VERBS
from hooks.config import secrets
from hooks.config.settings import SECRETS, Settings
from hooks.docker import refusals
from hooks.engine import lane
from hooks.events import durations
from hooks.events.catalogue import CATALOGUE
from hooks.journal import books, journal
from hooks.rules.table import RetryPolicy, Rule, Table
from hooks.rules_file import reader, rule, schema
from hooks.rules_file.errors import CODES
from hooks.runtime import dispatcher, heartbeat
from hooks.sources.docker import DockerSource
from hooks.sources.docker_stream import Backlog
from hooks.sources.files import FilesSource
from hooks.workbench import recording, reference
from hooks.world import model
from tests.parts.places import TOP

README = TOP / "README.md"
PAGES = [README, TOP / "CHANGELOG.md", *generate.PAGES]
GENERATED = [page for page in generate.PAGES if "<!-- made:" in page.read_text(encoding="utf-8")]
SOURCE = "\n".join(
    file.read_text(encoding="utf-8") for folder in ("hooks", "handlers") for file in (TOP / folder).rglob("*.py")
)


def name_of(page: Path) -> str:
    return str(page.relative_to(TOP))


def text_of(name: str) -> str:
    """A page on one line, so that a line end in the prose hides nothing."""
    return " ".join((TOP / name).read_text(encoding="utf-8").split())


# -- rules in the pages -----------------------------------------------------------------------------

BLOCKS = [
    pytest.param(block, id=f"{name_of(page)}-{number}")
    for page in PAGES
    for number, block in enumerate(
        re.findall(r"^```toml\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL), 1
    )
]


@pytest.mark.parametrize("block", BLOCKS)
def test_the_rules_in_the_pages_are_what_they_are_said_to_be(block: str) -> None:
    """A part stands for a file with a version. One that begins with `# wrong: CODE` has that error and no other."""
    whole = block if "version =" in block else "version = 1\n" + block
    found = reader.read(whole, "rules.toml", HANDLERS)
    wrong = re.match(r"# wrong: ([a-z-]+)\n", block)
    if wrong:
        assert isinstance(found, list), f"nothing is wrong with it, although it says {wrong[1]}"
        assert [one.code for one in found] == [wrong[1]]
    else:
        assert isinstance(found, Table), found[0].sentence


def test_the_pages_hold_rules_of_both_kinds() -> None:
    wrong = [block for block in BLOCKS if str(block.values[0]).startswith("# wrong")]
    assert len(wrong) >= 3
    assert len(BLOCKS) - len(wrong) >= len(HANDLERS)


def test_every_word_of_a_rule_is_explained() -> None:
    keys = [
        field.alias or name for shape in (schema.Rule, schema.Defaults) for name, field in shape.model_fields.items()
    ]
    page = (TOP / "docs/rules.md").read_text(encoding="utf-8")
    missing = [key for key in keys if not re.search(rf"`?\b{key}\b( *=|`)", page)]
    assert missing == []
    assert {"version", "defaults", "rule", "test"} == set(schema.Document.model_fields)


# -- generated parts --------------------------------------------------------------------------------


@pytest.mark.parametrize("page", GENERATED, ids=name_of)
def test_a_generated_page_is_what_the_code_says_now(page: Path) -> None:
    written = page.read_text(encoding="utf-8")
    assert generate.made(written) == written, f"{name_of(page)} is out of date: make docs"


def test_every_part_is_in_a_page() -> None:
    parts = [part for page in GENERATED for part in re.findall(r"made: (\w+)", page.read_text(encoding="utf-8"))]
    assert sorted(parts) == sorted(generate.PARTS)


def test_a_part_is_replaced_and_the_prose_around_it_stays() -> None:
    page = "before\n<!-- made: settings -->\nout of date\n<!-- end -->\nafter\n"
    after = generate.made(page)
    assert after.startswith("before\n<!-- made: settings -->\n\n| variable")
    assert after.endswith("\n<!-- end -->\nafter\n")
    assert "out of date" not in after


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("events", CATALOGUE), ("events", reference.FIELDS), ("handlers", HANDLERS),
        ("settings", [*(name.upper() for name in Settings.__dataclass_fields__), *SECRETS]),
    ],
    ids=["events", "fields", "handlers", "settings"],
)  # fmt: skip
def test_everything_is_in_its_page(page: str, names: list[str]) -> None:
    text = (TOP / f"docs/{page}.md").read_text(encoding="utf-8")
    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_error_is_in_its_page() -> None:
    headings = re.findall(r"^## (.+)$", (TOP / "docs/errors.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == list(CODES)


@pytest.mark.parametrize("name", HANDLERS)
def test_a_handlers_example_uses_it_and_names_what_it_touches(name: str) -> None:
    example = (generate.EXAMPLES / f"{name}.toml").read_text(encoding="utf-8")
    assert generate.touched(name, example)


def test_no_example_is_for_nothing() -> None:
    assert {file.stem for file in generate.EXAMPLES.glob("*.toml")} == set(HANDLERS)


# -- numbers and words in the prose ---------------------------------------------------------------------


def default_of(call: Any, name: str) -> Any:
    return inspect.signature(call).parameters[name].default


RETRY = RetryPolicy()
BACKLOG = default_of(Backlog.__init__, "most_lines")
FACTS = [
    ("docs/rules.md", f"up to {lane.QUEUE_BOUND}; beyond that the oldest goes"),
    ("docs/rules.md", f"at the latest {rule._DEBOUNCE_MAX} times as long"),
    ("docs/rules.md", f'`timeout = "{durations.text(Rule("a", (), ()).timeout_s)}"`'),
    ("docs/rules.md", f'attempts = {RETRY.attempts}, first = "{durations.text(RETRY.first_s)}", max = "30s"'),
    ("docs/rules.md", f"has been quiet for {reload.QUIET_S * 1000:g} ms, or {reload.QUIET_WAIT_S:g} s after"),
    ("docs/rules.md", f"is kept as `{reload.COPY_NAME}` in the state folder"),
    ("docs/limits.md", f"At most {dispatcher.AT_WORK} attempts at once"),
    ("docs/limits.md", f"at most {dispatcher.AT_A_TIME} of them younger than half a second"),
    ("docs/limits.md", f"keeps {lane.QUEUE_BOUND} events"),
    ("docs/limits.md", f"A restart budget of {restart_budget.RESTARTS} an hour"),
    ("docs/limits.md", f"the last {output.OUTPUT_LIMIT_BYTES // 1024} KiB are kept"),
    ("docs/limits.md", f"of {output.LINE_LIMIT_CHARS} characters at most"),
    ("docs/limits.md", f"Secrets of fewer than {secrets._SHORTEST_MASKED} characters"),
    ("docs/limits.md", f"up to {default_of(FilesSource.__init__, 'poll_s'):g} s later"),
    ("docs/limits.md", f"second look {default_of(FilesSource.__init__, 'settle_s') * 1000:g} ms later"),
    ("docs/architecture.md", f"at most {dispatcher.AT_WORK} attempts at once"),
    ("docs/architecture.md", f"every {dispatcher.BEAT_S:g} s the heartbeat"),
    ("docs/architecture.md", f"running attempts have {dispatcher.STOP_WAIT_S:g} s to end"),
    ("docs/reliability.md", f"every {default_of(DockerSource.__init__, 'resync_s') / 60:g} minutes"),
    ("docs/reliability.md", f"says nothing for {default_of(DockerSource.__init__, 'silence_s'):g} s"),
    ("docs/reliability.md", f"at the latest every {default_of(DockerSource.__init__, 'backoff_s')[1]:g} s"),
    ("docs/reliability.md", f"files are read every {default_of(FilesSource.__init__, 'poll_s'):g} s"),
    ("docs/reliability.md", f"({BACKLOG:,} lines wait)"),
    ("docs/reliability.md", f"at most {restart_budget.RESTARTS} times an hour"),
    ("docs/reliability.md", f"gives running attempts {dispatcher.STOP_WAIT_S:g} s"),
    ("docs/reliability.md", f"itself writes every {heartbeat.BEAT_S:g} s"),
    ("docs/reliability.md", f"older than {heartbeat.STALE_S:g} s"),
    ("docs/reliability.md", f"Docker has been lost for {heartbeat.LOST_GRACE_S['docker']:g} s"),
    ("docs/reliability.md", f"after {books.KEEP_DAYS} days, or beyond {books.KEEP_EVENTS:,} events"),
    ("docs/reliability.md", f"under {size.KEPT_MIB} MiB as long as no more than {size.HOURLY:,} come"),
    ("docs/reliability.md", f"it is tried again every {journal._AGAIN_S:g} s"),
    ("docs/reliability.md", f"held no port for {heartbeat.PORT_GRACE_S:g} s"),
    ("docs/replay.md", f"longer than {recording.LONGEST_LINE_BYTES >> 20} MiB"),
    ("docs/replay.md", f"the first {['no', 'one', 'two', 'three'][recording.SHOWN]} are told"),
    ("docs/security.md", f"shorter than {secrets._SHORTEST_MASKED} characters"),
    ("docs/security.md", " ".join(f"`{word}`" for word in ("EVENTS=1", "CONTAINERS=1", "VERSION=1"))),
    ("docs/handlers.md", f"at most {restart_budget.RESTARTS} times an hour"),
    ("docs/namespaces.md", f"up to {rejoin_attempt.AT_ONCE} at once"),
    ("docs/namespaces.md", f"the last {model.EARLIER} ids of each name"),
    ("docs/namespaces.md", f"so they have {RejoinArgs('a').grace:g} s"),
    ("docs/namespaces.md", f"together, {restart_budget.RESTARTS} an hour"),
    ("docs/limits.md", f"After more than {model.EARLIER} re-creations"),
    ("docs/troubleshooting.md", f"gives Compose or watchtower {RejoinArgs('a').grace:g} s"),
]


@pytest.mark.parametrize(("page", "fact"), FACTS, ids=[f"{page}: {fact}" for page, fact in FACTS])
def test_a_number_in_the_prose_is_the_codes(page: str, fact: str) -> None:
    assert fact in text_of(page)


NOT_YET = [
    *(
        ("docs/limits.md", f"`{name}`", name in VERBS)
        for name in ("test", "explain", "replay", "history", "retry", "init")
    ),
]


@pytest.mark.parametrize(("page", "said", "is_there"), NOT_YET, ids=[f"{page}: {said}" for page, said, _ in NOT_YET])
def test_what_is_said_not_to_be_there_yet_is_not_there(page: str, said: str, *, is_there: bool) -> None:
    """Whoever builds one of these takes its sentence out of the pages."""
    assert (said in text_of(page)) == (not is_there)


def test_the_permissions_that_a_proxy_must_give_are_those_that_the_code_names() -> None:
    assert set(refusals._NEEDS.values()) == {"EVENTS=1", "CONTAINERS=1", "VERSION=1"}
    assert '"CONTAINERS=1 and POST=1"' in SOURCE
    assert '"CONTAINERS=1, EXEC=1 and POST=1"' in SOURCE


def test_the_messages_that_troubleshooting_quotes_are_said_somewhere() -> None:
    """Joined over the ends of lines, as Python joins neighbouring texts."""
    said = re.sub(r"\"\s*\n\s*f?\"", "", SOURCE)
    rows = re.findall(r"^\| (.*?) \|", (TOP / "docs/troubleshooting.md").read_text(encoding="utf-8"), re.MULTILINE)
    quoted = [quote for row in rows for quote in re.findall(r"`([^`]+)`", row)]
    assert len(quoted) > 20
    assert [quote for quote in quoted if quote not in said] == []


# -- the README -----------------------------------------------------------------------------------------


def test_the_readme_is_two_screens() -> None:
    assert README.read_text(encoding="utf-8").count("\n") <= 90


def snippet() -> dict[str, Any]:
    """The service of the README, as YAML reads it."""
    found = re.search(r"^```yaml\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found
    service: dict[str, Any] = yaml.safe_load(found[1])["gluehook"]
    return service


def shipped() -> dict[str, Any]:
    """The service of container/compose.yaml."""
    service: dict[str, Any] = yaml.safe_load((TOP / "container/compose.yaml").read_text())["services"]["gluehook"]
    return service


def mounted(service: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    """What is mounted where: target -> (source, read-only)."""
    found = {}
    for volume in service["volumes"]:
        if isinstance(volume, str):
            source, target, *mode = volume.split(":")
            found[target] = (source, "ro" in mode)
        else:
            found[volume["target"]] = (volume["source"], bool(volume.get("read_only")))
    return found


def test_the_readmes_service_is_the_one_that_ships() -> None:
    assert mounted(snippet()) == mounted(shipped())
    ours, theirs = snippet()["environment"], shipped()["environment"]
    assert set(ours) <= set(theirs)
    assert ours["QBITTORRENT_URL"] == theirs["QBITTORRENT_URL"]
    for key in ("user", "group_add", "restart"):
        assert key in snippet()
        assert key in shipped()
    assert snippet()["restart"] == shipped()["restart"]
    assert (TOP / snippet()["build"]["dockerfile"]).is_file()


# -- links ------------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings make."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{name_of(page)} links to {target}"
        assert not anchor or anchor in anchors(file), f"{name_of(page)} links to {target}, and there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_that_is_named_is_there(page: Path) -> None:
    named = re.findall(
        r"(?<![\w/.])((?:hooks|handlers|tests|container)/[\w./-]+\.\w+)", page.read_text(encoding="utf-8")
    )
    assert [name for name in named if not (TOP / name).exists()] == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    linked = set(re.findall(r"\]\((docs/[\w-]+\.md)\)", README.read_text(encoding="utf-8")))
    assert linked == {name_of(page) for page in generate.PAGES}
