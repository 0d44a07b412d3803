import ipaddress
import os
import subprocess
import sys
import time

import pytest

from l2bridge_helpers.clouds.gce_names import route_owner
from l2bridge_helpers.lab import Lab, LabError, World, world, worlds
from l2bridge_helpers.lab.discovery import compute

NAMES = [name for name in worlds() if "<" not in name] + ["gce-40"]
SCHEMAS = {
    "instances": "Instance",
    "routes": "Route",
    "networks": "Network",
    "subnetworks": "Subnetwork",
    "firewalls": "Firewall",
    "instanceGroupManagers": "InstanceGroupManager",
    "instanceTemplates": "InstanceTemplate",
    "projects": "Project",
    "regions": "Region",
    "zones": "Zone",
}


def _owned(found: World) -> dict[str, str]:
    marks = {route["name"]: route_owner(route["name"], route.get("description", "")) for route in found.cloud("routes")}
    return {node: name for name, (_, node) in marks.items() if node}


@pytest.mark.parametrize("name", NAMES)
def test_worlds_are_the_same_to_the_byte(name: str) -> None:
    """A world depends on nothing but its name: no clock, no random numbers, no order of a set."""
    code = f"import sys; from l2bridge_helpers.lab import world; sys.stdout.write(world({name!r}).dump())"
    environment = os.environ | {"PYTHONHASHSEED": "4711", "TZ": "Pacific/Kiritimati"}
    other = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
    assert world(name).dump() == other.stdout.decode()


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("gce-")])
def test_resources_are_what_google_describes(name: str) -> None:
    """Every resource of every world is valid under Google's discovery document."""
    if world(name).platform != "gce":
        pytest.skip(
            f"{name} is not of Google's: tests/lab/test_aws_api.py looks at AWS, and bare metal has no resources"
        )
    for collection, items in world(name).resources.items():
        for item in items:
            assert compute().value({"$ref": SCHEMAS[collection]}, item, item["name"]) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_dumped_world_can_be_read(name: str) -> None:
    """`parse` is the inverse of `dump`."""
    text = world(name).dump()
    assert World.parse(text).dump() == text


def test_gce_small_has_six_nodes_and_nothing_done() -> None:
    """4 Linux, 2 Windows, forwarding off, no route for a pod: 12 changes to make."""
    small = world("gce-small")
    systems = [node["metadata"]["labels"]["kubernetes.io/os"] for node in small.nodes]
    assert (systems.count("linux"), systems.count("windows")) == (4, 2)
    assert [item["canIpForward"] for item in small.cloud("instances")] == [False] * 6
    assert {route["destRange"] for route in small.cloud("routes")} == {"0.0.0.0/0", "10.10.0.0/24"}


def test_first_address_is_not_always_the_internal_one() -> None:
    """One node lists Hostname and ExternalIP first, as real ones do."""
    firsts = [node["status"]["addresses"][0]["type"] for node in world("gce-small").nodes]
    assert set(firsts) == {"InternalIP", "Hostname"}


def test_gce_messy_has_one_of_everything() -> None:
    """The messy world holds each case that its description names."""
    messy = world("gce-messy")
    pods = {node["metadata"]["name"]: node["spec"].get("podCIDRs", []) for node in messy.nodes}
    routes = {route["name"]: route for route in messy.cloud("routes")}
    instances = {item["selfLink"] for item in messy.cloud("instances")}
    owned = _owned(messy)
    assert pods["nocidr-1"] == []
    assert routes["to-appliance"]["destRange"] == pods["blocked-1"][0]
    assert routes["by-hand"]["destRange"] == pods["served-1"][0]
    assert len(pods["dual-1"]) == 2
    assert set(owned) == {"fine-1", "replaced-1", "gone-1"}
    assert routes[owned["fine-1"]]["nextHopInstance"] in instances
    assert routes[owned["replaced-1"]]["nextHopInstance"] not in instances
    assert "gone-1" not in pods
    assert messy.cloud("instanceTemplates")[0]["properties"]["canIpForward"] is False


def test_shared_vpc_has_its_network_in_another_project() -> None:
    """Instances in the service project, network and routes in the host project."""
    shared = world("gce-shared-vpc")
    assert {item["selfLink"].split("/")[6] for item in shared.cloud("instances")} == {"l2bridge-service"}
    assert {item["selfLink"].split("/")[6] for item in shared.cloud("routes")} == {"l2bridge-host"}
    assert shared.parameters["network"] == "projects/l2bridge-host/global/networks/shared-net"


def test_a_thousand_nodes_are_made_in_a_second() -> None:
    """`gce-1000` is quick to make, every tenth node is Windows, and no pod CIDR touches the subnetwork."""
    start = time.perf_counter()
    large = world("gce-1000")
    seconds = time.perf_counter() - start
    ranges = [ipaddress.ip_network(node["spec"]["podCIDR"]) for node in large.nodes]
    subnet = ipaddress.ip_network(large.cloud("subnetworks")[0]["ipCidrRange"])
    systems = [node["metadata"]["labels"]["kubernetes.io/os"] for node in large.nodes]
    assert seconds < 1.0
    assert (len(set(ranges)), systems.count("windows"), len(large.cloud("instanceTemplates"))) == (1000, 100, 2)
    assert not any(item.overlaps(subnet) for item in ranges)


@pytest.mark.parametrize("name", ["", "gce", "gce-0", "gce-8001", "gce-007", "aws-8001", "azure-8001", "GCE-small"])
def test_unknown_worlds_are_named_beside_those_that_exist(name: str) -> None:
    """The refusal shows what was asked for, and what there is."""
    with pytest.raises(LabError, match="gce-small") as caught:
        world(name)
    assert repr(name) in str(caught.value)


def test_worlds_do_not_leak_between_labs() -> None:
    """A lab works on a copy: what happens in it happens nowhere else."""
    shared = world("gce-small")
    with Lab(shared) as one, Lab(shared) as other:
        one.world.cloud("routes").clear()
        one.world.nodes.pop()
        assert len(other.world.cloud("routes")) == len(shared.cloud("routes")) == 2
        assert len(other.world.nodes) == len(shared.nodes) == 6
