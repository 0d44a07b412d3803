from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import compute_v1

from l2bridge_helpers.lab import Lab, world

from .clients import PROJECT, ZONE, Json, Rest, sdk

HOP = f"zones/{ZONE}/instances/node-1"


def route(**changes: Any) -> Json:
    """Return a good route with these changes; None leaves a field out."""
    good = {
        "name": "r1",
        "network": "global/networks/cluster-net",
        "destRange": "10.42.0.0/24",
        "nextHopInstance": HOP,
    }
    return {key: value for key, value in (good | changes).items() if value is not None}


def codes(answer: Json) -> list[str]:
    return [warning["code"] for warning in answer.get("warnings", [])]


def _instance(lab: Lab, name: str = "node-1") -> Json:
    return next(item for item in lab.world.cloud("instances") if item["name"] == name)


def test_the_sdk_inserts_and_deletes_a_route(lab: Lab) -> None:
    """google-cloud-compute's own calls work, and its own operations client can wait for them."""
    routes, operations = sdk(lab, "RoutesClient"), sdk(lab, "GlobalOperationsClient")
    body = compute_v1.Route(
        name="r1", dest_range="10.42.0.0/24", network="global/networks/cluster-net", next_hop_ip="10.10.0.2"
    )
    done = operations.wait(project=PROJECT, operation=routes.insert_unary(project=PROJECT, route_resource=body).name)
    assert done.status == compute_v1.Operation.Status.DONE
    assert routes.get(project=PROJECT, route="r1").priority == 1000
    operations.wait(project=PROJECT, operation=routes.delete_unary(project=PROJECT, route="r1").name)
    with pytest.raises(exceptions.NotFound, match="projects/l2bridge-lab/global/routes/r1"):
        routes.get(project=PROJECT, route="r1")


def test_a_route_gets_what_the_server_writes(rest: Rest) -> None:
    """Id, link, kind, type and full URLs are the server's; what a client sends there is not taken."""
    rest.done("POST", "global/routes", route(id="7", selfLink="http://elsewhere/"))
    made = rest.get("global/routes/r1").body
    base = f"https://www.googleapis.com/compute/v1/projects/{PROJECT}/"
    assert made["selfLink"] == f"{base}global/routes/r1"
    assert made["nextHopInstance"] == base + HOP
    assert made["network"] == f"{base}global/networks/cluster-net"
    assert (made["kind"], made["routeType"], made["priority"]) == ("compute#route", "STATIC", 1000)
    assert made["id"] != "7"


def test_a_route_made_anew_has_another_id(rest: Rest) -> None:
    """The same name is not the same route."""
    ids = []
    for _ in range(2):
        rest.done("POST", "global/routes", route())
        ids.append(rest.get("global/routes/r1").body["id"])
        rest.done("DELETE", "global/routes/r1")
    assert ids[0] != ids[1]


@pytest.mark.parametrize("host", ["https://www.googleapis.com/compute/v1", "https://compute.googleapis.com/compute/v1"])
def test_links_are_taken_whatever_host_they_carry(rest: Rest, host: str) -> None:
    """Full URLs of either of Google's hosts name the same resources as partial ones."""
    base = f"{host}/projects/{PROJECT}"
    rest.done(
        "POST", "global/routes", route(network=f"{base}/global/networks/cluster-net", nextHopInstance=f"{base}/{HOP}")
    )
    assert codes(rest.get("global/routes/r1").body) == ["NEXT_HOP_CANNOT_IP_FORWARD"]


