"""The limits that the clouds publish for their APIs, as of November 2026. The lab is the judge: it has its own table.

Sources:
    EC2: "Request throttling for the Amazon EC2 API" (docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html):
        token buckets per account and region, each action its own.
    Compute Engine: "Compute Engine rate quotas" (docs.cloud.google.com/compute/docs/api-rate-limits, of 2026-04-14, for
        which method counts where; docs.cloud.google.com/compute/api-quota for the numbers): per project, and per region
        for methods of zones and regions, in minutes of the clock. The newer, simplified quotas are higher; these are
        those that throttle first. The number of heavy reads (aggregated lists, waiting in a zone or region) is that of
        earlier editions of the page.
    Azure: "Understand how Azure Resource Manager throttles requests" (learn.microsoft.com/azure/azure-resource-manager/
        management/request-limits-and-throttling): token buckets per subscription, region and principal; and beside them
        what Microsoft.Network takes in five minutes.
"""

from __future__ import annotations

from collections.abc import Mapping

from l2bridge_helpers.lab.throttle import Bucket, Limit, Window

EC2: Mapping[str, Limit] = {
    "reads": Bucket(100, 20),
    "reads of everything": Bucket(50, 10),
    "writes": Bucket(50, 5),
    "CreateTags": Bucket(100, 10),
    "ModifyNetworkInterfaceAttribute": Bucket(100, 5),
}
"""Buckets of one action each: by the action's name, else by what it does."""

EC2_WHOLE = frozenset(
    {"DescribeInstanceStatus", "DescribeInstances", "DescribeNetworkInterfaces", "DescribeSecurityGroups"}
)
"""The actions whose bucket is a smaller one when neither a filter nor a page is asked for."""

_GCE = {"mutate": 1500, "get": 1500, "list": 1500, "operation_read": 1500, "heavy_read": 750}
GCE: Mapping[str, Limit] = {
    f"{group}{scope}": Window(most) for group, most in _GCE.items() for scope in ("", "_per_region")
}

ARM: Mapping[str, Limit] = {
    "reads": Bucket(250, 25),
    "writes": Bucket(200, 10),
    "deletes": Bucket(200, 10),
    "network reads": Window(10_000, 300.0, aligned=False),
    "network writes": Window(1_000, 300.0, aligned=False),
}

LIMITS = {"aws": EC2, "gce": GCE, "azure": ARM}
"""By platform. Where there is no cloud there is no limit."""
