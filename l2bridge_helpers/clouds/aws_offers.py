"""What a person can choose from on AWS: the regions that the account can use (ec2:DescribeRegions)."""

from __future__ import annotations

from l2bridge_helpers.choices import Option
from l2bridge_helpers.clouds.aws_api import AwsApi, default_region
from l2bridge_helpers.errors import CloudError
from l2bridge_helpers.printable import printable

__all__ = ["default_region", "regions"]

_ASKED = "us-east-1"
"""Any region of the usual partition knows all of them; in China and GovCloud the profile names one."""
_ATTEMPTS = 2
"""Nobody waits long for a list."""


def regions(endpoint: str, asked: str = "") -> list[Option]:
    """Return the regions that are enabled for the account, by name.

    Args:
        endpoint: another API endpoint; empty: the public one.
        asked: the region that is asked; empty: the usual one.

    Raises:
        CloudError: they cannot be listed.

    """
    found = AwsApi(asked or _ASKED, endpoint, attempts=_ATTEMPTS).regions()
    names = sorted({str(region.get("RegionName", "")) for region in found} - {""})
    if not names:
        raise CloudError("could not list regions: the answer names none; is parameter endpoint EC2's?")
    return [Option(name, printable(name)) for name in names]
