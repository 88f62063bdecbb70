"""docs/web.md: its settings, addresses and values are those of the code, and its proxies' headers work."""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path

import pytest
import yaml

from hooks.config.settings import SECRETS, Settings
from hooks.web import api, api_actions, schema
from hooks.web.web_settings import WebSettings
from tests.parts.places import TOP
from tests.parts.process.web_site import serving, views_of

PAGE = (TOP / "docs" / "web.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_each_variable_of_the_page_is_a_setting_or_a_secret() -> None:
    known = {name.upper() for name in Settings.__dataclass_fields__} | set(SECRETS)
    assert set(re.findall(r"(?<!HOMEPAGE_VAR_)\bGLUEHOOK_\w+", PAGE)) - known == set()


def test_each_address_of_the_page_is_one_of_the_api_and_the_other_way_round() -> None:
    operations = [*api.operations.all, *api.plain.all, *api_actions.operations.all]
    paths = {one.path.replace("{run:path}", "ID") for one in operations}
    table = PAGE.partition("## The API")[2]
    named = set(re.findall(r"/api/v1/[a-zA-Z/]+[a-zA-Z]|/healthz|/readyz", table)) - {"/api/v1/openapi"}
    named |= {"/api/v1/resume"} if "`/resume`" in table else set()
    assert named == paths


def test_the_widget_shows_values_of_the_summary() -> None:
    (text,) = (text for kind, text in BLOCKS if kind == "yaml" and "customapi" in text)
    (service,) = yaml.safe_load(text.replace("{{HOMEPAGE_VAR_GLUEHOOK_TOKEN}}", "x"))
    fields = {one["field"] for one in service["gluehook"]["widget"]["mappings"]}
    known = {f"summary.{name}" for name in schema.ANSWERS["Status"]["properties"]["summary"]["properties"]}
    assert fields <= known
    assert set(re.findall(r"`(summary\.\w+)`", PAGE)) <= known


@pytest.mark.parametrize("proxy", ["text", "nginx"])
def test_the_headers_that_the_page_lets_a_proxy_send_lead_to_links_below_its_path(tmp_path: Path, proxy: str) -> None:
    written = next(text for kind, text in BLOCKS if kind == proxy)
    header = re.search(r"X-Forwarded-Prefix (/\w+)", written)
    assert header
    assert ":8090" in written
    settings = WebSettings(hosts=frozenset({"hooks.example.org"}), proxies=(ip_network("127.0.0.1"),))
    sent = {"X-Forwarded-Prefix": header[1], "X-Forwarded-Host": "hooks.example.org", "X-Forwarded-Proto": "https"}
    with serving(views_of(tmp_path), settings) as site:
        page = site.get("/", headers={**sent, "Accept": "text/html"}).text
    assert f'href="{header[1]}/static/gluehook.css"' in page
    assert f'href="{header[1]}/runs"' in page
