"""The columns of the table: which test belongs to which story, by the module that it is in."""

from __future__ import annotations

_MODULES = {
    "loss and return": (
        "tests.sources.test_docker_real",
        "tests.whole.test_faults_docker",
        "tests.whole.test_run_logs",
    ),
    "rejoin": ("tests.handlers.containers.test_rejoin", "tests.whole.test_run_rejoin"),
    "re-create": ("tests.handlers.containers.test_recreate", "tests.handlers.containers.test_references"),
    "restart": ("tests.handlers.containers.test_containers_real", "tests.whole.test_run_docker"),
    "stop, pause": (
        "tests.handlers.containers.test_stop_and_pause_real",
        "tests.whole.test_run_stop",
        "tests.whole.test_run_only_if",
    ),
    "port": (
        "tests.handlers.qbittorrent.",
        "tests.whole.test_run_real",
        "tests.whole.test_run_several",
        "tests.whole.test_run_clients",
    ),
    "run": ("tests.handlers.containers.test_run_container_real",),
    "exec": ("tests.handlers.wireguard.", "tests.whole.test_run_wireguard"),
    "doctor, init": ("tests.doctor.", "tests.workbench."),
    "compose": ("tests.whole.test_real_compose",),
    "image": ("tests.whole.test_image",),
}
COLUMNS = (*_MODULES, "other")


def column(module: str) -> str:
    """The story of a test module, "other" where none names it."""
    return next((name for name, starts in _MODULES.items() if module.startswith(starts)), "other")
