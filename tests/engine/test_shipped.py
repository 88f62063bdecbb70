"""The rules that ship, built by hand, in the nights they were made for."""

from __future__ import annotations

from hooks.engine.runs import Result, Run
from hooks.rules.matching import OneOf
from hooks.rules.table import Debounce, Limit, RetryPolicy, Rule, Step
from tests.whole.story import (
    CHANGED,
    DAY,
    RETRY,
    UNCHANGED,
    H,
    M,
    Story,
    cleared,
    container,
    event,
    forwarded,
    healthy,
    on,
    rule,
    source,
    unhealthy,
)

FORWARD_PORT = rule(
    "forward-port", on("port.forwarded"), on("container.start", container="qbittorrent"),
    on("container.healthy", container="gluetun"), on("timer.tick", every="5m"),
    key="port", do=(Step("client.set_port", reconciles=True),),
)  # fmt: skip
HEAL_VPN = rule(
    "heal-vpn", on("container.unhealthy", container="gluetun"), on("port.cleared"),
    key="gluetun", for_s=3 * M, cooldown_s=5 * M, repeat=True, limit=Limit(3, H), timeout_s=150,
    retry=RetryPolicy(attempts=1), do=(Step("gluetun.restart_vpn", reconciles=True),),
)  # fmt: skip
HEAL_HARDER = rule(
    "heal-vpn-harder", on("rule.exhausted", rule="heal-vpn"),
    key="gluetun", cooldown_s=30 * M, limit=Limit(2, DAY),
    do=(Step("containers.restart"), Step("notify.send", when_changed=True)),
)  # fmt: skip
GIVE_UP = rule("give-up", on("rule.exhausted", rule="heal-vpn-harder"), do=(Step("notify.send"),))
REJOIN = rule(
    "rejoin-network", on("container.healthy", container="gluetun"), limit=Limit(5, H), timeout_s=120,
    retry=RetryPolicy(attempts=10, first_s=2, max_s=60), do=(Step("containers.rejoin", reconciles=True),),
)  # fmt: skip
REJOIN_FAILED = rule(
    "rejoin-failed", on("run.failed", rule="rejoin-network"), cooldown_s=30 * M, do=(Step("notify.send"),)
)
REJOIN_GIVEN_UP = rule(
    "rejoin-given-up", on("rule.exhausted", rule="rejoin-network"), cooldown_s=H, do=(Step("notify.send"),)
)
STAYS_UP = rule("stays-up", on("container.healthy", container="gluetun"), for_s=H, do=(Step("notify.send"),))
DNS = OneOf(("adguard", "adguardhome"))
PEERS = rule(
    "peers-follow-dns", on("container.ip_changed", container=DNS), on("container.start", container=DNS),
    key="dns", debounce=Debounce(10, 40),
    do=(Step("wireguard.regenerate_peers", reconciles=True), Step("notify.send", when_changed=True)),
)  # fmt: skip
SHIPPED: tuple[Rule, ...] = (
    FORWARD_PORT,
    HEAL_VPN,
    HEAL_HARDER,
    GIVE_UP,
    REJOIN,
    REJOIN_FAILED,
    REJOIN_GIVEN_UP,
    STAYS_UP,
    PEERS,
)
TOOK = {"heal-vpn": 20.0, "heal-vpn-harder": 10.0, "forward-port": 0.5}


def resync(story: Story, began: float) -> None:
    story.at(story.now, container("start", "gluetun", began=began), healthy("gluetun", began=began))
    story.at(story.now, forwarded(5000, began=began))


def test_a_port_reaches_qbittorrent_at_once_and_each_time_it_is_written() -> None:
    story = Story(*SHIPPED, answers={"forward-port": [CHANGED, UNCHANGED]})
    story.at(1, forwarded(5000, generation="1"))
    story.at(10, forwarded(5000, generation="2"))
    story.at(20, container("start", "qbittorrent"))
    story.at(30, container("start", "sonarr"))
    story.at(300, event("timer.tick", "5m", every="5m"))
    story.at(301, event("timer.tick", "1m", every="1m"))
    assert story.ran() == [1, 10, 20, 300]


