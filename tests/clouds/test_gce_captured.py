"""The GCE adapter on what Google's API really answered (tests/data/captured says where that comes from)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pandas as pd
import pytest
from werkzeug import Request, Response
from werkzeug.serving import make_server

from l2bridge_helpers import check, plan
from l2bridge_helpers.clouds.gce import Gce
from l2bridge_helpers.errors import CloudError
from l2bridge_helpers.fabric import Fabric
from tests.builders import node_item, nodes

PROJECT = "cloud-custodian"
PATHS = {
    "/aggregated/instances": "instances-aggregated.json",
    "/global/networks/default": "network.json",
    "/aggregated/subnetworks": "subnetworks-aggregated.json",
    "/global/routes": "routes.json",
    "/global/firewalls": "firewalls.json",
    "": "project.json",
}


@pytest.fixture(scope="module")
def recorded(root: Path) -> dict[str, Any]:
    folder = root / "tests" / "data" / "captured" / "gce"
    return {path: json.loads((folder / name).read_text(encoding="utf-8")) for path, name in PATHS.items()}


@pytest.fixture(scope="module")
def endpoint(recorded: dict[str, Any], root: Path) -> Iterator[str]:
    """Play the recordings to the real SDK; what was not recorded gets the recorded 404."""
    missing = (root / "tests/data/captured/gce/error-404.json").read_text(encoding="utf-8")

    @Request.application
    def play(request: Request) -> Response:
        answer = recorded.get(request.path.removeprefix(f"/compute/v1/projects/{PROJECT}"))
        if answer is None:
            return Response(missing, 404, mimetype="application/json")
        return Response(json.dumps(answer), mimetype="application/json")

    server = make_server("127.0.0.1", 0, play, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def instances(recorded: dict[str, Any]) -> list[dict[str, Any]]:
    scopes = recorded["/aggregated/instances"]["items"].values()
    return [instance for scope in scopes for instance in scope.get("instances", [])]


@pytest.fixture(scope="module")
def table(instances: list[dict[str, Any]]) -> pd.DataFrame:
    """A cluster on the recorded machines."""
    return nodes(
        *(
            node_item(
                raw["name"],
                raw["networkInterfaces"][0]["networkIP"],
                f"10.42.{number}.0/24",
                provider_id=f"gce://{PROJECT}/{raw['zone'].rpartition('/')[2]}/{raw['name']}",
            )
            for number, raw in enumerate(instances)
        )
    )


@pytest.fixture(scope="module")
def fabric(endpoint: str, table: pd.DataFrame) -> Fabric:
    return Gce(project=PROJECT, network="default", endpoint=endpoint).observe(table)


def test_every_recorded_instance_is_read(fabric: Fabric, instances: list[dict[str, Any]]) -> None:
    """Ids, addresses and forwarding are what the recording says; every property is kept."""
    assert instances
    assert [(one.uid, one.name, one.status, dict(one.properties)) for one in fabric.instances] == [
        (raw["id"], raw["name"], raw["status"], raw) for raw in instances
    ]
    assert [one.nics[0].primary(4) for one in fabric.instances] == [
        raw["networkInterfaces"][0]["networkIP"] for raw in instances
    ]
    assert {nic.forwarding for one in fabric.instances for nic in one.nics} == {False}


def test_the_recorded_network_is_read(fabric: Fabric, recorded: dict[str, Any]) -> None:
    """Subnets of this network only, its routes, its quota, and its auto-mode range."""
    subnets = [
        s for scope in recorded["/aggregated/subnetworks"]["items"].values() for s in scope.get("subnetworks", [])
    ]
    ours = {subnet["ipCidrRange"] for subnet in subnets if subnet["network"].endswith("/networks/default")}
    assert {subnet.cidrs[0] for subnet in fabric.subnets} == ours
    assert [route.destination for route in fabric.routes] == [
        route["destRange"] for route in recorded["/global/routes"]["items"]
    ]
    (table_of_network,) = fabric.tables
    assert table_of_network.limits[0].most in {
        quota["limit"] for quota in recorded[""]["quotas"] if quota["metric"] == "ROUTES"
    }
    assert table_of_network.reserved == (
        ("10.128.0.0/9",) if recorded["/global/networks/default"]["autoCreateSubnetworks"] else ()
    )


def test_the_recorded_network_can_be_planned(
    fabric: Fabric, table: pd.DataFrame, instances: list[dict[str, Any]]
) -> None:
    """Two changes for each machine, no conflict with what is there; nothing blocks."""
    changes = plan(table, fabric, cluster="recorded")
    assert (len(changes.writes), changes.conflicts) == (2 * len(instances), ())
    assert check(table, fabric).blocking == ()


def test_the_recorded_404_names_the_network(endpoint: str, table: pd.DataFrame) -> None:
    """Google's own error, in our words."""
    with pytest.raises(CloudError, match=r"could not read network missing: .* was not found"):
        Gce(project=PROJECT, network="missing", endpoint=endpoint).observe(table)
