"""What the clouds publish about the rate of their APIs. Dated; what a service answers wins over it.

Sources:
    EC2: docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html (read 2026-11): per account and region, a
        bucket for each action.
    Compute Engine: docs.cloud.google.com/compute/api-quota and …/compute/docs/api-rate-limits (read 2026-11): per
        project and group of methods, per region for methods of zones and regions, counted in minutes of the clock.
    Azure: learn.microsoft.com, "request limits and throttling" of Resource Manager and "Azure subscription limits" of
        Microsoft.Network (read 2026-11): buckets per subscription, region and principal; the network service counts
        in five minutes, beside them.
"""

from __future__ import annotations

from l2bridge_helpers.pace import GET, LIST, OPERATION, READ, WRITE, Limits
from l2bridge_helpers.pace_meters import Bucket, Limit, Window

DELETE, HEAVY = "delete", "heavy"
_MINUTE, _FIVE_MINUTES = 60.0, 300.0


_COMPUTE = {WRITE: 1500, GET: 1500, LIST: 1500, OPERATION: 1500, HEAVY: 750}
"""Requests in a minute: of global methods in a project, of those of zones and regions in each region, apart."""


def _in_a_minute(group: str) -> tuple[Limit, ...]:
    """Return the limits of a group and, behind it, the region that it is counted in; none for a global one."""
    return (Window(f"compute {group}", _COMPUTE[group.split(maxsplit=1)[0]], _MINUTE),)


GCE = Limits(others=_in_a_minute, lanes=512, width=128, is_read=lambda group: not group.startswith(WRITE))
"""More changes than requests may be under way: a change waits for its operation most of the time."""

_NETWORK_WRITES = Window("network writes", 1000, _FIVE_MINUTES, aligned=False)
_NETWORK_READS = Window("network reads", 10_000, _FIVE_MINUTES, aligned=False)
AZURE = Limits(
    groups={
        READ: (Bucket("reads", 250, 25), _NETWORK_READS),
        WRITE: (Bucket("writes", 200, 10), _NETWORK_WRITES),
        DELETE: (Bucket("deletes", 200, 10), _NETWORK_WRITES),
    },
    lanes=256,
    width=64,
)

_EC2_BUCKETS = {"CreateTags": (100, 10), "ModifyNetworkInterfaceAttribute": (100, 5)}
"""Actions that have another bucket than the usual one of writes."""


_EC2_WRITES, _EC2_READS = (50, 5), (100, 20)


def _of_action(action: str) -> tuple[Limit, ...]:
    return (Bucket(action, *_EC2_BUCKETS.get(action, _EC2_READS if _describes(action) else _EC2_WRITES)),)


def _describes(action: str) -> bool:
    """Return whether an action reads; ours have filters and pages, others have half the bucket."""
    return action.startswith("Describe")


AWS = Limits(
    groups={WRITE: _of_action("ModifyNetworkInterfaceAttribute")},
    others=_of_action,
    lanes=32,
    width=32,
    is_read=_describes,
)
"""Groups are called like their actions; the usual write is the source/destination check of an interface."""
