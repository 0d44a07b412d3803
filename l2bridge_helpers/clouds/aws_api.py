"""EC2's calls that the runbook needs, through boto3: no decisions, our errors."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from l2bridge_helpers import __version__
from l2bridge_helpers.clouds.aws_errors import code_of, message_of, translate
from l2bridge_helpers.clouds.aws_identity import aws_identity
from l2bridge_helpers.clouds.aws_pace import PacedEvents
from l2bridge_helpers.clouds.base import first_word
from l2bridge_helpers.endpoints import is_plain_http
from l2bridge_helpers.errors import CredentialsError, ParameterError
from l2bridge_helpers.pace import Pace
from l2bridge_helpers.pace_limits import AWS

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

MOST_VALUES = 200
"""Values of one filter in one request (EC2 documentation, read 2026-11)."""
PAGE = 1000
_ATTEMPTS = 10
"""Of one request; the SDK's usual mode gives up after three. How fast they go out is up to the pace, which sees every
attempt: `adaptive` would slow down once more, and guess what EC2 publishes."""
_DENIED = "UnauthorizedOperation"
_ALLOWED = "DryRunOperation"
_FAILURES = (ClientError, BotoCoreError, ResponseParserError, AttributeError, KeyError, TypeError, ValueError)
"""What a call ends in; the last four are what the SDK's parser raises on an answer of another form."""


