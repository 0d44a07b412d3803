"""What an undo sends is refused by us when somebody was faster: the real SDKs on labs."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

import pytest

from l2bridge_helpers.changes import Change
from l2bridge_helpers.clouds.aws_dialect import AwsDialect
from l2bridge_helpers.clouds.gce_dialect import GceDialect
from l2bridge_helpers.errors import CloudError
from l2bridge_helpers.lab import Lab
from tests.builders import numbered_instance
from tests.test_undo_worlds import Bench, applied


def the_row(bench: Bench, kind: str) -> Change:
    """Return the first row of a kind that an undo would write."""
    return next(row for row in bench.undo(bench.done).writes if row.kind == kind)


def table_of(lab: Lab) -> dict[str, Any]:
    """Return the one table that the run made."""
    (table,) = lab.world.cloud("routeTables")
    return table


def with_route(lab: Lab) -> None:
    """Somebody adds a route to the table."""
    route = {"name": "theirs", "properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": "None"}}
    table_of(lab)["properties"]["routes"].append(route)


TAKEN: dict[str, Callable[[Lab], object]] = {
    "has routes in it (theirs)": with_route,
    "has other tags than we gave it": lambda lab: table_of(lab)["tags"].update(owner="bob"),
    "hides gateways' routes by now": lambda lab: table_of(lab)["properties"].update(disableBgpRoutePropagation=True),
}


@pytest.mark.parametrize("why", TAKEN)
def test_a_table_that_somebody_uses_by_now_is_not_deleted(why: str) -> None:
    """It is read again just before; nothing is sent then."""
    with applied("azure-small") as bench:
        back = bench.undo(bench.done)
        rows = [row for row in back.writes if row.kind in ("association", "route")]
        for row in rows:
            bench.cloud.send([row])
        TAKEN[why](bench.lab)
        sent = len(bench.lab.writes)
        with pytest.raises(CloudError) as caught:
            bench.cloud.send([row for row in back.writes if row.kind == "table"])
        assert f"{why}, so it was not deleted" in str(caught.value)
        assert len(bench.lab.writes) == sent


def test_a_table_is_deleted_under_its_etag() -> None:
    """One that is gone already is success, without a request that changes anything."""
    with applied("azure-small") as bench:
        back = bench.undo(bench.done)
        for row in back.writes:
            if row.kind in ("association", "route", "table"):
                bench.cloud.send([row])
        last = bench.lab.writes[-1]
        assert last.method == "DELETE"
        assert last.headers.get("If-Match", "").startswith("W/")
        sent = len(bench.lab.writes)
        bench.cloud.send([row for row in back.writes if row.kind == "table"])
        assert len(bench.lab.writes) == sent


def test_a_subnet_that_was_given_another_table_keeps_it() -> None:
    """Taking ours off would take theirs off."""
    with applied("azure-small") as bench:
        row = the_row(bench, "association")
        name = row.resource.rpartition("/")[2]
        (network,) = bench.lab.world.cloud("virtualNetworks")
        (subnet,) = [one for one in network["properties"]["subnets"] if one["name"] == name]
        theirs = subnet["properties"]["routeTable"]["id"].rpartition("/")[0] + "/theirs"
        subnet["properties"]["routeTable"] = {"id": theirs}
        with pytest.raises(CloudError, match="has got the route table rg-cluster/theirs meanwhile"):
            bench.cloud.send([row])


def test_forwarding_stays_on_at_another_machine_of_the_same_name() -> None:
    """A write under the fingerprint that was read is refused; then the machine's number is compared."""
    with applied("gce-small") as bench:
        row = the_row(bench, "forwarding")
        for one in bench.lab.world.cloud("instances"):
            one |= {"id": f"{one['id']}0", "fingerprint": "b3RoZXI="}
        with pytest.raises(CloudError, match="another machine now"):
            bench.cloud.send([row])


@pytest.mark.parametrize("name", ["gce-small", "aws-small with routes", "azure-small"])
def test_a_route_that_somebody_has_led_elsewhere_is_not_deleted(name: str) -> None:
    """It no longer is the one that was read."""
    with applied(name) as bench:
        row = the_row(bench, "route")
        led_elsewhere(bench.lab, row)
        there = bench.state()
        with pytest.raises(CloudError, match=r"run again"):
            bench.cloud.send([row])
        assert bench.state() == there


def led_elsewhere(lab: Lab, row: Change) -> None:
    """Change the route by hand."""
    destination = row.before["destination"]
    if lab.platform == "gce":
        (route,) = [one for one in lab.world.cloud("routes") if one["name"] == row.resource]
        route["priority"] = 900
    elif lab.platform == "aws":
        routes = [one for table in lab.world.cloud("RouteTables") for one in table["Routes"]]
        (route,) = [one for one in routes if one.get("DestinationCidrBlock") == destination]
        hops = {nic["NetworkInterfaceId"] for nic in lab.world.cloud("NetworkInterfaces")}
        route["NetworkInterfaceId"] = min(hops - {route["NetworkInterfaceId"]})
    else:
        routes = table_of(lab)["properties"]["routes"]
        (route,) = [one for one in routes if one["properties"]["addressPrefix"] == destination]
        route["properties"]["nextHopIpAddress"] = "10.10.9.9"


def test_commands_turn_forwarding_off() -> None:
    """The same as those that turn it on, the other way."""
    machine = numbered_instance(1)
    (nic,) = machine.nics
    checks = ("--no-source-dest-check", "--source-dest-check")
    for dialect, on, off in ((GceDialect(), "true", "false"), (AwsDialect(), *checks)):
        assert dialect.disable_command(machine, nic) == dialect.enable_command(machine, nic).replace(on, off)
        assert shlex.split(dialect.disable_command(machine, nic)) != shlex.split(dialect.enable_command(machine, nic))
