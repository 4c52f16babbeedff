"""Two hosts, each with an agent of torchrun: a cable that breaks, an agent that is killed."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stride.runs.run import Run
from stride.runs.work_dir import WorkDir
from tests.integration.hosts import Agents, Hosts, lives, require_whole, why_no_hosts

pytestmark = [pytest.mark.ddp, pytest.mark.slow]

Note = Callable[[str, object], None]


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    """Return two hosts, or skip with the reason why there are none."""
    if why := why_no_hosts():
        pytest.skip(why)
    with Hosts() as made:
        yield made


@pytest.fixture
def agents(tmp_path: Path) -> Iterator[Agents]:
    """Return what starts agents, which end with the test."""
    with Agents(tmp_path) as made:
        yield made


def test_two_hosts_train_as_two_processes_of_one_do(
    agents: Agents, hosts: Hosts, record_property: Note
) -> None:
    both = [hosts.agent(agents, host, "2") for host in (0, 1)]
    assert [one.wait() for one in both] == [0, 0], agents.words()
    local = agents.start("--standalone", "--nproc-per-node=2", work_dir="local")
    assert local.wait() == 0, local.words()
    results = [Run(agents.run("0", name).path).results for name in ("W", "local")]
    assert results[0]["weights_sha256"] == results[1]["weights_sha256"]
    require_whole(agents.run())
    record_property("faults", "2 hosts of 1 rank: the same bits as 2 ranks of one host")


def test_a_cable_that_breaks_for_a_moment_ends_nothing(
    agents: Agents, hosts: Hosts, record_property: Note
) -> None:
    agents.slow_down()
    both = [hosts.agent(agents, host, "2") for host in (0, 1)]
    agents.until_steps(8)
    hosts.cut()
    time.sleep(3)
    hosts.mend()
    agents.hurry()
    assert [one.wait() for one in both] == [0, 0], agents.words()
    assert len(Run(agents.run().path).segments) == 1
    require_whole(agents.run())
    record_property("faults", "1 cable cut for 3 s: 2 hosts went on")


def test_of_two_hosts_that_are_cut_apart_one_goes_on_alone(
    agents: Agents, hosts: Hosts, record_property: Note
) -> None:
    agents.slow_down()
    first, second = (hosts.agent(agents, host, "1:2") for host in (0, 1))
    try:
        agents.until(lambda: any(one.workers() for one in (first, second)), "workers")
        agents.until_world(2)
        orphans = second.workers()
        hosts.cut()
        agents.until(lambda: not any(map(lives, orphans)), "the end of the worker cut off", 60)
        agents.hurry()
        assert first.wait() == 0, agents.words()
    finally:
        hosts.mend()
    assert WorkDir(agents.folder / "W").names() == ["0"]
    require_whole(agents.run())
    record_property("faults", "1 cable cut for good: 1 of 2 hosts finished the run, 1 gave up")


def test_a_killed_agent_is_replaced(agents: Agents, hosts: Hosts, record_property: Note) -> None:
    agents.slow_down()
    first, second = (hosts.agent(agents, host, "2") for host in (0, 1))
    agents.until_steps(8)
    workers = second.kill()
    agents.until(lambda: not any(map(lives, workers)), "the end of the orphan", 10)
    third = hosts.agent(agents, 1, "2")
    agents.until_steps(12, segment=1, world=2)
    agents.hurry()
    assert [first.wait(), third.wait()] == [0, 0], agents.words()
    assert WorkDir(agents.folder / "W").names() == ["0"]
    segments = Run(agents.run().path).segments
    assert len(segments) == 2 and segments[1]["fidelity"]["inexact"] == {}
    require_whole(agents.run())
    record_property("faults", "1 agent of 2 hosts killed and replaced: same run")
