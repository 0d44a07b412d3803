"""What the handlers of the EC2 API share: the world and the hooks for tests."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from l2bridge_helpers.lab.aws.errors import Ec2Error
from l2bridge_helpers.lab.hooks import Hooks
from l2bridge_helpers.lab.index import Index
from l2bridge_helpers.lab.world import Json

_KINDS = {
    "i": ("Instances", "InstanceId", "InvalidInstanceID", "instance"),
    "eni": ("NetworkInterfaces", "NetworkInterfaceId", "InvalidNetworkInterfaceID", "networkInterface"),
    "rtb": ("RouteTables", "RouteTableId", "InvalidRouteTableID", "routeTable"),
    "subnet": ("Subnets", "SubnetId", "InvalidSubnetID", "subnet"),
    "vpc": ("Vpcs", "VpcId", "InvalidVpcID", "vpc"),
    "sg": ("SecurityGroups", "GroupId", "InvalidGroup", "security group"),
    "acl": ("NetworkAcls", "NetworkAclId", "InvalidNetworkAclID", "networkAcl"),
}
_TYPES = {
    "i": "instance",
    "eni": "network-interface",
    "rtb": "route-table",
    "subnet": "subnet",
    "vpc": "vpc",
    "sg": "security-group",
    "acl": "network-acl",
}
"""What DescribeTags calls them."""
_ID = re.compile(r"[0-9a-f]{8}(?:[0-9a-f]{9})?")


@dataclass
class State(Hooks):
    """The live cloud.

    Attributes (beside those of `Hooks`):
        denied_actions: e.g. `ec2:CreateRoute`; refused with UnauthorizedOperation, also under DryRun.
        routes_per_table: how many routes of one IP version a table holds.
        rules_per_group: how many rules of one IP version and direction a security group holds.
        other_regions: beside the world's own -> their opt-in status.

    """

    denied_actions: set[str] = field(default_factory=set)
    routes_per_table: int = 500
    rules_per_group: int = 60
    other_regions: dict[str, str] = field(default_factory=lambda: {"af-south-1": "not-opted-in"})
    _indexes: dict[str, Index] = field(default_factory=dict)

    def find(self, identifier: str, kind: str) -> Json:
        """Return the resource with this id.

        Raises:
            Ec2Error: the id is malformed, or there is no such resource.

        """
        collection, key, code, what = _KINDS[kind]
        prefix, _, digits = identifier.rpartition("-")
        if prefix != kind or not _ID.fullmatch(digits):
            code = "InvalidGroupId" if kind == "sg" else code
            raise Ec2Error(f"{code}.Malformed", f'Invalid id: "{identifier}" (expecting "{kind}-...")')
        index = self._indexes.setdefault(collection, Index(lambda item: str(item[key])))
        found = index.find(self.world.cloud(collection), identifier)
        if found is not None:
            return found
        raise Ec2Error(f"{code}.NotFound", f"The {what} ID '{identifier}' does not exist")

    def check_ids(self, identifiers: list[str], kind: str) -> None:
        """Refuse a list of ids when one of them is wrong, as EC2 does."""
        for identifier in identifiers:
            self.find(identifier, kind)

    def items(self, collection: str) -> list[Json]:
        """Return the resources of a collection; `Tags` are those of all resources, one by one."""
        return self._tags() if collection == "Tags" else self.world.cloud(collection)

    def _tags(self) -> list[Json]:
        return [
            {"ResourceId": item[key], "ResourceType": _TYPES[kind], **tag}
            for kind, (collection, key, _, _) in _KINDS.items()
            for item in self.world.cloud(collection)
            for tag in item.get(tag_field(item), [])
        ]

    def resource(self, identifier: str) -> Json:
        """Return the taggable resource with this id."""
        kind = identifier.rpartition("-")[0]
        if kind not in _KINDS:
            raise Ec2Error("InvalidID", f"The ID '{identifier}' is not valid")
        return self.find(identifier, kind)


def tag_field(item: Json) -> str:
    """Return where a resource has its tags: an interface's field has another name."""
    return "TagSet" if "NetworkInterfaceId" in item else "Tags"
