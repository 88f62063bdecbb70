"""What Compose's labels tell: services, what was replaced, and the command that re-creates."""

from __future__ import annotations

from dataclasses import replace

import pytest

from handlers.containers import compose
from tests.parts.docker.on_engine import composed
from tests.parts.values.network_members import OLD, VPN, links, one


def test_the_command_names_all_that_it_needs() -> None:
    label = "com.docker.compose"
    plain = {f"{label}.project": "home", f"{label}.service": "web"}
    more = {
        **plain, f"{label}.service": "db", f"{label}.project.config_files": "/a b/compose.yaml,/srv/more.yaml",
        f"{label}.project.working_dir": "/srv", f"{label}.project.environment_file": "/srv/.env.home",
    }  # fmt: skip
    env_and_folder = "--env-file /srv/.env.home --project-directory /srv"
    assert compose.recreation([plain, more, {}, composed("x"), composed("y"), composed("x")]) == [
        "docker compose -p home up -d --force-recreate web",
        f"docker compose -f '/a b/compose.yaml' -f /srv/more.yaml {env_and_folder} -p home up -d --force-recreate db",
        "docker compose -f /srv/compose.yaml -p home up -d --force-recreate x y",
    ]
    assert compose.depends_on({}) == ()
    assert compose.restarts_with(composed("x", "a", "b")) == ("a", "b")
    assert compose.restarts_with({f"{label}.depends_on": "a:service_healthy:false,b:service_started:true,c"}) == ("b",)
    assert compose.depends_on(composed("x", "a", "b")) == ("a", "b")


@pytest.mark.parametrize(
    ("version", "command"),
    [
        ("2.26.1", "up -d x y"), ("v2.40.3", "up -d x y"), ("5.5", "up -d x y"), ("10.0.0-rc1", "up -d x y"),
        ("2.9.0", "up -d --force-recreate x y"), ("1.29.2", "up -d --force-recreate x y"),
        ("2", "up -d --force-recreate x y"), ("two.26", "up -d --force-recreate x y"),
    ],
)  # fmt: skip
def test_the_command_is_the_shortest_that_the_composes_version_understands(version: str, command: str) -> None:
    labels = [{**composed(name), "com.docker.compose.version": version} for name in "xy"]
    assert compose.recreation(labels) == [f"docker compose -f /srv/compose.yaml -p home {command}"]
    assert "--force-recreate" in compose.recreation([*labels, composed("z")])[0], "of one the version is not known"


def test_on_podman_the_containers_are_removed_first() -> None:
    labels = [{**composed("x"), "com.docker.compose.version": "2.26.1"}, composed("y")]
    start = "docker compose -f /srv/compose.yaml -p home"
    assert compose.recreation(labels, podman=True) == [f"{start} rm -s -f x y && {start} up -d x y"]


def test_on_podman_what_joins_it_is_removed_first_and_made_anew_after_it() -> None:
    start = "docker compose -f /srv/compose.yaml -p home"
    vpn, *others = (composed(name) for name in ("vpn", "x", "y"))
    assert compose.up([vpn], recreate=False, removed=others) == [f"{start} rm -s -f x y && {start} up -d vpn x y"]
    assert compose.up([vpn], recreate=True, removed=others) == [
        f"{start} rm -s -f x y && {start} up -d --force-recreate vpn x y"
    ]
    elsewhere = {**composed("z"), "com.docker.compose.project": "work"}
    other = "docker compose -f /srv/compose.yaml -p work"
    both = f"{other} rm -s -f z && {start} up -d vpn && {other} up -d z"
    assert compose.up([vpn], recreate=False, removed=[elsewhere]) == [both]
    assert compose.up([vpn], recreate=True, removed=[{}]) == [f"{start} up -d --force-recreate vpn"]


def test_compose_says_which_container_it_replaced() -> None:
    vpn = replace(VPN, labels={"com.docker.compose.replace": OLD})
    assert links(one("a", OLD), one("b", "1" * 64), of=vpn) == {"a": "other"}
    assert links(one("a", "")) == {}