@pytest.mark.parametrize(
    ("changes", "status", "text"),
    [
        ({"name": "Upper"}, 400, "resource.name"),
        ({"name": "a" * 64}, 400, "resource.name"),
        ({"name": "ends-"}, 400, "resource.name"),
        ({"name": None}, 400, "Required field 'resource.name'"),
        ({"network": None}, 400, "Required field 'resource.network'"),
        ({"destRange": None}, 400, "Required field 'resource.destRange'"),
        ({"destRange": "10.42.0.1/24"}, 400, "without host bits"),
        ({"destRange": "10.42.0.0/33"}, 400, "resource.destRange"),
        ({"destRange": "pods"}, 400, "resource.destRange"),
        ({"priority": 65536}, 400, "resource.priority"),
        ({"priority": -1}, 400, "resource.priority"),
        ({"priority": "1000"}, 400, "resource.priority"),
        ({"nextHopInstance": None}, 400, "Exactly one next hop"),
        ({"nextHopIp": "10.10.0.2"}, 400, "Exactly one next hop"),
        ({"network": "global/networks/nope"}, 404, "global/networks/nope"),
        ({"network": "projects/other/global/networks/x"}, 400, "Cross project"),
        ({"nextHopInstance": f"zones/{ZONE}/instances/nope"}, 404, "instances/nope"),
        ({"nextHopInstance": f"projects/other/{HOP}"}, 400, "same project"),
        ({"nextHopInstance": None, "nextHopIp": "10.42.0.1"}, 400, "within a subnetwork"),
        ({"nextHopInstance": None, "nextHopIp": "node-1"}, 400, "resource.nextHopIp"),
        ({"nextHopInstance": None, "nextHopVpnTunnel": "regions/r/vpnTunnels/v"}, 404, "vpnTunnels/v"),
        ({"colour": "red"}, 400, 'Unknown name "colour"'),
        ({"tags": "node"}, 400, "resource.tags"),
    ],
)
def test_bad_routes_are_refused(rest: Rest, changes: Json, status: int, text: str) -> None:
    """Each refusal names the field or the resource, and nothing is made."""
    answer = rest.call("POST", "global/routes", route(**changes))
    assert answer.status == status
    assert text in answer.message
    assert len(rest.get("global/routes").body["items"]) == 2


@pytest.mark.parametrize("destination", ["10.10.0.0/24", "10.10.0.128/25", "192.168.7.0/24"])
def test_a_range_that_hides_a_subnetwork_is_refused(lab: Lab, rest: Rest, destination: str) -> None:
    """Primary and secondary ranges, and what lies in them, cannot be routed elsewhere; Google's words."""
    secondary = [{"rangeName": "services", "ipCidrRange": "192.168.0.0/16"}]
    lab.world.cloud("subnetworks")[0]["secondaryIpRanges"] = secondary
    answer = rest.call("POST", "global/routes", route(destRange=destination))
    assert (answer.status, answer.reason) == (400, "invalid")
    assert f"{destination} hides the address space of the network (" in answer.message
    assert "Cannot change the routing of packets destined for the network." in answer.message


def test_a_wider_range_hides_nothing(rest: Rest) -> None:
    """A route to a range around a subnetwork is less specific, so it is allowed."""
    rest.done("POST", "global/routes", route(destRange="10.0.0.0/8"))
    assert rest.get("global/routes/r1").body["destRange"] == "10.0.0.0/8"


def test_auto_mode_networks_keep_their_block(lab: Lab, rest: Rest) -> None:
    """No custom routes inside 10.128.0.0/9 of an auto-mode network."""
    lab.world.cloud("networks")[0]["autoCreateSubnetworks"] = True
    assert "hides the address space" in rest.call("POST", "global/routes", route(destRange="10.200.1.0/24")).message


def test_a_name_is_used_once_per_project(rest: Rest) -> None:
    """A second route of the same name is 409 alreadyExists, whatever its content."""
    rest.done("POST", "global/routes", route())
    answer = rest.call("POST", "global/routes", route(destRange="10.42.9.0/24"))
    assert (answer.status, answer.reason) == (409, "alreadyExists")
    assert answer.message == f"The resource 'projects/{PROJECT}/global/routes/r1' already exists"


def test_the_same_range_may_be_routed_twice(rest: Rest) -> None:
    """GCE takes two routes to one range (and spreads flows over them): the replacement can come first."""
    rest.done("POST", "global/routes", route())
    rest.done("POST", "global/routes", route(name="r2", nextHopInstance=f"zones/{ZONE}/instances/node-2"))
    assert [rest.get(f"global/routes/{name}").status for name in ("r1", "r2")] == [200, 200]


def test_a_full_quota_is_an_error_of_the_operation(lab: Lab, rest: Rest) -> None:
    """HTTP says 200, the operation says QUOTA_EXCEEDED, and no route is made."""
    quotas = lab.world.cloud("projects")[0]["quotas"]
    next(item for item in quotas if item["metric"] == "ROUTES")["limit"] = 1
    operation = rest.done("POST", "global/routes", route())
    assert operation["error"]["errors"][0]["code"] == "QUOTA_EXCEEDED"
    assert "Quota 'ROUTES' exceeded.  Limit: 1" in operation["error"]["errors"][0]["message"]
    assert rest.get("global/routes/r1").status == 404