def test_a_quiet_evening() -> None:
    story = Story(
        *SHIPPED, answers={"forward-port": UNCHANGED, "rejoin-network": UNCHANGED, "peers-follow-dns": UNCHANGED}
    )
    story.at(0, container("start", "gluetun"), cleared())
    story.at(30, healthy("gluetun"))
    story.at(40, forwarded(5000))
    for minute in range(5, 600, 5):
        story.until(minute * M)
        resync(story, began=-1)
    assert set(story.ran()) == {30, 40, 30 + H}
    assert story.ran("stays-up") == [30 + H], "once, however often its state is reported"
    assert story.ran("heal-vpn") == []


def test_the_gluetun_that_never_got_a_port() -> None:
    story = Story(*SHIPPED, takes_s=TOOK)
    story.at(0, container("start", "gluetun"), cleared())
    story.at(20, healthy("gluetun"))
    story.at(3 * M + 25, forwarded(5000))
    story.until(DAY)
    assert story.ran("heal-vpn") == [3 * M]
    assert story.ran("heal-vpn-harder") == []


def test_a_dip_that_gluetun_heals_by_itself() -> None:
    story = Story(*SHIPPED)
    story.at(0, unhealthy("gluetun"), cleared())
    story.at(90, healthy("gluetun"))
    story.at(100, forwarded(5001))
    story.until(DAY)
    assert story.ran("heal-vpn") == []
    assert story.ran("forward-port") == [90, 100]
    assert story.ran("rejoin-network") == [90]


def test_an_owner_who_stops_gluetun() -> None:
    story = Story(*SHIPPED)
    story.at(0, unhealthy("gluetun"), cleared())
    story.at(60, container("kill", "gluetun", signal=15), container("die", "gluetun", exit_code=0))
    story.until(DAY)
    assert story.ran() == []


def restarts_gluetun(story: Story) -> None:
    """What Docker tells when heal-vpn-harder does its work; the VPN stays as bad as it was."""
    now = story.now
    story.at(now + 2, container("die", "gluetun"), container("start", "gluetun"), cleared())
    story.at(now + 60, unhealthy("gluetun"))


def test_two_days_without_the_provider() -> None:
    story = Story(*SHIPPED, takes_s=TOOK)
    story.at(0, unhealthy("gluetun"))
    story.at(1, cleared())
    # three tunnel restarts, each 5 minutes after the last has ended; the fourth is refused
    first = 3 * M
    step = 20 + 5 * M
    story.until(first + 3 * step)
    assert story.ran("heal-vpn") == [first, first + step, first + 2 * step]
    harder = first + 3 * step
    assert story.told("exhausted") == [harder]
    assert story.ran("heal-vpn-harder") == [harder]

    # the container's restart ends the states and so the exhaustion; after 3 more minutes of trouble
    # the window of an hour is still full, so the second restart follows when its cooldown is over
    restarts_gluetun(story)
    again = harder + 2 + 3 * M
    story.until(again)
    assert story.told("exhausted") == [harder, again]
    cooled = harder + 10 + 30 * M
    story.until(cooled)
    assert story.ran("heal-vpn-harder") == [harder, cooled]

    # the third would be the one too many of its day: it is refused at once, and the owner is told
    restarts_gluetun(story)
    room = first + H  # the first tunnel restart leaves the window before 3 minutes are over
    refused = cooled + 2 + 3 * M
    story.until(refused)
    assert refused < room
    assert story.told("exhausted") == [harder, again, refused]
    told = cooled + 10 + 30 * M
    story.until(2 * DAY)
    assert story.told("exhausted") == [harder, again, refused, told]
    assert story.ran("give-up") == [told]
    assert story.ran("heal-vpn") == [first, first + step, first + 2 * step], "nothing more is touched"
    assert story.ran("heal-vpn-harder") == [harder, cooled]

    # the provider is back: everything is as on the first day
    story.at(2 * DAY, healthy("gluetun"))
    story.at(2 * DAY + 5, forwarded(6000))
    others = [lane for lane in story.engine.lanes() if lane.rule != STAYS_UP]
    assert not any(lane.exhausted or lane.pending for lane in others)
    story.at(2 * DAY + H, unhealthy("gluetun"))
    story.until(2 * DAY + H + 3 * M)
    assert story.ran("heal-vpn")[3:] == [2 * DAY + H + 3 * M]


