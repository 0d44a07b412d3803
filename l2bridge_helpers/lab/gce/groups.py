"""What the API shows beside managed instance groups, made from them at each read."""

from __future__ import annotations

from typing import Any

from l2bridge_helpers.lab.gce.links import name_of, relative
from l2bridge_helpers.lab.identity import fingerprint, number
from l2bridge_helpers.lab.world import World

Json = dict[str, Any]


def instance_groups(world: World) -> list[Json]:
    """Return the plain instance group of each managed one."""
    return [_group(manager) for manager in world.cloud("instanceGroupManagers") if "instanceGroup" in manager]


def _group(manager: Json) -> Json:
    link = manager["instanceGroup"]
    place = {key: manager[key] for key in ("zone", "region") if key in manager}
    return place | {
        "kind": "compute#instanceGroup",
        "id": number(relative(link)),
        "creationTimestamp": manager.get("creationTimestamp", ""),
        "name": name_of(link),
        "fingerprint": fingerprint(link),
        "selfLink": link,
        "size": manager.get("targetSize", 0),
    }
