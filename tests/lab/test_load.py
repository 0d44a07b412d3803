import json
from pathlib import Path
from typing import Any

import pytest

from l2bridge_helpers.lab import Lab, LabError, World, load_gce_world, world

from .clients import Json, Rest

FILES = {
    "instances": "instances",
    "routes": "routes",
    "networks": "networks",
    "subnets": "subnetworks",
    "firewalls": "firewalls",
    "managers": "instanceGroupManagers",
    "templates": "instanceTemplates",
}


def write(folder: Path, found: World) -> dict[str, Any]:
    """Write what kubectl and gcloud would print of a world."""
    texts: dict[str, Any] = {what: found.cloud(collection) for what, collection in FILES.items()}
    texts["nodes"] = {"apiVersion": "v1", "kind": "List", "items": found.nodes}
    texts["config_maps"] = found.config_maps[0]
    texts["project_info"] = found.cloud("projects")[0]
    for what, value in texts.items():
        (folder / f"{what}.json").write_text(json.dumps(value))
    return {what: folder / f"{what}.json" for what in texts}


def change(path: Path, edit: Any) -> None:
    value = json.loads(path.read_text())
    edit(value)
    path.write_text(json.dumps(value))


@pytest.mark.parametrize("name", ["gce-small", "gce-messy", "gce-dual-stack", "gce-40"])
def test_a_world_survives_its_files(tmp_path: Path, name: str) -> None:
    """What was written out and read again is the same world, but for places without machines."""
    before = world(name)
    after = load_gce_world(**write(tmp_path, before))
    for part in ("nodes", "config_maps", "cluster", "parameters"):
        assert getattr(after, part) == getattr(before, part)
    for collection in (*FILES.values(), "projects"):
        assert after.cloud(collection) == before.cloud(collection)


def test_nodes_and_instances_are_enough(tmp_path: Path) -> None:
    """Network, subnetwork and the routes that come with them are derived; rules are not made up."""
    files = write(tmp_path, world("gce-small"))
    found = load_gce_world(nodes=files["nodes"], instances=files["instances"], cluster="prod")
    assert (found.cluster, found.parameters) == ("prod", {"project": "l2bridge-lab", "network": "cluster-net"})
    assert [item["ipCidrRange"] for item in found.cloud("subnetworks")] == ["10.10.0.0/24"]
    assert [item["destRange"] for item in found.cloud("routes")] == ["0.0.0.0/0", "10.10.0.0/24"]
    assert (found.cloud("firewalls"), found.config_maps) == ([], [])
    with Lab(found) as lab:
        rest = Rest(lab)
        items = rest.get("aggregated/instances").body["items"]
        rest.close()
    assert sum(len(scope["instances"]) for scope in items.values()) == 6


def test_a_derived_subnetwork_holds_all_addresses(tmp_path: Path) -> None:
    """The range grows until every machine is in it."""
    files = write(tmp_path, world("gce-1000"))
    found = load_gce_world(nodes=files["nodes"], instances=files["instances"])
    assert [item["ipCidrRange"] for item in found.cloud("subnetworks")] == ["10.8.0.0/22"]


def test_a_shared_network_is_a_path(tmp_path: Path) -> None:
    """The network of another project is named with its project."""
    files = write(tmp_path, world("gce-shared-vpc"))
    del files["project_info"]
    found = load_gce_world(**files)
    assert found.parameters == world("gce-shared-vpc").parameters
    assert [item["name"] for item in found.cloud("projects")] == ["l2bridge-host", "l2bridge-service"]


@pytest.mark.parametrize(
    "host", ["https://compute.googleapis.com/compute/v1/", "https://www.googleapis.com/compute/beta/"]
)
def test_any_host_will_do(tmp_path: Path, host: str) -> None:
    """Links of other hosts and versions of the API lead to the same resources."""
    files = write(tmp_path, world("gce-messy"))
    for path in files.values():
        path.write_text(path.read_text().replace("https://www.googleapis.com/compute/v1/", host))
    with Lab(load_gce_world(**files)) as lab:
        rest = Rest(lab)
        routes = {item["name"]: item for item in rest.get("global/routes").body["items"]}
        body = rest.get("zones/europe-west1-b/instances/control-1").body | {"canIpForward": True}
        done = rest.done("PUT", "zones/europe-west1-b/instances/control-1", body, mostDisruptiveAllowedAction="REFRESH")
        rest.close()
    assert "warnings" not in routes["by-hand"]
    assert "error" not in done


