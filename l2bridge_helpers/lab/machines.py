"""What happens to machines while somebody works on them: deleted, or replaced by another one of the same name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from l2bridge_helpers.lab.errors import LabError
from l2bridge_helpers.lab.identity import fingerprint, number, uid
from l2bridge_helpers.lab.world import Json, World


def delete_machine(world: World, name: str) -> None:
    """Remove a node, its machine and the machine's interfaces; routes that lead there stay."""
    node = _node(world, name)
    for collection, items in _machine(world, node).items():
        world.cloud(collection)[:] = [item for item in world.cloud(collection) if not _among(item, items)]
    world.nodes[:] = [one for one in world.nodes if one is not node]


def replace_machine(world: World, name: str) -> None:
    """Put another machine in a node's place: the same name and addresses, other ids, nothing done to it yet."""
    node = _node(world, name)
    machine = _machine(world, node)
    node["metadata"]["uid"] = uid(f"again {node['metadata']['uid']}")
    if world.platform in _REPLACE:
        _REPLACE[world.platform](machine, node)


def _gce(machine: dict[str, list[Json]], _: Json) -> None:
    for instance in machine["instances"]:
        made = f"again {instance['id']}"
        instance |= {"id": number(made), "canIpForward": False, "fingerprint": fingerprint(made)}


def _aws(machine: dict[str, list[Json]], node: Json) -> None:
    renamed = {item["InstanceId"]: _again(item["InstanceId"]) for item in machine["Instances"]}
    renamed |= {item["NetworkInterfaceId"]: _again(item["NetworkInterfaceId"]) for item in machine["NetworkInterfaces"]}
    node["spec"]["providerID"] = _renamed(node["spec"].get("providerID", ""), renamed)
    for item in (*machine["Instances"], *machine["NetworkInterfaces"]):
        item.update(_rewritten(item, renamed))
        item["SourceDestCheck"] = True
        for seen in item.get("NetworkInterfaces", []):
            seen["SourceDestCheck"] = True


def _again(identifier: str) -> str:
    kind, _, digits = identifier.rpartition("-")
    return f"{kind}-{uid(f'again {identifier}').replace('-', '')[: len(digits)]}"


def _renamed(text: str, renamed: dict[str, str]) -> str:
    head, _, tail = text.rpartition("/")
    return f"{head}/{renamed[tail]}" if tail in renamed else text


def _rewritten(value: Any, renamed: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _rewritten(item, renamed) for key, item in value.items()}
    if isinstance(value, list):
        return [_rewritten(item, renamed) for item in value]
    return renamed.get(value, value) if isinstance(value, str) else value


def _azure(machine: dict[str, list[Json]], _: Json) -> None:
    for items in machine.values():
        for item in items:
            properties = item["properties"]
            for key in {"vmId", "resourceGuid"} & properties.keys():
                properties[key] = uid(f"again {properties[key]}")
            if "enableIPForwarding" in properties:
                properties["enableIPForwarding"] = False


_REPLACE: dict[str, Callable[[dict[str, list[Json]], Json], None]] = {"gce": _gce, "aws": _aws, "azure": _azure}


def _node(world: World, name: str) -> Json:
    found = next((node for node in world.nodes if node["metadata"]["name"] == name), None)
    if found is None:
        names = ", ".join(one["metadata"]["name"] for one in world.nodes)
        raise LabError(f"no node is called {name!r}; there are {names}")
    return found


def _machine(world: World, node: Json) -> dict[str, list[Json]]:
    """Return a node's machine and its interfaces, by collection."""
    provider = str(node["spec"].get("providerID", ""))
    if world.platform not in _FIND:
        return {}
    found = _FIND[world.platform](world, provider)
    if not all(found.values()):
        raise LabError(
            f"node {node['metadata']['name']}: no machine of its own behind {provider!r}; choose another node"
        )
    return found


def _find_gce(world: World, provider: str) -> dict[str, list[Json]]:
    project, zone, name = provider.removeprefix("gce://").split("/")
    tail = f"/projects/{project}/zones/{zone}/instances/{name}"
    return {"instances": [item for item in world.cloud("instances") if item["selfLink"].endswith(tail)]}


def _find_aws(world: World, provider: str) -> dict[str, list[Json]]:
    machine = provider.rpartition("/")[2]
    nics = world.cloud("NetworkInterfaces")
    return {
        "Instances": [item for item in world.cloud("Instances") if item["InstanceId"] == machine],
        "NetworkInterfaces": [nic for nic in nics if nic.get("Attachment", {}).get("InstanceId") == machine],
    }


def _find_azure(world: World, provider: str) -> dict[str, list[Json]]:
    machine = provider.removeprefix("azure://").lower()
    nics = world.cloud("networkInterfaces")
    own = [nic for nic in nics if nic["properties"].get("virtualMachine", {}).get("id", "").lower() == machine]
    return {
        "virtualMachines": [item for item in world.cloud("virtualMachines") if item["id"].lower() == machine],
        "networkInterfaces": own,
    }


_FIND: dict[str, Callable[[World, str], dict[str, list[Json]]]] = {
    "gce": _find_gce,
    "aws": _find_aws,
    "azure": _find_azure,
}


def _among(item: Json, items: Iterable[Json]) -> bool:
    return any(item is one for one in items)