def test_quota_usage_is_counted(rest: Rest) -> None:
    """`projects.get` shows how many static routes there are; local routes do not count."""
    rest.done("POST", "global/routes", route())
    usage = {item["metric"]: item["usage"] for item in rest.get("").body["quotas"]}
    assert usage["ROUTES"] == 2


def test_local_routes_cannot_be_deleted(rest: Rest) -> None:
    """The route of a subnetwork goes with the subnetwork only."""
    local = next(item for item in rest.get("global/routes").body["items"] if "nextHopNetwork" in item)
    assert rest.call("DELETE", f"global/routes/{local['name']}").status == 400


def test_warnings_come_and_go_with_their_cause(lab: Lab, rest: Rest) -> None:
    """Warnings are found out at each read: mend the instance, and the route's warning is gone."""
    rest.done("POST", "global/routes", route())
    assert codes(rest.get("global/routes/r1").body) == ["NEXT_HOP_CANNOT_IP_FORWARD"]
    _instance(lab)["canIpForward"] = True
    assert codes(rest.get("global/routes/r1").body) == []
    assert rest.get("global/routes/r1").body["routeStatus"] == "ACTIVE"
    _instance(lab)["status"] = "TERMINATED"
    assert codes(rest.get("global/routes/r1").body) == ["NEXT_HOP_NOT_RUNNING"]
    lab.world.cloud("instances").remove(_instance(lab))
    assert codes(rest.get("global/routes/r1").body) == ["NEXT_HOP_INSTANCE_NOT_FOUND"]
    assert rest.get("global/routes/r1").body["routeStatus"] == "INACTIVE"


def test_an_address_that_nobody_has_is_a_warning(rest: Rest) -> None:
    """A next hop by address may be made before the machine is there."""
    rest.done("POST", "global/routes", route(nextHopInstance=None, nextHopIp="10.10.0.99"))
    assert codes(rest.get("global/routes/r1").body) == ["NEXT_HOP_ADDRESS_NOT_ASSIGNED"]


def test_an_instance_that_left_the_network_is_a_warning(lab: Lab, rest: Rest) -> None:
    """The next hop has to have an interface on the route's network."""
    rest.done("POST", "global/routes", route())
    _instance(lab)["networkInterfaces"][0]["network"] = f"projects/{PROJECT}/global/networks/other"
    assert "NEXT_HOP_INSTANCE_NOT_ON_NETWORK" in codes(rest.get("global/routes/r1").body)


def test_ipv6_routes_need_an_ipv6_interface(rest: Rest) -> None:
    """An IPv6 range can be routed, but not to a machine with IPv4 only."""
    rest.done("POST", "global/routes", route(destRange="fd00:10:42:0::/64"))
    shown = rest.get("global/routes/r1").body
    assert shown["destRange"] == "fd00:10:42::/64"
    assert "NEXT_HOP_INSTANCE_HAS_NO_IPV6_INTERFACE" in codes(shown)


def test_dual_stack_machines_take_both() -> None:
    """With an IPv6 address the same route has one warning less, by instance and by address."""
    with Lab(world("gce-dual-stack")) as lab:
        rest = Rest(lab)
        rest.done("POST", "global/routes", route(destRange="fd00:10:42:0::/64"))
        by_address = route(
            name="r2", destRange="fd00:10:42::/64", nextHopInstance=None, nextHopIp="fd20:5a1:b0c::1:0:0"
        )
        rest.done("POST", "global/routes", by_address)
        found = [codes(rest.get(f"global/routes/{name}").body) for name in ("r1", "r2")]
        rest.close()
    assert found == [["NEXT_HOP_CANNOT_IP_FORWARD"], ["NEXT_HOP_CANNOT_IP_FORWARD"]]


def test_shared_vpc_routes_lead_to_addresses() -> None:
    """In the host project, an instance of the service project is refused as next hop; its address is not."""
    with Lab(world("gce-shared-vpc")) as lab:
        rest = Rest(lab, "l2bridge-host")
        by_instance = route(network="global/networks/shared-net", nextHopInstance=f"projects/l2bridge-service/{HOP}")
        by_address = route(network="global/networks/shared-net", nextHopInstance=None, nextHopIp="10.10.0.2")
        assert "same project" in rest.call("POST", "global/routes", by_instance).message
        rest.done("POST", "global/routes", by_address)
        shown = rest.get("global/routes/r1").body
        host = Rest(lab, "l2bridge-service").get("getXpnHost").body["name"]
        rest.close()
    assert codes(shown) == ["NEXT_HOP_CANNOT_IP_FORWARD"]
    assert host == "l2bridge-host"
