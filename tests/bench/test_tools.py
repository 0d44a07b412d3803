"""Every tool of the bench does its job on a tiny cluster, as the lab sees it: so that the bench does not rot."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from bench.install import installed
from bench.judge import judge
from bench.runners import TOOLS, Tool, ours, run_tool
from bench.worlds import done, undone

BY_NAME = {tool.name: tool for tool in TOOLS}
OWN = ("l2bridge share=0.8", "SDK, 32 threads, tuned", "SDK, sequential")
PEERS = {"aws": ("awscli", "aws"), "azure": ("azure-cli", "az")}


def right_end(name: str, platform: str) -> None:
    tool = BY_NAME[name]
    with judge(undone(platform, 2), limited=False, tls=tool.tls) as lab:
        run = run_tool(tool, platform, lab, limit=120)
        verdict = lab.verdict()
    assert (verdict.wrong, verdict.failed, run.stopped) == ([], 0, False), run.output
    assert 2 <= verdict.requests < 100
    assert 0 < verdict.first < run.seconds


@pytest.mark.parametrize("platform", ["aws", "gce", "azure"])
@pytest.mark.parametrize("name", OWN)
def test_tools_of_this_environment_reach_the_right_end(name: str, platform: str) -> None:
    """Ours, and the plain scripts that go one by one or with care."""
    right_end(name, platform)


@pytest.mark.parametrize("platform", ["aws", "gce"])
def test_plain_threads_reach_the_right_end_where_nothing_is_limited(platform: str) -> None:
    """What they lack is patience. On Azure writes to one table get in each other's way in any case."""
    right_end("SDK, 32 threads", platform)


@pytest.mark.parametrize("platform", ["aws", "gce", "azure"])
def test_the_document_reaches_the_right_end(platform: str) -> None:
    """By the vendor's command, where it is installed: no test installs it."""
    there = bool(shutil.which("gcloud")) if platform == "gce" else installed(*PEERS[platform])
    if not there:
        pytest.skip("the vendor's command is not installed; `make bench` does so for aws and az")
    right_end("document by CLI", platform)


def test_ansible_reaches_the_right_end() -> None:
    """Where it is installed."""
    if not installed("ansible", "ansible-playbook"):
        pytest.skip("ansible is not installed; `make bench` does so")
    right_end("Ansible", "aws")


def test_a_run_that_takes_too_long_is_stopped() -> None:
    """With all that it has started; what it did until then counts."""
    start = time.monotonic()
    with judge(undone("aws", 2), limited=False) as lab:
        run = run_tool(BY_NAME["SDK, sequential"], "aws", lab, limit=0.2)
        assert (run.stopped, lab.verdict().converged) == (True, False)
    assert time.monotonic() - start < 30


def test_limits_and_latencies_are_felt() -> None:
    """300 changes at once are more than EC2's bucket holds: some are refused, which is throttled, not failed."""
    with judge(undone("aws", 300)) as lab:
        run = run_tool(BY_NAME["SDK, 32 threads"], "aws", lab, limit=60)
        verdict = lab.verdict()
    assert verdict.throttled > 0
    assert verdict.failed == 0
    assert verdict.requests >= 300
    assert run.seconds > 300 * 0.08 / 32


@pytest.mark.parametrize("platform", ["aws", "gce", "azure"])
def test_a_cluster_of_which_all_is_done_needs_nothing(platform: str) -> None:
    """`check` on it ends well, and nothing is written: the measurement of an idle run measures that."""
    tool = Tool("check", "", ours(mode="check", confirm=""))
    with judge(done(platform, 2), limited=False) as lab:
        run = run_tool(tool, platform, lab, limit=60)
        assert (run.status, lab.verdict().converged) == (0, True), run.output
    assert run.cpu > 0
    assert 0 < run.megabytes < 1000


def test_where_tools_are_kept_is_no_part_of_the_repository() -> None:
    """Git does not see it, and `make clean` removes it."""
    root = Path(__file__).resolve().parents[2]
    assert ".venv-bench/" in (root / ".gitignore").read_text(encoding="utf-8").split()
