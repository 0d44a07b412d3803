from typing import Any

import pytest
from google.cloud import compute_v1

from l2bridge_helpers.lab import Lab

from .clients import PROJECT, Json, Rest, sdk

EVERYTHING = [{"IPProtocol": "all"}]


def rule(**changes: Any) -> Json:
    """Return a good rule with these changes; None leaves a field out."""
    good = {
        "name": "pods",
        "network": "global/networks/cluster-net",
        "sourceRanges": ["10.42.0.0/16"],
        "allowed": EVERYTHING,
    }
    return {key: value for key, value in (good | changes).items() if value is not None}


def test_the_sdk_makes_changes_and_deletes_a_rule(lab: Lab) -> None:
    """google-cloud-compute's own calls work; a patch changes what it names and nothing else."""
    firewalls, operations = sdk(lab, "FirewallsClient"), sdk(lab, "GlobalOperationsClient")

    def wait(operation: Any) -> None:
        done = operations.wait(project=PROJECT, operation=operation.name)
        assert done.status == compute_v1.Operation.Status.DONE

    body = compute_v1.Firewall(
        name="pods",
        network="global/networks/cluster-net",
        source_ranges=["10.42.0.0/16"],
        allowed=[compute_v1.Allowed(I_p_protocol="all")],
        description="ours",
    )
    wait(firewalls.insert_unary(project=PROJECT, firewall_resource=body))
    made = firewalls.get(project=PROJECT, firewall="pods")
    other = compute_v1.Firewall(name="pods", source_ranges=["10.43.0.0/16"])
    wait(firewalls.patch_unary(project=PROJECT, firewall="pods", firewall_resource=other))
    changed = firewalls.get(project=PROJECT, firewall="pods")
    assert list(changed.source_ranges) == ["10.43.0.0/16"]
    made.source_ranges = changed.source_ranges
    assert made == changed
    wait(firewalls.delete_unary(project=PROJECT, firewall="pods"))
    assert "pods" not in {found.name for found in firewalls.list(project=PROJECT)}


def test_a_rule_gets_what_the_server_writes(rest: Rest) -> None:
    """Id, link, kind and defaults are the server's; what a client sends there is not taken."""
    rest.done("POST", "global/firewalls", rule(id="7", selfLink="http://elsewhere/"))
    made = rest.get("global/firewalls/pods").body
    base = f"https://www.googleapis.com/compute/v1/projects/{PROJECT}/"
    assert (made["selfLink"], made["network"]) == (
        f"{base}global/firewalls/pods",
        f"{base}global/networks/cluster-net",
    )
    assert (made["kind"], made["direction"], made["priority"], made["disabled"]) == (
        "compute#firewall",
        "INGRESS",
        1000,
        False,
    )
    assert made["id"] != "7"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"sourceRanges": None}, "sourceRanges"),
        ({"sourceRanges": None, "direction": "EGRESS"}, "destinationRanges"),
    ],
)
def test_a_rule_without_ranges_is_for_every_address(rest: Rest, changes: Json, field: str) -> None:
    """Nothing said means everything: Google writes 0.0.0.0/0."""
    rest.done("POST", "global/firewalls", rule(**changes))
    assert rest.get("global/firewalls/pods").body[field] == ["0.0.0.0/0"]


def test_senders_by_tag_alone_are_no_ranges(rest: Rest) -> None:
    """A rule that selects by tag is not made one for everybody."""
    rest.done("POST", "global/firewalls", rule(sourceRanges=None, sourceTags=["node"]))
    assert "sourceRanges" not in rest.get("global/firewalls/pods").body


