"""The order of several containers: by Compose's depends_on and by shared network namespaces; circles are opened."""

from __future__ import annotations

import pytest

from handlers.containers.order import levels
from hooks.docker.container import ListedContainer

_ID = "0123456789ab"


def one(name: str, *needs: str, project: str = "home", joins: str = "") -> ListedContainer:
    label = "com.docker.compose"
    depends_on = ",".join(f"{service}:service_started:false" for service in needs)
    labels = {f"{label}.project": project, f"{label}.service": name, f"{label}.depends_on": depends_on}
    mode = f"container:{joins}" if joins else "lan"
    return ListedContainer(name, f"{name}-{_ID}", labels=labels if project else {}, network_mode=mode)


CHAIN = [one("c9"), *(one(f"c{n}", f"c{n + 1}") for n in range(9))]


@pytest.mark.parametrize(("containers", "order"), [
    ([], []),
    ([one("b"), one("a")], [["a", "b"]]),
    ([one("web", "db"), one("db"), one("mail", "db")], [["db"], ["mail", "web"]]),
    (CHAIN, [[f"c{n}"] for n in reversed(range(10))]),
    ([one("web", "db"), one("db", project="other")], [["db", "web"]]),
    ([one("web", "db")], [["web"]]),
    ([one("web", "web")], [["web"]]),
    ([one("a", "b"), one("b", "a"), one("c", "a")], [["a"], ["b", "c"]]),
    ([one("a", "b"), one("b", "c"), one("c", "b")], [["b"], ["a", "c"]]),
    ([one("qb", joins="vpn"), one("vpn")], [["vpn"], ["qb"]]),
    ([one("qb", project="", joins=f"vpn-{_ID}"), one("vpn", project="")], [["vpn"], ["qb"]]),
    ([one("qb", project="", joins="vpn-01234567"), one("vpn", project="")], [["vpn"], ["qb"]]),
    ([one("qb", project="", joins="vp"), one("vpn", project="")], [["qb", "vpn"]]),
], ids=["none", "independent", "two need one", "ten in a chain", "another project's service", "not among them",
        "itself", "a circle", "before a circle", "a name", "an id", "a short id", "too short an id"])  # fmt: skip
def test_each_comes_after_those_that_it_depends_on(containers: list[ListedContainer], order: list[list[str]]) -> None:
    assert [[each.name for each in level] for level in levels(containers)] == order
    assert [[each.name for each in level] for level in levels(containers[::-1])] == order
