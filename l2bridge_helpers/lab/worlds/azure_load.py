"""A world from what kubectl and `az` print: rehearse on a copy of your own cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from l2bridge_helpers.lab.azure.derived import NICS
from l2bridge_helpers.lab.azure.ids import etag
from l2bridge_helpers.lab.azure.kinds import PARTS
from l2bridge_helpers.lab.errors import LabError
from l2bridge_helpers.lab.world import Json, World
from l2bridge_helpers.lab.worlds.azure_arm import ArmId
from l2bridge_helpers.lab.worlds.azure_load_check import check_members, check_networks, check_route_tables
from l2bridge_helpers.lab.worlds.azure_load_derive import derived_networks
from l2bridge_helpers.lab.worlds.azure_load_files import KINDS, Found, again_in, read
from l2bridge_helpers.lab.worlds.azure_load_machines import derived_instances, derived_machines, with_power
from l2bridge_helpers.lab.worlds.files import Source, again, read_items

_OWN, _CLUSTER = "from your files", "lab"
_MACHINES = ("virtualMachines", "virtualMachineScaleSetVMs")


def load_azure_world(  # noqa: PLR0913 - one keyword for each file and name
    *,
    nodes: Source,
    network_interfaces: Source,
    route_tables: Source | None = None,
    vnets: Source | None = None,
    network_security_groups: Source | None = None,
    virtual_machines: Source | None = None,
    scale_sets: Source | None = None,
    scale_set_instances: Source | None = None,
    scale_set_network_interfaces: Source | None = None,
    config_maps: Source | None = None,
    subscription_id: str = "",
    resource_group: str = "",
    cluster: str = "",
) -> World:
    """Return a world made from files of JSON; `KINDS` says which command prints which.

    A file may hold what several runs of its command printed, one after the other (`>> FILE`): some commands list one
    resource group or one scale set only. ARM's own form (`az rest`, `az graph query`) can be used as well.
    What is not given is derived:

    - `vnets`: for each that interfaces are in, its subnets with the smallest range, at least a /24, that holds them.
    - `virtual_machines`: those that interfaces are attached to.
    - `scale_set_instances`: those that interfaces of scale sets are attached to, each at the latest model.
    - `route_tables`, `network_security_groups`, `scale_sets`, `config_maps`: none.
    - `subscription_id`: that of the interfaces.
    - `resource_group`: the one of the most interfaces.
    - `cluster`: `lab`. Give the name that your routes are marked with, to have them recognised.

    Raises:
        LabError: a file cannot be used, or files do not fit together; the text says which, and what to do.

    """
    given = {
        "networkInterfaces": network_interfaces,
        "virtualNetworks": vnets,
        "routeTables": route_tables,
        "networkSecurityGroups": network_security_groups,
        "virtualMachines": virtual_machines,
        "virtualMachineScaleSets": scale_sets,
        "virtualMachineScaleSetVMs": scale_set_instances,
        "virtualMachineScaleSetNetworkInterfaces": scale_set_network_interfaces,
    }
    found = {name: Found(source, read(name, source)) for name, source in given.items() if source is not None}
    if not any(found[name].items for name in NICS if name in found):
        raise LabError(f"{network_interfaces} holds no network interfaces; {again(KINDS['networkInterfaces'].form)}")
    parameters = {
        "subscription_id": _subscription(found, subscription_id),
        "resource_group": _group(found, resource_group),
    }
    check_networks(found)
    check_route_tables(found)
    check_members(found)
    return World(
        name="azure",
        description=_OWN,
        cluster=cluster or _CLUSTER,
        parameters=parameters,
        nodes=read_items("nodes", nodes),
        config_maps=read_items("config_maps", config_maps) if config_maps is not None else [],
        resources=_resources({name: one.items for name, one in found.items()}),
        platform="azure",
    )


def _ids(found: dict[str, Found], *collections: str) -> Iterator[tuple[str, int, Json, ArmId]]:
    """Yield every item of the collections, with its number in its file and its id."""
    for name in collections:
        for number, item in enumerate(found[name].items if name in found else (), 1):
            parsed = ArmId.parse(item["id"])
            if parsed:
                yield name, number, item, parsed


def _subscription(found: dict[str, Found], given: str) -> str:
    """Return the subscription of everything; `given` says which it has to be."""
    first = next(parsed.subscription for *_, parsed in _ids(found, *NICS))
    wanted = given or first
    for name, number, item, parsed in _ids(found, *KINDS):
        if parsed.subscription.lower() != wanted.lower():
            raise LabError(
                f"{found[name].source}: item {number} ({item['id']}) is in subscription {parsed.subscription}, "
                f"not in {wanted}; {again_in(KINDS[name].form, wanted)}"
            )
    return first


def _group(found: dict[str, Found], given: str) -> str:
    """Return the resource group of the most interfaces, or the one given, in which nothing needs to be yet."""
    if given:
        return given
    spelled: dict[str, str] = {}
    counted = Counter(spelled.setdefault(one.group.lower(), one.group) for *_, one in _ids(found, *NICS))
    return min(counted, key=lambda group: (-counted[group], group))


def _resources(found: dict[str, list[Json]]) -> dict[str, list[Json]]:
    given = {name: found.get(name, []) for name in KINDS}
    ordinary, of_sets = (given[name] for name in NICS)
    places = [item["location"] for item in (*ordinary, *given["virtualMachineScaleSets"])]
    networks = derived_networks([*ordinary, *of_sets], given["virtualNetworks"], places[0])
    complete = given | {
        "virtualNetworks": [*given["virtualNetworks"], *networks],
        "virtualMachines": found.get("virtualMachines", derived_machines(ordinary)),
        "virtualMachineScaleSetVMs": found.get(
            "virtualMachineScaleSetVMs", derived_instances(of_sets, given["virtualMachineScaleSets"])
        ),
    }
    return {
        name: [with_power(item) if name in _MACHINES else _with_etags(item) for item in items]
        for name, items in complete.items()
    }


def _with_etags(item: Json) -> Json:
    """Return a resource with an ETag, which some answers leave out (as those of scale sets leave out types)."""
    found = item if item.get("etag") else item | {"etag": etag(item["id"])}
    parts = {
        name: [{"etag": found["etag"]} | part for part in found["properties"][name]]
        for name in PARTS.get(item.get("type", KINDS["networkInterfaces"].type), ())
        if name in found["properties"]
    }
    return found | {"properties": found["properties"] | parts}