@pytest.mark.parametrize(
    ("changes", "status", "text"),
    [
        ({"name": "Upper"}, 400, "resource.name"),
        ({"name": "a" * 64}, 400, "resource.name"),
        ({"name": None}, 400, "Required field 'resource.name'"),
        ({"network": "global/networks/nope"}, 404, "global/networks/nope"),
        ({"network": None}, 404, "global/networks/default"),
        ({"network": "projects/other/global/networks/x"}, 400, "Cross project"),
        ({"sourceRanges": ["10.42.0.1/16"]}, 400, "resource.sourceRanges[0]"),
        ({"sourceRanges": ["10.42.0.0/16", "pods"]}, 400, "resource.sourceRanges[1]"),
        ({"sourceRanges": ["10.42.0.0/16", "fd00::/64"]}, 400, "cannot be mixed"),
        ({"sourceRanges": [f"10.{n // 256}.{n % 256}.0/24" for n in range(5001)]}, 400, "At most 5000"),
        ({"sourceRanges": "10.42.0.0/16"}, 400, "resource.sourceRanges"),
        ({"allowed": None}, 400, "resource.allowed"),
        ({"denied": EVERYTHING}, 400, "either allows or denies"),
        ({"allowed": [{}]}, 400, "IPProtocol"),
        ({"allowed": [{"IPProtocol": "everything"}]}, 400, "resource.allowed[0].IPProtocol"),
        ({"allowed": [{"IPProtocol": "all", "ports": ["80"]}]}, 400, "Ports cannot be specified"),
        ({"allowed": [{"IPProtocol": "tcp", "ports": ["80-79"]}]}, 400, "resource.allowed[0].ports"),
        ({"priority": 65536}, 400, "resource.priority"),
        ({"priority": -1}, 400, "resource.priority"),
        ({"direction": "SIDEWAYS"}, 400, "resource.direction"),
        ({"direction": "EGRESS", "sourceTags": ["node"]}, 400, "ingress rules only"),
        ({"targetTags": ["node"], "targetServiceAccounts": ["a@b"]}, 400, "at the same time"),
        ({"colour": "red"}, 400, 'Unknown name "colour"'),
    ],
)
def test_bad_rules_are_refused(rest: Rest, changes: Json, status: int, text: str) -> None:
    """Each refusal names the field or the resource, and nothing is made."""
    before = rest.get("global/firewalls").body["items"]
    answer = rest.call("POST", "global/firewalls", rule(**changes))
    assert answer.status == status
    assert text in answer.message
    assert rest.get("global/firewalls").body["items"] == before


def test_a_name_is_used_once_per_project(rest: Rest) -> None:
    """A second rule of the same name is 409 alreadyExists, whatever its content."""
    rest.done("POST", "global/firewalls", rule())
    answer = rest.call("POST", "global/firewalls", rule(sourceRanges=["10.43.0.0/16"]))
    assert (answer.status, answer.reason) == (409, "alreadyExists")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"name": "other"}, "resource.name"),
        ({"direction": "EGRESS"}, "resource.direction"),
        ({"network": "global/networks/other"}, "resource.network"),
        ({"sourceRanges": ["10.42.0.1/16"]}, "resource.sourceRanges[0]"),
        ({"denied": EVERYTHING}, "either allows or denies"),
        ({"colour": "red"}, 'Unknown name "colour"'),
    ],
)
def test_bad_patches_are_refused(rest: Rest, changes: Json, text: str) -> None:
    """What a rule is by cannot be changed, and a patch leads to no rule that could not be made."""
    rest.done("POST", "global/firewalls", rule())
    before = rest.get("global/firewalls/pods").body
    answer = rest.call("PATCH", "global/firewalls/pods", {"name": "pods", **changes})
    assert answer.status == 400
    assert text in answer.message
    assert rest.get("global/firewalls/pods").body == before


def test_what_is_not_there_is_not_found(rest: Rest) -> None:
    """404 for both kinds of change."""
    assert rest.call("PATCH", "global/firewalls/nope", {"name": "nope"}).status == 404
    assert rest.call("DELETE", "global/firewalls/nope").status == 404


def test_a_full_quota_is_an_error_of_the_operation(lab: Lab, rest: Rest) -> None:
    """HTTP says 200, the operation says QUOTA_EXCEEDED, and no rule is made."""
    quotas = lab.world.cloud("projects")[0]["quotas"]
    next(item for item in quotas if item["metric"] == "FIREWALLS")["limit"] = 3
    operation = rest.done("POST", "global/firewalls", rule())
    assert operation["error"]["errors"][0]["code"] == "QUOTA_EXCEEDED"
    assert rest.get("global/firewalls/pods").status == 404