def _drop(field: str) -> Any:
    return lambda items: items[1].pop(field)


def _put(**values: Any) -> Any:
    return lambda items: items[1].update(values)


@pytest.mark.parametrize(
    ("what", "edit", "parts"),
    [
        ("instances", _drop("selfLink"), ["item 2", "node-2", "selfLink"]),
        ("instances", _drop("fingerprint"), ["item 2", "node-2", "fingerprint"]),
        ("instances", _drop("networkInterfaces"), ["item 2", "node-2", "networkInterfaces"]),
        ("instances", _put(networkInterfaces=[{}]), ["item 2", "networkInterfaces[].network"]),
        ("instances", _put(networkInterfaces="nic0"), ["item 2", "networkInterfaces"]),
        ("instances", _put(kind="compute#route"), ["item 2", "is a compute#route, not a compute#instance"]),
        ("instances", _put(zone="b"), ["item 2", "zone 'b'"]),
        ("instances", lambda items: items.append(items[0]), ["item 7", "node-1", "twice"]),
        ("instances", lambda items: items.clear(), ["no compute#instance"]),
        ("instances", lambda items: items.append(7), ["no list of objects"]),
        ("routes", _put(destRange="10.0.0.1/8"), ["item 2", "destRange '10.0.0.1/8'"]),
        ("routes", _drop("network"), ["item 2", "network"]),
    ],
)
def test_a_broken_item_is_named(tmp_path: Path, what: str, edit: Any, parts: list[str]) -> None:
    """File, item, field, and the command that writes the file again."""
    files = write(tmp_path, world("gce-small"))
    change(files[what], edit)
    with pytest.raises(LabError) as caught:
        load_gce_world(**files)
    text = str(caught.value)
    assert str(files[what]) in text
    assert f"gcloud compute {what} list --format=json" in text
    assert [part for part in parts if part not in text] == []
    assert "\n" not in text


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b'{"items": [', "is not JSON"),
        (b"", "is not JSON"),
        (b"\xff\xfe{}", "is not UTF-8"),
        (b'"text"', "no list of objects"),
        (b"[]", "no Node"),
        (b'[{"kind": "Pod"}]', "is a Pod, not a Node"),
        (b'[{"kind": "Node"}]', "metadata.name"),
        (b'[{"kind": "Node", "metadata": 7}]', "metadata.name"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, content: bytes, part: str) -> None:
    """Cut off, empty, of another encoding, or of another kind: each is said."""
    files = write(tmp_path, world("gce-small"))
    files["nodes"].write_bytes(content)
    with pytest.raises(LabError, match="kubectl get nodes -o json") as caught:
        load_gce_world(**files)
    assert str(files["nodes"]) in str(caught.value)
    assert part in str(caught.value)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    """Files that were written on Windows can be read."""
    files = write(tmp_path, world("gce-small"))
    files["nodes"].write_bytes(b"\xef\xbb\xbf" + files["nodes"].read_bytes())
    assert len(load_gce_world(**files).nodes) == 6


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """With the command that makes it."""
    files = write(tmp_path, world("gce-small")) | {"routes": tmp_path / "nope.json"}
    with pytest.raises(LabError, match=r"nope\.json cannot be read"):
        load_gce_world(**files)


def _move(items: list[Json]) -> None:
    items[0]["networkInterfaces"][0]["network"] += "-2"


def test_two_networks_need_a_name(tmp_path: Path) -> None:
    """When instances are in several networks the lab asks which is meant, and takes a name or a path."""
    files = write(tmp_path, world("gce-small"))
    change(files["instances"], _move)
    with pytest.raises(LabError, match="cluster-net-2"):
        load_gce_world(**files)
    assert load_gce_world(**files, network="cluster-net-2").parameters["network"] == "cluster-net-2"
    with pytest.raises(LabError, match="no instance is in network nope"):
        load_gce_world(**files, network="nope")


def test_an_unknown_project_is_refused(tmp_path: Path) -> None:
    """A project without instances cannot be the instances' project."""
    with pytest.raises(LabError, match="no instance is in project nope"):
        load_gce_world(**write(tmp_path, world("gce-small")), project="nope")
