"""containers.run on a real engine: what is run, what it says, and that nothing of it is left, whatever happens."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from handlers.containers.run import Run, RunArgs
from handlers.containers.short_lived import LABEL
from hooks.docker.client import engine as kind
from hooks.docker.client import forget
from hooks.handler import Duration, Retry
from tests.handlers.contract import Notes
from tests.parts.docker.dockerd import IMAGE, Dockerd
from tests.parts.docker.on_engine import ends, now
from tests.parts.places import TOP

pytestmark = pytest.mark.docker


@pytest.fixture
def engine(engine: Dockerd, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dockerd]:
    """The engine as DOCKER_HOST."""
    monkeypatch.setenv("DOCKER_HOST", engine.host)
    yield engine
    forget()


def there(engine: Dockerd) -> list[str]:
    with closing(engine.client()) as client:
        return [name for one in client.containers(all=True) for name in one["Names"]]


def sh(script: str, **more: object) -> RunArgs:
    return RunArgs(IMAGE, ["sh", "-c", script], network="none", **more)  # type: ignore[arg-type]


_KILLED = """
import os, sys
from dataclasses import replace
from types import SimpleNamespace
from handlers.containers.run import Run, RunArgs
from tests.parts.docker.on_engine import now
ctx = replace(now(SimpleNamespace(host=sys.argv[1])), wait=lambda _: os._exit(9))
Run().apply(RunArgs(sys.argv[2], ["sleep", "1000"], network="none"), ctx)
"""  # a process that is killed while its container runs: it cleans up nothing
WHAT = f"'sh' of image '{IMAGE}'"


def test_it_is_run_judged_by_its_exit_code_and_removed(engine: Dockerd, tmp_path: Path) -> None:
    memory = Notes()
    (tmp_path / "in").write_text("from the host\n")
    script = 'cat /data/in; echo "$PASSWORD in $PWD as $(id -u)"; echo out >/data/out'
    args = sh(script, mounts=[f"{tmp_path}:/data"], environment={"PASSWORD": "s3cret-4711"}, workdir="/tmp", user="0")
    seen: list[str] = []
    ctx = replace(now(engine, memory=memory), saw=seen.append)
    assert ends(Run(), args, ctx) == ("changed", f"{WHAT} done; it said: *** in /tmp as 0")
    assert (tmp_path / "out").read_text() == "out\n"
    assert seen == ["exit code 0", "it said: from the host | *** in /tmp as 0"]
    for script, word, said in (
        ("echo broken >&2; exit 4", "Retry", "ended with exit code 4; it said: broken"),
        ("exit 75", "Retry", "asks to be tried again later (exit code 75)"),
        ("exit 127", "GiveUp", "cannot be run (exit code 127); correct the command"),
        ("touch /data/x", "Retry", "Read-only file system"),
    ):
        end = ends(Run(), sh(script, mounts=[f"{tmp_path}:/data:ro"]), now(engine, memory=memory))
        assert (end[0], said in end[1]) == (word, True), end
    assert (there(engine), memory.values) == ([], {})


@pytest.mark.parametrize(
    "script", ["trap '' TERM; while :; do sleep 0.1; done", "yes on and on"], ids=["silent", "chatty"]
)
def test_what_takes_too_long_is_killed_and_removed(engine: Dockerd, script: str) -> None:
    memory = Notes()
    word, said = ends(Run(), sh(script, timeout=Duration(0.5)), now(engine, memory=memory))
    assert (word, "was not done in time and was killed" in said) == ("Retry", True), said
    assert (there(engine), memory.values, len(said) < 500) == ([], {}, True)


def test_an_image_that_is_not_there_is_not_pulled(engine: Dockerd, tmp_path: Path) -> None:
    memory = Notes()
    word, said = ends(Run(), RunArgs("localhost/no-such-image:1"), now(engine, memory=memory))
    assert (word, said) == ("GiveUp", (
        "image 'localhost/no-such-image:1' was not run: Docker has no image 'localhost/no-such-image:1'; "
        "run: docker pull localhost/no-such-image:1"
    ))  # fmt: skip
    word, said = ends(Run(), sh("true", mounts=["./data:/data"]), now(engine, memory=memory))
    assert (word, "'./data:/data' has a source that is neither an absolute path nor a volume's" in said) == (
        "GiveUp",
        True,
    )
    if not kind().podman:  # which makes the folder
        word, said = ends(Run(), sh("true", mounts=[f"{tmp_path}/none:/data"]), now(engine, memory=memory))
        assert (word, "bind source path does not exist" in said) == ("GiveUp", True), said
    assert there(engine) == []


def test_what_a_killed_gluehook_has_left_is_removed_by_the_next_run(engine: Dockerd) -> None:
    done = subprocess.run([sys.executable, "-c", _KILLED, engine.host, IMAGE], cwd=TOP, check=False, timeout=30)
    assert done.returncode == 9
    left = [name.lstrip("/") for name in there(engine)]
    assert len(left) == 1
    with closing(engine.client()) as client:
        assert client.inspect_container(left[0])["Config"]["Labels"][LABEL] == "run-1"
    memory = Notes()
    memory.put("containers.run", left)  # as the state folder has it
    assert ends(Run(), sh("echo again"), now(engine, memory=memory))[0] == "changed"
    assert (there(engine), memory.values) == ([], {})


def test_a_stop_of_gluehook_does_not_wait_for_it(engine: Dockerd) -> None:
    def stopping(_: float) -> None:
        raise Retry("gluehook is stopping; it is done at the next start")

    end = ends(Run(), sh("sleep 1000"), replace(now(engine), wait=stopping))
    assert (end, there(engine)) == (("Retry", "gluehook is stopping; it is done at the next start"), [])