def test_docker_away_while_gluetun_is_sick() -> None:
    story = Story(*SHIPPED)
    story.at(0, container("start", "gluetun", began=-60), unhealthy("gluetun"))
    story.at(M, source("lost", "docker"))
    story.at(
        2 * H, source("restored", "docker"), container("start", "gluetun", began=-60), unhealthy("gluetun", began=-60)
    )
    story.until(2 * H + 2 * M)
    assert story.ran("heal-vpn") == [2 * H + 2 * M]


def test_gluetun_made_anew_while_nobody_looked() -> None:
    story = Story(*SHIPPED)
    story.at(0, healthy("gluetun", id="a", began=-60))
    story.at(H, container("start", "gluetun", id="b", began=H - 60), healthy("gluetun", id="b", began=H - 60))
    assert story.ran("rejoin-network") == [0, H]


def came_up(story: Story, times: int) -> None:
    """gluetun dies and gets well again, once in a minute."""
    for _ in range(times):
        story.at(story.now + 30, container("die", "gluetun"), container("start", "gluetun"))
        story.at(story.now + 30, healthy("gluetun"))


def test_a_gluetun_that_does_not_stay_up_costs_twenty_restarts_an_hour_and_one_message() -> None:
    story = Story(*SHIPPED)
    came_up(story, 20)
    assert story.ran("rejoin-network") == [minute * M for minute in range(1, 21)]
    came_up(story, 10)
    assert len(story.ran("rejoin-network")) == 20
    assert story.ran("rejoin-given-up") == [21 * M]
    assert "came back each time" in str(story.runs("rejoin-given-up")[0].event.data["reason"])
    story.until(H + M + 30)
    assert story.ran("rejoin-network")[20:] == [H + M], "the hour has room again, and gluetun is up"
    assert story.ran("stays-up") == []
    story.until(3 * H)
    assert story.ran("stays-up") == [30 * M + H]


def lost_and_healed(story: Story, times: int, every: float) -> None:
    """The port is lost again and again; each restart of the tunnel brings one back within 1.2 s."""
    for number in range(times):
        story.at(number * every, cleared())
        story.at(number * every + 3 * M + 1.2, forwarded(5000 + number))


def test_losses_that_are_each_healed_never_escalate() -> None:
    for every in (15 * M, 10 * M, 6 * M):
        story = Story(*SHIPPED, takes_s={"heal-vpn": 1.5})
        lost_and_healed(story, 8, every)
        story.until(DAY)
        assert story.told("exhausted") == []
        assert story.ran("heal-vpn") == [number * every + 3 * M for number in range(8)]
        assert story.ran("heal-vpn-harder") == []


def test_others_have_a_minute_to_recreate_and_then_the_owner_is_told_once() -> None:
    def report(run: Run) -> Result:
        return Result("retry", after=60) if run.attempt == 1 else Result("give_up", "run docker compose …")

    story = Story(*SHIPPED, answers={"rejoin-network": report})
    story.at(9, container("start", "gluetun", id="b"))
    story.at(10, healthy("gluetun", id="b"))
    for minute in range(5, 60, 5):
        story.until(minute * M)
        story.at(story.now, container("start", "gluetun", id="b", began=9), healthy("gluetun", id="b", began=9))
    assert story.ran("rejoin-network") == [10, 70]
    assert story.ran("rejoin-failed") == [70]


def test_peers_are_written_once_for_a_flurry_and_the_owner_is_told_once() -> None:
    def regenerate(run: Run) -> Result:
        return RETRY if run.attempt == 1 else CHANGED

    story = Story(*SHIPPED, answers={"peers-follow-dns": regenerate})
    story.at(0, container("start", "adguard"))
    story.at(1, container("ip_changed", "adguard", ip="172.18.0.5", old_ip="172.18.0.4", network="n"))
    story.until(H)
    assert story.ran("peers-follow-dns") == [11, 12]
    assert {run.event.type for run in story.runs()} == {"container.ip_changed"}


def test_a_port_that_could_not_be_set_is_set_when_qbittorrent_is_there() -> None:
    story = Story(*SHIPPED, answers={"forward-port": lambda run: CHANGED if story.now >= 100 else RETRY})
    story.at(0, forwarded(5000))
    story.at(100, container("start", "qbittorrent"))
    story.until(101)
    last = story.runs("forward-port")[-1]
    assert (story.ran("forward-port")[-1], last.event.type, last.attempt) == (100, "container.start", 1)
