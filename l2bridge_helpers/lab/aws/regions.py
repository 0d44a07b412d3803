"""DescribeRegions: the regions that the account can use, or all of them."""

from __future__ import annotations

import fnmatch
from typing import Any

from l2bridge_helpers.lab.aws.errors import invalid
from l2bridge_helpers.lab.aws.state import State
from l2bridge_helpers.lab.world import Json

_FIELDS = {"region-name": "RegionName", "endpoint": "Endpoint", "opt-in-status": "OptInStatus"}
_CLOSED = "not-opted-in"


def describe_regions(state: State, given: dict[str, Any]) -> Json:
    """Return the regions that are asked for: those that are not enabled only by name, or with `AllRegions`.

    Raises:
        Ec2Error: there is no such region, or no such filter.

    """
    known = {state.world.parameters["region"]: "opt-in-not-required"} | state.other_regions
    named = given.get("RegionNames", [])
    unknown = [name for name in named if name not in known]
    if unknown:
        raise invalid(f"Invalid region '{unknown[0]}' provided")  # [U]: the wording
    wide = given.get("AllRegions") or named
    found = [
        {"RegionName": name, "Endpoint": f"ec2.{name}.amazonaws.com", "OptInStatus": status}
        for name, status in known.items()
        if (wide or status != _CLOSED) and (not named or name in named)
    ]
    for entry in given.get("Filters", []):
        field = _FIELDS.get(entry.get("Name", ""))
        if field is None:
            raise invalid(f"The filter '{entry.get('Name', '')}' is invalid")
        found = [one for one in found if any(fnmatch.fnmatchcase(one[field], value) for value in entry["Values"])]
    return {"Regions": found}
