"""The lock files, the wheel and the Makefile: a fresh clone on another machine gets what we tested."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.parts.places import TOP
from tests.parts.programs import require

LOCKS = ("requirements.txt", "requirements-build.txt", "requirements-dev.txt", "requirements-site.txt")
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text())
OWN_FOLDER = re.compile(r"^[^/]+\.(dist-info|data)/")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def pins(lock: str) -> dict[str, Requirement]:
    """The pinned requirements of a lock file by name, without their hashes and comments."""
    text = re.sub(r"#.*", "", (TOP / lock).read_text()).replace("\\\n", " ")
    lines = (HASH.sub("", line).strip() for line in text.splitlines())
    found = [Requirement(line) for line in lines if line]
    return {canonicalize_name(one.name): one for one in found}


@pytest.mark.parametrize("lock", LOCKS)
def test_each_requirement_is_pinned_and_hashed(lock: str) -> None:
    text = re.sub(r"#.*", "", (TOP / lock).read_text()).replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip()]
    assert len(lines) == len(pins(lock)) > 5
    for line in lines:
        assert re.match(r"[a-z0-9-]+==[\w.]+ ", line), line
        assert HASH.search(line), line


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_an_index_a_url_or_a_path(lock: str) -> None:
    text = (TOP / lock).read_text()
    assert not re.search(
        r"://|--(?:extra-)?index|find-links|trusted-host| @ |file:/|/\w+/|\w+\.(?:org|com|net|io)\b", text
    )


def test_the_locks_hold_what_the_project_asks_for() -> None:
    asked = PROJECT["project"]
    for lock, wanted in (
        ("requirements.txt", asked["dependencies"]),
        ("requirements-build.txt", PROJECT["build-system"]["requires"]),
        ("requirements-dev.txt", asked["dependencies"] + asked["optional-dependencies"]["dev"]),
        ("requirements-site.txt", asked["optional-dependencies"]["site"]),
    ):
        locked = pins(lock)
        for one in map(Requirement, wanted):
            (pin,) = locked[canonicalize_name(one.name)].specifier
            assert one.specifier.contains(pin.version), f"{lock}: {one} is locked at {pin}"


def test_the_tests_run_with_the_versions_that_ship() -> None:
    everything = pins("requirements-dev.txt")
    for name, one in pins("requirements.txt").items():
        assert str(everything[name]) == str(one)
    for name, one in pins("requirements-build.txt").items():
        assert str(everything.get(name, one)) == str(one)


def test_the_locks_serve_every_python() -> None:
    assert PROJECT["project"]["requires-python"] == ">=3.11,<3.14"
    assert str(pins("requirements.txt")["pyasyncore"].marker) == 'python_version >= "3.12"'


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel, built as pip builds it, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    argv = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation",
            "--disable-pip-version-check", "--wheel-dir", str(folder), str(TOP)]  # fmt: skip
    subprocess.run(argv, check=True, cwd=folder)
    (built,) = folder.glob("gluehook-*.whl")
    return built


def test_the_wheel_holds_the_packages_the_rules_and_the_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        assert {name.split("/")[0] for name in names if not OWN_FOLDER.search(name)} == {"hooks", "handlers"}
        shapes = (
            "hooks/**/*.py",
            "handlers/**/*.py",
            "handlers/**/*.json",
            "hooks/web/templates/*",
            "hooks/web/static/*",
        )
        for source in [file for shape in shapes for file in TOP.glob(shape)]:
            assert str(source.relative_to(TOP)) in names
        assert archive.read("hooks/shipped_rules.toml") == (TOP / "rules.toml").read_bytes()
        (scripts,) = [name for name in names if name.endswith("entry_points.txt")]
        commands = configparser.ConfigParser()
        commands.read_string(archive.read(scripts).decode())
    assert dict(commands["console_scripts"]) == {"gluehook": "hooks.__main__:main"}
    assert dict(commands["pytest11"]) == {"hooks.pytest_plugin": "hooks.pytest_plugin"}


def test_the_wheel_installs_the_man_page_and_completion(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        installed = {
            name.split(".data/data/")[1]: archive.read(name) for name in archive.namelist() if ".data/data/" in name
        }
    shell = TOP / "hooks" / "cli" / "shell"
    assert installed == {
        "share/man/man1/gluehook.1": (shell / "gluehook.1").read_bytes(),
        "share/bash-completion/completions/gluehook": (shell / "gluehook.bash").read_bytes(),
        "share/zsh/site-functions/_gluehook": (shell / "gluehook.zsh").read_bytes(),
        "share/fish/vendor_completions.d/gluehook.fish": (shell / "gluehook.fish").read_bytes(),
    }


def test_the_installed_wheel_finds_the_rules_that_ship(wheel: Path, tmp_path: Path) -> None:
    site, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    others = [path for path in sys.path if path and Path(path).resolve() != TOP]
    env = {name: value for name, value in os.environ.items() if not name.startswith("GLUEHOOK_")}
    code = (
        f"import sys; sys.path[:] = {[str(site), *others]}; from hooks.app import loading; print(loading.rules_path())"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=empty, env=env, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == str(site / "hooks" / "shipped_rules.toml")


# -- make ------------------------------------------------------------------------------------------


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in the repository."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    argv = [require("make", "make"), "--no-print-directory", *arguments]
    return subprocess.run(argv, cwd=TOP, env=env, capture_output=True, text=True, check=False)


def test_make_alone_lists_every_target() -> None:
    listed = make()
    assert listed.returncode == 0
    targets = set(re.findall(r"^  make (\w+)", listed.stdout, re.MULTILINE))
    assert targets == set("help run test unit lint types bench chaos doctor matrix image wheels docs site lock".split())


@pytest.mark.parametrize("target", ["run", "test"])
def test_another_python_is_refused_in_words(target: str, tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    made = make(target, f"PYTHON={old}", f"VENV={tmp_path}/venv")
    assert made.returncode == 2
    assert "gluehook needs Python 3.11, 3.12 or 3.13" in made.stderr
    assert f"make {target} PYTHON=python3.12" in made.stderr
    assert not (tmp_path / "venv").exists()


def test_a_changed_lock_makes_a_new_environment(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", *LOCKS):
        (tmp_path / name).write_bytes((TOP / name).read_bytes())

    def stamp() -> str:
        dry = subprocess.run(
            [require("make", "make"), "-n", "run", f"PYTHON={sys.executable}"],
            cwd=tmp_path, capture_output=True, text=True, check=True,
        )  # fmt: skip
        (found,) = set(re.findall(r"touch .*(\.run-\w+)", dry.stdout))
        return str(found)

    before = stamp()
    assert stamp() == before
    with (tmp_path / "requirements.txt").open("a") as lock:
        lock.write("# changed\n")
    assert stamp() != before


def test_ci_is_a_program_that_bash_can_read() -> None:
    run = TOP / ".ci" / "run"
    assert os.access(run, os.X_OK)
    subprocess.run(["bash", "-n", str(run)], check=True)
