"""Random requests to the API, made from its own OpenAPI document: each answer is one that the document names."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from hooks.web.web_settings import WebSettings
from tests.parts.process.web_site import HOOK_TOKEN, TOKEN, Site, answering, limited, serving, views_of
from tests.web.test_api import NOW, state

__all__ = ["state"]  # the fixture: a state folder with a journal

EXAMPLES = 12  # of each operation
HEADERS = {"Authorization": f"Bearer {TOKEN}", "X-Gluehook-Token": HOOK_TOKEN}
VERBS: dict[str, list[dict[str, Any]]] = {
    **{verb: [{}] for verb in ("pause", "resume", "retry", "run", "explain", "doctor", "snapshot")},
    "hook": [{"taken": "accepted", "event": "hook-x-1"}],
}


def follow(**_: Any) -> Iterator[dict[str, Any]]:
    """A runner that is there, and in which nothing happens."""
    yield {"kind": "hello", "at": NOW, "version": "1.2.3"}
    ENDED.wait()


ENDED = threading.Event()


@pytest.fixture(scope="module")
def site(state: Path) -> Iterator[Site]:
    settings: WebSettings = limited()
    views = views_of(state, answering(VERBS), now=NOW, follow=follow)
    with serving(views, settings) as site:
        views.following.start()
        try:
            yield site
        finally:
            ENDED.set()


def test_each_answer_is_one_that_the_document_names(site: Site) -> None:
    import schemathesis

    schema = schemathesis.openapi.from_url(f"{site.url}/api/v1/openapi.json", headers=HEADERS)
    tried = []
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path == "/api/v1/stream":
            continue  # its answer does not end

        @seed(13)
        @settings(max_examples=EXAMPLES, database=None, deadline=None, phases=[Phase.explicit, Phase.generate],
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        @given(case=operation.as_strategy())
        def check(case: Any) -> None:
            case.call_and_validate(headers=HEADERS)

        check()
        tried.append(operation.label)
    assert {"GET /api/v1/runs", "POST /api/v1/run", "GET /readyz"} <= set(tried)