def test_a_request_that_is_sent_twice_counts_once(rest: Rest) -> None:
    """The same requestId gets the same operation."""
    number = "5f0c3a52-7b1c-4b34-9c1e-000000000001"
    first, again = (rest.call("POST", "global/firewalls", rule(), requestId=number) for _ in range(2))
    assert first.body["name"] == again.body["name"]


@pytest.mark.parametrize(
    ("permission", "method", "path"),
    [
        ("compute.firewalls.create", "POST", "global/firewalls"),
        ("compute.firewalls.update", "PATCH", "global/firewalls/allow-ssh"),
        ("compute.firewalls.delete", "DELETE", "global/firewalls/allow-ssh"),
        ("compute.networks.updatePolicy", "DELETE", "global/firewalls/allow-ssh"),
        ("compute.networks.updatePolicy", "PATCH", "global/firewalls/allow-ssh"),
        ("compute.networks.getEffectiveFirewalls", "GET", "global/networks/cluster-net/getEffectiveFirewalls"),
    ],
)
def test_a_missing_permission_is_named(lab: Lab, rest: Rest, permission: str, method: str, path: str) -> None:
    """403, with the permission; nothing happens."""
    lab.gce.denied_permissions = {permission}
    answer = rest.call(
        method, path, rule() if method == "POST" else {"name": "allow-ssh"} if method == "PATCH" else None
    )
    assert (answer.status, answer.reason) == (403, "forbidden")
    assert f"Required '{permission}' permission" in answer.message


def test_what_is_in_force_is_the_network_s_rules_and_policies(lab: Lab, rest: Rest) -> None:
    """By the SDK's own call: rules of this network alone, policies as the world says; reading writes nothing."""
    drop = {"priority": 10, "action": "deny", "direction": "INGRESS", "match": {"srcIpRanges": ["0.0.0.0/0"]}}
    policy = {"name": "17", "shortName": "company", "type": "HIERARCHY", "rules": [drop]}
    lab.world.cloud("firewallPolicys").append(policy)
    found = sdk(lab, "NetworksClient").get_effective_firewalls(project=PROJECT, network="cluster-net")
    assert {one.name for one in found.firewalls} == {"allow-nodes", "allow-pods", "allow-ssh"}
    assert [(one.short_name, one.rules[0].action) for one in found.firewall_policys] == [("company", "deny")]
    assert rest.get("global/networks/nope/getEffectiveFirewalls").status == 404
    assert lab.writes == []


def test_changes_are_writes(lab: Lab, rest: Rest) -> None:
    """The request log counts each of them."""
    rest.done("POST", "global/firewalls", rule())
    rest.done("PATCH", "global/firewalls/pods", {"name": "pods", "sourceRanges": ["10.43.0.0/16"]})
    rest.done("DELETE", "global/firewalls/pods")
    assert [request.method for request in lab.writes] == ["POST", "PATCH", "DELETE"]


def test_a_region_tells_its_own_policies_too(lab: Lab, rest: Rest) -> None:
    """By the SDK's own call: beside those of the network, which have no short name there."""
    everything: Json = {"priority": 10, "action": "allow", "direction": "INGRESS", "match": {}}
    company = {"name": "17", "shortName": "company", "type": "HIERARCHY", "rules": [everything]}
    local = {"name": "local", "type": "NETWORK_REGIONAL", "rules": [everything]}
    lab.world.cloud("firewallPolicys").append(company)
    lab.world.cloud("europe-west1/firewallPolicys").append(local)
    client, network = sdk(lab, "RegionNetworkFirewallPoliciesClient"), f"projects/{PROJECT}/global/networks/cluster-net"
    regions = {
        region: client.get_effective_firewalls(project=PROJECT, region=region, network=network).firewall_policys
        for region in ("europe-west1", "us-east1")
    }
    named = {region: [policy.name for policy in policies] for region, policies in regions.items()}
    assert named == {"europe-west1": ["17", "local"], "us-east1": ["17"]}
    path = "regions/europe-west1/firewallPolicies/getEffectiveFirewalls"
    assert (rest.get(path).status, rest.get(path, network="global/networks/nope").status) == (400, 404)
    lab.gce.denied_permissions = {"compute.networks.getRegionEffectiveFirewalls"}
    assert rest.get(path, network="global/networks/cluster-net").status == 403
