"""The adapter reads what the real Azure Resource Manager answered others, from recordings that stay outside.

L2BRIDGE_ARM_RECORDINGS names folders with recordings (separated as PATH is), such as checkouts of Azure/azure-cli,
cloud-custodian/cloud-custodian, Azure/azure-sdk-for-python and ManageIQ/manageiq-providers-azure: YAML cassettes of
vcr, JSON ones of Cloud Custodian. Every answer in them is read, the same one once; there is no limit, as 400 MB take
half a minute.
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from azure.mgmt.compute.models import VirtualMachineScaleSet
from azure.mgmt.network.models import NetworkInterface, NetworkSecurityGroup, RouteTable, Subnet, VirtualNetwork

from l2bridge_helpers.changes import Change
from l2bridge_helpers.clouds.azure_errors import translate
from l2bridge_helpers.clouds.azure_names import local, network_of, parts_of, scoped
from l2bridge_helpers.clouds.azure_read import (
    in_force_of,
    instance_of,
    is_uniform,
    model_interfaces,
    nic_of,
    primary_interface,
    subnet_of,
    table_of,
    template_of,
    upgrade_mode,
)
from l2bridge_helpers.clouds.azure_rules import group_of, rules_of
from l2bridge_helpers.clouds.azure_tables import merged
from l2bridge_helpers.clouds.loose_json import text
from l2bridge_helpers.errors import CloudError, ParameterError
from tests.azure_refusals import refusal

VARIABLE = "L2BRIDGE_ARM_RECORDINGS"
FOLDERS = [Path(folder) for folder in os.environ.get(VARIABLE, "").split(os.pathsep) if folder]
if not FOLDERS:
    pytest.skip(
        f"set {VARIABLE} to folders with recordings of Azure, such as checkouts of Azure/azure-cli and "
        "cloud-custodian/cloud-custodian",
        allow_module_level=True,
    )
pytestmark = pytest.mark.xdist_group("arm-recordings")

Raw = dict[str, Any]
AT_LEAST = {
    "Microsoft.Network/networkInterfaces": 100,
    "Microsoft.Network/routeTables": 10,
    "Microsoft.Network/virtualNetworks": 100,
    "Microsoft.Network/virtualNetworks/subnets": 50,
    "Microsoft.Network/networkSecurityGroups": 50,
    "Microsoft.Compute/virtualMachineScaleSets": 100,
    "Microsoft.Compute/virtualMachineScaleSets/virtualMachines": 20,
    "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/networkInterfaces": 5,
    "effective routes": 1,
    "errors": 20,
}
"""Less than Azure/azure-cli alone has of each kind (2021 and 2023)."""
KINDS = {kind.lower(): kind for kind in AT_LEAST}
WANTED = re.compile(
    r"microsoft\.network/(?:networkinterfaces|routetables|virtualnetworks|networksecuritygroups)"
    "|microsoft\\.compute/virtualmachinescalesets|nexthoptype",
    re.IGNORECASE,
)
ELSEWHERE = re.compile(r"/command_modules/(?!(?:azure-cli-)?(?:network|vm)/)|/sdk/(?!network/|compute/)")
"""Folders of checkouts that record other services."""
ENTRY = re.compile(r"^\S", re.MULTILINE)
REFUSED = re.compile(r"^\s+code: [45]\d\d\s*$|\"status\\?\":\s*\\?\"Failed", re.MULTILINE)
DESTINATION, HOP = "203.0.113.0/24", "192.0.2.7"


@dataclass
class Seen:
    """What the recordings hold: resources by kind, each with the file that it is from."""

    resources: dict[str, list[tuple[str, Raw]]] = field(default_factory=lambda: defaultdict(list))
    bodies: set[str] = field(default_factory=set)

    def add(self, file: str, interaction: Raw) -> None:
        """Keep what an answer says, unless another one said the same."""
        status, body = answer_of(interaction)
        written = json.dumps([status >= 400, body])
        if isinstance(body, dict) and written not in self.bodies:
            self.bodies.add(written)
            if status < 400 and not is_failure(body):
                self._add_resources(file, body)
            elif "/subscriptions/" in interaction["request"]["uri"]:
                self.resources["errors"].append((file, {"status": status, "body": body}))

    def _add_resources(self, file: str, body: Raw) -> None:
        listed = body["value"] if isinstance(body.get("value"), list) else [body]
        resources = [entry for entry in listed if isinstance(entry, dict)]
        if resources and all("nextHopType" in entry and "source" in entry for entry in resources):
            self.resources["effective routes"].append((file, body))
        for resource in resources:
            kind = kind_of(resource)
            if kind in KINDS and isinstance(resource.get("properties"), dict):
                self.resources[KINDS[kind]].append((file, resource))


def is_failure(body: Raw) -> bool:
    """Return whether it is the end of an operation that was accepted and failed: a 200, which the SDK raises."""
    return body.get("status") == "Failed" and "error" in body


def kind_of(resource: Raw) -> str:
    """Return a resource's type in lower case, of its id: not every answer has a `type`."""
    provider, *rest = text(resource.get("id")).lower().rpartition("/providers/")[2].split("/")
    return "/".join([provider, *rest[::2]])


