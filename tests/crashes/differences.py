"""What differs between two snapshots of a world, and whether a journal names it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from l2bridge_helpers.changes import Change
from l2bridge_helpers.journal import JournalRow

_NAMES = (
    "selfLink",
    "DestinationCidrBlock",
    "NetworkInterfaceId",
    "InstanceId",
    "RouteTableId",
    "GroupId",
    "Key",
    "id",
    "name",
)
"""What a member of a list is known by: the first that it has."""
_FOLLOWING = "pool-auto"
"""The scale set of the lab whose instances follow its template by themselves."""
_RULES = (
    (r"instances/.*/instances/(?P<key>[^/]+)/canIpForward", "forwarding"),
    (r"routes/.*/(?P<key>l2b-[^/]+)(/.*)?", "route"),
    (r"firewalls/.*/(?P<key>l2b-[^/]+)(/.*)?", "filter"),
    (r"NetworkInterfaces/(?P<key>eni-\w+)/SourceDestCheck", "forwarding"),
    (r"Instances/(?P<key>i-\w+)/.*SourceDestCheck", "forwarding"),
    (r"RouteTables/(?P<key>rtb-\w+)/Routes/(?P<more>[^/]+/\d+)(/.*)?", "route"),
    (r"RouteTables/(?P<key>rtb-\w+)/Tags/l2bridge.*", "claim mark"),
    (r"SecurityGroups/(?P<key>sg-\w+)/IpPermissions(/.*)?", "filter"),
    (r"networkInterfaces/.*/(?P<key>[^/]+)/properties/enableIPForwarding", "forwarding"),
    (r"virtualMachineScaleSets/.*/(?P<key>[^/]+)/properties/virtualMachineProfile/.*enableIPForwarding", "template"),
    (rf"virtualMachineScaleSet.*/virtualMachineScaleSets/(?P<key>{_FOLLOWING})/.*enableIPForwarding", "template"),
    (r"virtualMachineScaleSetVMs/.*/virtualMachineScaleSets/(?P<key>[^/]+)/.*enableIPForwarding", "forwarding"),
    (
        r"virtualMachineScaleSetNetworkInterfaces/.*/(?P<key>[^/]+)/virtualMachines/(?P<more>\d+)/.*enableIPForwarding",
        "forwarding",
    ),
    (r"routeTables/.*/routeTables/(?P<key>[^/]+)/(?!properties/(routes|subnets)|tags).*", "table"),
    (r"routeTables/.*/routeTables/(?P<key>[^/]+)/tags(/.*)?", "mark claim table"),
    (r"routeTables/.*/routeTables/[^/]+/properties/routes/.*/routes/(?P<key>[^/]+)(/.*)?", "route"),
    (r"routeTables/.*/routeTables/(?P<key>[^/]+)/properties/subnets.*", "association"),
    (r"virtualNetworks/.*/subnets/(?P<key>[^/]+)/properties/routeTable(/.*)?", "association"),
)
"""What a run may change: where it shows in a world, and of what kind the journal's row is."""


def differences(before: str, after: str) -> list[str]:
    """Return the places that differ between two snapshots."""
    return list(_compare(json.loads(before), json.loads(after), ()))


def unnamed(places: Iterable[str], rows: Iterable[JournalRow]) -> list[str]:
    """Return the places that no row of the journal speaks of."""
    told = [(row.change.kind, _text(row.change)) for row in rows]
    return [place for place in places if not any(_speaks(kind, text, place) for kind, text in told)]


def _text(change: Change) -> str:
    return json.dumps([change.resource, dict(change.before), dict(change.after)])


def _speaks(kind: str, text: str, place: str) -> bool:
    for pattern, kinds in _RULES:
        found = re.fullmatch(pattern, place)
        if found and kind in kinds.split() and all(part in text for part in found.groupdict().values()):
            return True
    return False


def _compare(before: Any, after: Any, path: tuple[str, ...]) -> Iterator[str]:
    if before == after:
        return
    first, second = _by_name(before), _by_name(after)
    if first is not None and second is not None:
        for name in sorted({*first, *second}):
            yield from _compare(first.get(name), second.get(name), (*path, name))
    else:
        yield "/".join(path)


def _by_name(side: Any) -> dict[str, Any] | None:
    """Return the members by their names; None for what has none."""
    if isinstance(side, dict):
        return side
    if side is None:
        return {}
    if isinstance(side, list) and all(map(_name, side)):
        return {_name(one): one for one in side}
    return None


def _name(thing: Any) -> str:
    if not isinstance(thing, dict):
        return ""
    return next((str(thing[name]) for name in _NAMES if name in thing), "")