class AwsApi:
    """One region of EC2. The client is made at the first call.

    Args:
        region: its name; empty: the profile's or the environment's.
        endpoint: another API endpoint; plain http on loopback gets no credentials.
        pace: at what speed requests go out.
        attempts: of one request, when it is throttled or not answered.

    Raises:
        ParameterError: no region is given anywhere.
        CredentialsError: the profile that the environment names does not exist.

    """

    def __init__(self, region: str, endpoint: str, pace: Pace | None = None, *, attempts: int = _ATTEMPTS) -> None:
        """Find out the region; nothing is sent."""
        self._pace = pace or Pace(AWS)
        self._attempts = attempts
        self._endpoint = endpoint
        self._session, self.region = _session(region)
        self.profile = self._session.profile_name
        if not self.region:
            raise ParameterError(
                "parameter region: '' is given, and no profile or AWS_REGION names one; it looks like eu-west-1"
            )
        self._made: EC2Client | None = None
        self._lock = threading.Lock()

    def identity(self) -> str:
        """Return who STS says that these credentials are; see `aws_identity`."""
        return aws_identity(self._session, self.region, self._endpoint)

    # Read.

    def instances(self, name: str, values: Iterable[str], **more: str) -> list[dict[str, Any]]:
        """Return the instances that a filter with these values finds; unknown values find nothing."""
        found = self._filtered("describe_instances", "Reservations", name, values, more)
        return [instance for reservation in found for instance in reservation.get("Instances", [])]

    def network_interfaces(self, name: str, values: Iterable[str]) -> list[dict[str, Any]]:
        """Return the network interfaces that a filter with these values finds."""
        return self._filtered("describe_network_interfaces", "NetworkInterfaces", name, values)

    def vpcs(self, vpc: str) -> list[dict[str, Any]]:
        """Return the VPC, in a list."""
        return self._filtered("describe_vpcs", "Vpcs", "vpc-id", [vpc])

    def subnets(self, vpc: str) -> list[dict[str, Any]]:
        """Return the VPC's subnets."""
        return self._filtered("describe_subnets", "Subnets", "vpc-id", [vpc])

    def route_tables(self, vpc: str) -> list[dict[str, Any]]:
        """Return the VPC's route tables."""
        return self._filtered("describe_route_tables", "RouteTables", "vpc-id", [vpc], page=100)

    def route_table(self, table: str) -> dict[str, Any]:
        """Return one route table; an empty object when there is none."""
        found = self._filtered("describe_route_tables", "RouteTables", "route-table-id", [table], page=100)
        return found[0] if found else {}

    def security_groups(self, groups: Iterable[str]) -> list[dict[str, Any]]:
        """Return these security groups."""
        return self._filtered("describe_security_groups", "SecurityGroups", "group-id", groups)

    def all_security_groups(self, vpc: str) -> list[dict[str, Any]]:
        """Return the VPC's security groups."""
        return self._filtered("describe_security_groups", "SecurityGroups", "vpc-id", [vpc])

    def network_acls(self, subnets: Iterable[str]) -> list[dict[str, Any]]:
        """Return the network ACLs of these subnets."""
        return self._filtered("describe_network_acls", "NetworkAcls", "association.subnet-id", subnets)

    def regions(self) -> list[dict[str, Any]]:
        """Return the regions that are enabled for the account."""
        try:
            answer: Any = self._client().describe_regions()
            return list(answer.get("Regions", []))
        except _FAILURES as err:
            raise translate(err, "could not list regions", self.region) from err

    def denied(self, action: str, **arguments: Any) -> str:
        """Return what EC2 says against an action that it is asked about but not to do; "" when it is allowed."""
        call = getattr(self._client(), action)
        try:
            call(DryRun=True, **arguments)
        except ClientError as err:
            if code_of(err) == _ALLOWED:
                return ""
            if code_of(err) == _DENIED:
                return message_of(err)
            raise translate(err, f"could not ask whether {action} is allowed", self.region) from err
        except _FAILURES as err:
            raise translate(err, f"could not ask whether {action} is allowed", self.region) from err
        return ""

    # Write.

    def set_source_dest_check(self, nic: str, *, check: bool) -> None:
        """Turn the source/destination check of an interface on or off; takes effect at once."""
        client, what = self._client(), f"could not change the source/destination check of {nic}"
        call = client.modify_network_interface_attribute
        self._do(what, lambda: call(NetworkInterfaceId=nic, SourceDestCheck={"Value": check}))

    def create_route(self, table: str, destination: str, nic: str) -> int | None:
        """Create a route; when the table has one with this destination, return how often it was tried before."""
        call, what = self._client().create_route, f"could not create route {destination} in {table}"
        return self._do(what, lambda: call(**_route(table, destination, nic)), "RouteAlreadyExists")

    def replace_route(self, table: str, destination: str, nic: str) -> None:
        """Lead a route elsewhere, in one step."""
        call, what = self._client().replace_route, f"could not replace route {destination} in {table}"
        self._do(what, lambda: call(**_route(table, destination, nic)))

    def delete_route(self, table: str, destination: str) -> None:
        """Delete a route; one that is gone is no error."""
        call, what = self._client().delete_route, f"could not delete route {destination} in {table}"
        self._do(what, lambda: call(**_route(table, destination)), "InvalidRoute.NotFound")

    def authorize(self, group: str, permissions: list[Any]) -> bool:
        """Let packets in to a group's members; return False when the group has one of the ranges already."""
        call, what = self._client().authorize_security_group_ingress, f"could not add rules to security group {group}"
        send = partial(call, GroupId=group, IpPermissions=permissions)
        return self._do(what, send, "InvalidPermission.Duplicate") is None

    def revoke(self, group: str, permissions: list[Any]) -> None:
        """Remove rules of a group; what is gone is no error."""
        call, what = self._client().revoke_security_group_ingress, f"could not remove rules of security group {group}"
        self._do(what, lambda: call(GroupId=group, IpPermissions=permissions), "InvalidPermission.NotFound")

    def set_tags(self, resource: str, tags: Mapping[str, str]) -> None:
        """Set tags; others stay."""
        pairs: list[Any] = [{"Key": key, "Value": value} for key, value in tags.items()]
        call = self._client().create_tags
        self._do(f"could not tag {resource}", lambda: call(Resources=[resource], Tags=pairs))

    def delete_tags(self, resource: str, tags: Mapping[str, str]) -> None:
        """Delete tags that have just these values."""
        pairs: list[Any] = [{"Key": key, "Value": value} for key, value in tags.items()]
        call = self._client().delete_tags
        self._do(f"could not remove tags of {resource}", lambda: call(Resources=[resource], Tags=pairs))

    def _do(self, what: str, call: Callable[[], object], fine: str = "") -> int | None:
        """Make a call; when it failed with the one code that is fine, return how often the SDK had tried before."""
        with first_word():
            try:
                call()
            except ClientError as err:
                if fine and code_of(err) == fine:
                    return int(err.response["ResponseMetadata"].get("RetryAttempts", 0))
                raise translate(err, what, self.region) from err
            except _FAILURES as err:
                raise translate(err, what, self.region) from err
        return None

    def _filtered(
        self,
        action: str,
        collection: str,
        name: str,
        values: Iterable[str],
        more: Mapping[str, str] | None = None,
        page: int = PAGE,
    ) -> list[dict[str, Any]]:
        """Return what a filter finds, all pages, in as few requests as its values allow."""
        others = [{"Name": other, "Values": [value]} for other, value in (more or {}).items()]
        pages: Any = self._client().get_paginator(action)  # type: ignore[call-overload]
        found: list[dict[str, Any]] = []
        try:
            for part in _chunks(sorted(set(values))):
                filters = [{"Name": name, "Values": part}, *others]
                for answer in pages.paginate(Filters=filters, PaginationConfig={"PageSize": page}):
                    found += answer.get(collection, [])
        except _FAILURES as err:
            raise translate(
                err, f"could not read {action.removeprefix('describe_').replace('_', ' ')}", self.region
            ) from err
        return found

    def _client(self) -> EC2Client:
        """Return the client: made once, usable by several threads."""
        with self._lock:
            if self._made is None:
                self._made = self._make_client()
            return self._made

    def _make_client(self) -> EC2Client:
        lab = is_plain_http(self._endpoint)
        settings = Config(
            retries={"mode": "standard", "total_max_attempts": self._attempts},
            connect_timeout=10,
            read_timeout=60,
            max_pool_connections=self._pace.width,
            user_agent_extra=f"l2bridge/{__version__}",
        )
        if lab:  # nothing of ours goes there: no signature, no credentials, no proxy
            settings = settings.merge(Config(signature_version=UNSIGNED, proxies={}))
        key = "none" if lab else None
        try:
            client = self._session.client(
                "ec2",
                region_name=self.region,
                endpoint_url=self._endpoint or None,
                config=settings,
                aws_access_key_id=key,
                aws_secret_access_key=key,
            )
        except (BotoCoreError, ValueError) as err:
            raise translate(err, "could not make a client of EC2", self.region) from err
        if not lab and is_plain_http(client.meta.endpoint_url):
            raise ParameterError(
                f"the AWS configuration sends EC2's requests to {client.meta.endpoint_url}, plain http, with your "
                "credentials; remove AWS_ENDPOINT_URL or endpoint_url there; for a lab set parameter endpoint"
            )
        PacedEvents(self._pace).watch(client)
        return client


def default_region() -> str:
    """Return the region that the environment or the profile names, "" when nothing does.

    Raises:
        CredentialsError: the profile that the environment names does not exist.

    """
    return _session("")[1]


def _session(region: str) -> tuple[boto3.session.Session, str]:
    """Return a session and its region, "" when nothing names one.

    AWS_REGION comes before AWS_DEFAULT_REGION and the profile, as for the AWS CLI; boto3 itself does not look at it.
    """
    try:
        session = boto3.session.Session(region_name=region or os.environ.get("AWS_REGION") or None)
        found = session.region_name or ""
    except BotoCoreError as err:
        raise CredentialsError(f"the AWS profile cannot be used: {err}; set AWS_PROFILE, or unset it") from err
    return session, found


def _chunks(values: list[str]) -> Iterator[list[str]]:
    return (values[start : start + MOST_VALUES] for start in range(0, len(values), MOST_VALUES))


def _route(table: str, destination: str, nic: str = "") -> dict[str, Any]:
    family = "DestinationIpv6CidrBlock" if ":" in destination else "DestinationCidrBlock"
    hop = {"NetworkInterfaceId": nic} if nic else {}
    return {"RouteTableId": table, family: destination, **hop}
