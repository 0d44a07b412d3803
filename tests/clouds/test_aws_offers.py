"""The regions that a person can choose from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from l2bridge_helpers.clouds.aws_offers import regions
from l2bridge_helpers.errors import AccessDeniedError, CloudError, UnreachableError
from l2bridge_helpers.lab import Lab, world


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(world("aws-small")) as served:
        yield served


def test_regions_that_the_account_can_use_are_offered_by_name(lab: Lab) -> None:
    """One that is not enabled cannot be chosen."""
    lab.aws.other_regions |= {"eu-central-1": "opt-in-not-required", "ap-east-1": "opted-in"}
    assert [option.value for option in regions(lab.endpoint)] == ["ap-east-1", "eu-central-1", "eu-west-1"]
    assert lab.writes == []


def test_a_caller_who_may_not_list_them_is_told_which_action_it_was(lab: Lab) -> None:
    """The error names it."""
    lab.aws.denied_actions = {"ec2:DescribeRegions"}
    with pytest.raises(AccessDeniedError, match=r"could not list regions.*ec2:DescribeRegions"):
        regions(lab.endpoint)


def test_nobody_waits_long_for_a_list(lab: Lab) -> None:
    """A request that is throttled is made twice, no more."""
    lab.trouble("throttled", times=None)
    with pytest.raises(UnreachableError, match="throttles"):
        regions(lab.endpoint)
    assert len(lab.requests) == 2


def test_an_answer_of_another_form_is_an_error_of_ours(lab: Lab) -> None:
    """No traceback of an SDK."""
    lab.aws.faults.add(("", ""), garbage="html", times=None)
    with pytest.raises(CloudError, match="could not list regions"):
        regions(lab.endpoint)