def answer_of(interaction: Raw) -> tuple[int, object]:
    """Return the status and the JSON body of an answer, None where it is no JSON."""
    response = interaction["response"]
    body = response.get("body") or {}
    written = body.get("data", body.get("string")) if isinstance(body, dict) else body
    try:
        return response["status"]["code"], json.loads(written) if isinstance(written, str | bytes) else written
    except ValueError:
        return response["status"]["code"], None


def interactions(path: Path) -> Iterator[Raw]:
    """Give those of a recording that may say something about a network; each is parsed alone, which is fast."""
    content = path.read_text("utf-8", errors="replace")
    if not WANTED.search(content):
        return
    if path.suffix == ".json":
        yield from json.loads(content)["interactions"] if '"interactions":' in content else []
        return
    starts = [found.start() for found in ENTRY.finditer(content)]
    for start, end in zip(starts, [*starts[1:], len(content)], strict=True):
        part = content[start:end].replace("!!python/unicode ", "")
        if part.startswith("- request:") and any(word.search(part) for word in (REFUSED, WANTED)):
            yield from yaml.load(part, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both safe


@pytest.fixture(scope="module")
def seen() -> Seen:
    found = Seen()
    for path in recordings():
        for interaction in interactions(path):
            found.add(path.name, interaction)
    return found


def recordings() -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted(folder.rglob("*")):
            wanted = path.suffix in (".yaml", ".yml", ".json")
            if wanted and not ELSEWHERE.search(f"/{path.relative_to(folder).as_posix()}") and path.is_file():
                yield path


def every(seen: Seen, kind: str, check: Callable[[Raw], None]) -> None:
    """Check each of a kind; one that fails hides no other."""
    wrong = []
    for file, raw in seen.resources[kind]:
        try:
            check(raw)
        except Exception as err:  # noqa: BLE001 - whatever goes wrong is what we look for
            wrong.append(f"{file}: {raw.get('id', raw)}: {type(err).__name__}: {err}"[:1000])
    assert not wrong, "\n".join(wrong)


def test_interfaces_are_read(seen: Seen) -> None:
    """Every address, the subnet and the forwarding flag, of machines and of scale sets' instances alike."""
    for kind in (kind for kind in AT_LEAST if kind.endswith("/networkInterfaces")):
        every(seen, kind, check_interface)


def check_interface(raw: Raw) -> None:
    nic = nic_of(raw)
    assert nic.id == local(raw["id"]) != ""
    entries = [entry["properties"] for entry in raw["properties"]["ipConfigurations"]]
    for address in (entry["privateIPAddress"] for entry in entries if "privateIPAddress" in entry):
        assert nic.owns(address)
    assert nic.forwarding == raw["properties"].get("enableIPForwarding", False)
    subnets = [entry["subnet"]["id"] for entry in entries if "subnet" in entry]
    assert nic.subnet in [local(subnet) for subnet in subnets] or not subnets
    assert nic.network in [network_of(subnet) for subnet in subnets] or not subnets
    assert all(map(parts_of, subnets))
    machine = raw["properties"].get("virtualMachine")
    assert not machine or instance_of(machine["id"], [raw]).id == scoped(machine["id"]) != ""


def test_route_tables_are_read(seen: Seen) -> None:
    """Every route, with where it leads; none of them is ours."""
    every(seen, "Microsoft.Network/routeTables", check_table)


def check_table(raw: Raw) -> None:
    table = table_of(raw)
    recorded = [route["properties"] for route in raw["properties"]["routes"]]
    assert table.id == scoped(raw["id"]) != ""
    assert [route.destination for route in table.routes] == [route["addressPrefix"] for route in recorded]
    assert [route.next_hop for route in table.routes] == [
        route.get("nextHopIpAddress") or route["nextHopType"] for route in recorded
    ]
    assert {route.cluster for route in table.routes} <= {""}


def test_a_write_carries_tables_back(seen: Seen) -> None:
    """Without changes a table is as it was; with a route more everything else is."""
    every(seen, "Microsoft.Network/routeTables", check_write)


def check_write(raw: Raw) -> None:
    before = deepcopy(raw)
    assert merged(raw, []) == before
    after = {"name": "l2b-x", "destination": DESTINATION, "next_hop": HOP}
    body = merged(raw, [Change("create", "route", "l2b-x", "", {}, after, "")])
    added = body["properties"]["routes"].pop()
    assert (added["properties"]["addressPrefix"], added["properties"]["nextHopIpAddress"]) == (DESTINATION, HOP)
    assert body == raw == before


def test_subnets_keep_their_ranges_and_tables(seen: Seen) -> None:
    """Alone, and as a part of their network."""
    every(seen, "Microsoft.Network/virtualNetworks/subnets", check_subnet)
    every(seen, "Microsoft.Network/virtualNetworks", check_network)


def check_network(raw: Raw) -> None:
    assert scoped(raw["id"])
    for subnet in raw["properties"].get("subnets", []):
        assert network_of(subnet["id"])
        check_subnet(subnet)


def check_subnet(raw: Raw) -> None:
    subnet, properties = subnet_of(raw), raw["properties"]
    assert subnet.id == local(raw["id"]) != ""
    recorded = [properties["addressPrefix"]] if "addressPrefix" in properties else []
    assert set(subnet.cidrs) == {*recorded, *properties.get("addressPrefixes", [])} != set()
    table = properties.get("routeTable", {}).get("id", "")
    assert subnet.table == scoped(table)
    assert bool(subnet.table) == bool(table)
    assert group_of(raw) == properties.get("networkSecurityGroup", {}).get("id", "")


def test_rules_are_read(seen: Seen) -> None:
    """Every rule, Azure's own too, with its priority, direction and verdict, in whatever letter case."""
    every(seen, "Microsoft.Network/networkSecurityGroups", check_rules)


def check_rules(raw: Raw) -> None:
    recorded = [*raw["properties"]["securityRules"], *raw["properties"].get("defaultSecurityRules", [])]
    rules = rules_of(raw, ("subnet",))
    assert [rule.name for rule in rules] == [rule["name"] for rule in recorded]
    for rule, properties in zip(rules, (rule["properties"] for rule in recorded), strict=True):
        assert rule.list == local(raw["id"]) != ""
        assert rule.number == properties["priority"]
        assert rule.inbound == {"inbound": True, "outbound": False}[properties["direction"].lower()]
        assert rule.allow == {"allow": True, "deny": False}[properties["access"].lower()]
        check_sides(properties, rule.sources, rule.destinations)


def check_sides(properties: Raw, sources: tuple[str, ...], destinations: tuple[str, ...]) -> None:
    for side, read in (("source", sources), ("destination", destinations)):
        one, several = properties.get(f"{side}AddressPrefix"), properties.get(f"{side}AddressPrefixes", [])
        groups = [group["id"] for group in properties.get(f"{side}ApplicationSecurityGroups", [])]
        named = [name for name in (one, *several, *groups) if name]
        assert len(read) == (0 if "*" in named else len(named))


def test_scale_sets_are_read(seen: Seen) -> None:
    """The model's primary interface says whether the next machine forwards."""
    every(seen, "Microsoft.Compute/virtualMachineScaleSets", check_scale_set)
    every(seen, "Microsoft.Compute/virtualMachineScaleSets/virtualMachines", check_member)


def check_scale_set(raw: Raw) -> None:
    template = template_of(raw)
    assert template.group == scoped(raw["id"]) != ""
    entries = [entry["properties"] for entry in model_interfaces(raw)]
    assert template.changeable == bool(entries)
    if entries:
        assert entries[primary_interface(raw)].get("primary", len(entries) == 1)
        assert template.forwarding == entries[primary_interface(raw)].get("enableIPForwarding", False)
    assert is_uniform(raw) == (raw["properties"].get("orchestrationMode", "Uniform") == "Uniform")
    assert upgrade_mode(raw) == raw["properties"].get("upgradePolicy", {}).get("mode", "Manual")


def check_member(raw: Raw) -> None:
    assert len(parts_of(raw["id"])) == 4
    assert instance_of(raw["id"], []).id == scoped(raw["id"])


def test_effective_routes_are_read(seen: Seen) -> None:
    """What a user's route table put in force, and nothing else."""
    every(seen, "effective routes", check_effective)


def check_effective(raw: Raw) -> None:
    active = [entry for entry in raw["value"] if (entry["source"], entry["state"]) == ("User", "Active")]
    assert in_force_of(raw) == {
        prefix: (entry["nextHopIpAddress"] or [entry["nextHopType"]])[0]
        for entry in active
        for prefix in entry["addressPrefix"]
    }


def test_refusals_are_explained(seen: Seen) -> None:
    """One of our errors, on one line, with Azure's code."""
    every(seen, "errors", check_error)


def check_error(raw: Raw) -> None:
    error = translate(refusal(raw["status"], raw["body"]), "read it")
    assert isinstance(error, CloudError | ParameterError)
    said = raw["body"].get("error") or raw["body"]
    assert (said.get("code") or f"HTTP {raw['status']}") in str(error)
    assert "\\n" not in str(error)
    assert "\n" not in str(error)


MODELS: dict[str, Any] = {
    "Microsoft.Network/networkInterfaces": NetworkInterface,
    "Microsoft.Network/routeTables": RouteTable,
    "Microsoft.Network/virtualNetworks": VirtualNetwork,
    "Microsoft.Network/virtualNetworks/subnets": Subnet,
    "Microsoft.Network/networkSecurityGroups": NetworkSecurityGroup,
    "Microsoft.Compute/virtualMachineScaleSets": VirtualMachineScaleSet,
}


@pytest.mark.parametrize("kind", MODELS)
def test_the_sdk_loses_nothing(seen: Seen, kind: str) -> None:
    """What goes through the SDK's models, as all that is read and written does, comes out as it was."""

    def check(raw: Raw) -> None:
        assert MODELS[kind](raw).as_dict() == raw

    every(seen, kind, check)


def test_there_was_enough_to_read(seen: Seen) -> None:
    """Folders without recordings of some kind prove nothing about it."""
    counts = {kind: len(seen.resources[kind]) for kind in AT_LEAST}
    assert {kind: count for kind, count in counts.items() if count < AT_LEAST[kind]} == {}, counts
