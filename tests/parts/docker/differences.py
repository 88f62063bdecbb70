"""What differs by an engine's nature: tests that say something that is not so on it, each with the reason.

`docs/limits.md` says the same to owners. A fault of gluehook's is none of these.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

import pytest

BY_NATURE = "by nature: "


@dataclass(frozen=True)
class Difference:
    """One reason, and what it applies to."""

    engine: str  # how the engine's name begins, "podman 4"
    why: str
    tests: tuple[str, ...]  # words of the tests' ids


DIFFERENCES = (
    Difference(
        "podman",
        "Podman refuses to remove a container while others share its network, so no container is re-created under them",
        (
            "test_recreate_real.py", "test_recreate_killed.py", "a_recreation", "the_recreation",
            "one_that_goes_when_it_stops", "was_recreated", "are_recreated",
            "being_recreated", "must_be_recreated", "_re_created", "what_compose_repairs", "by_composes_labels",
            "what_an_earlier_attempt", "an_id_that_an_earlier_life", "made_anew_once[force]", "made_anew_once[change]",
            "makes_qbittorrent_anew",
            "command_that_is_told", "wireguard_project_keeps", "health_warns", "refuses_to_recreate",
            "an_attached_one_that_shares", "with_networks_of_its_own", "the_images_name_is_gone", "a_path_is_compared",
        ),
    ),
    Difference(
        "podman",
        "Podman's containers do not end with its service",
        (
            "test_a_restarted_engine_is", "test_what_a_killed_engine", "test_both_are_killed", "docker_may_crash",
            "docker_may_be_restarted",
        ),
    ),
    Difference(
        "podman",
        "Podman takes only whole seconds for `since`, and so sends events again that the runner then drops",
        ("test_a_container_s_life_is", "test_many_short_lives"),
    ),
    Difference(
        "podman",
        "Podman refuses to restart a container without its parent before it stops it, so none is stranded",
        ("test_a_stranded_", "test_attached_stale_stranded"),
    ),
    Difference("podman", "an image that Podman builds by its Docker socket has no health check", ("test_image.py",)),
    Difference("podman", "Podman creates no container that joins one that is not there", ("test_a_circle_is_told",)),
    Difference("podman", "Podman reports no signal when it stops a container", ("test_one_that_compose_is_stopping",)),
    Difference("podman", "Podman lists a network `none` for such a container", ("a_member_of_anothers_network",)),
)  # fmt: skip


def apply(items: Iterable[pytest.Item]) -> None:
    """Skip the tests that do not apply to the engine that the matrix runs them on."""
    engine = os.environ.get("TEST_ENGINE", "")
    holding = [one for one in DIFFERENCES if engine.startswith(one.engine)] if engine else []
    for item in items:
        for one in holding:
            if any(word in item.nodeid for word in one.tests):
                item.add_marker(pytest.mark.skip(reason=f"{BY_NATURE}{one.why}"))
