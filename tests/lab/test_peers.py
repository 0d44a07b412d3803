"""The real gcloud and kubectl against the lab: an independent check that it is like the real thing."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from l2bridge_helpers.lab import Lab, load_gce_world, world
from tests.gcloud import Gcloud, needs_gcloud

from .clients import ZONE, Json
from .test_load import FILES

needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")

LISTS = {
    "instances": "instances list",
    "routes": "routes list",
    "networks": "networks list",
    "subnets": "networks subnets list",
    "firewalls": "firewall-rules list",
    "managers": "instance-groups managed list",
    "templates": "instance-templates list",
}


def _kubectl(lab: Lab, *arguments: str) -> str:
    result = subprocess.run(
        ["kubectl", f"--kubeconfig={lab.kubeconfig}", f"--cache-dir={lab.kubeconfig.parent}", *arguments],  # noqa: S607 - the kubectl that is installed
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return result.stdout


@needs_gcloud
def test_gcloud_makes_and_deletes_a_route(lab: Lab, tmp_path: Path) -> None:
    """Create, describe with its warning, delete; each waits for its operation."""
    gcloud = Gcloud(lab, tmp_path)
    hop = ("--next-hop-instance=node-1", f"--next-hop-instance-zone={ZONE}")
    gcloud("routes", "create", "r1", "--network=cluster-net", "--destination-range=10.42.0.0/24", *hop)
    shown = json.loads(gcloud("routes", "describe", "r1", "--format=json"))
    assert shown["destRange"] == "10.42.0.0/24"
    assert [item["code"] for item in shown["warnings"]] == ["NEXT_HOP_CANNOT_IP_FORWARD"]
    gcloud("routes", "delete", "r1", "--quiet")
    assert "was not found" in gcloud("routes", "describe", "r1", status=1)


@needs_gcloud
def test_gcloud_enables_forwarding(lab: Lab, tmp_path: Path) -> None:
    """Export, edit, update-from-file with REFRESH: the way Google's own page describes."""
    gcloud = Gcloud(lab, tmp_path)
    gcloud("instances", "export", "node-1", f"--zone={ZONE}", "--destination=node.yaml")
    text = (tmp_path / "node.yaml").read_text()
    (tmp_path / "node.yaml").write_text(text.replace("canIpForward: false", "canIpForward: true"))
    update = ("instances", "update-from-file", "node-1", f"--zone={ZONE}", "--source=node.yaml")
    gcloud(*update, "--most-disruptive-allowed-action=REFRESH")
    changed = [item["name"] for item in lab.world.cloud("instances") if item["canIpForward"]]
    assert (changed, lab.gce.restarts) == (["node-1"], [])
    assert "fingerprint" in gcloud(*update, "--most-disruptive-allowed-action=REFRESH", status=1)


@needs_gcloud
def test_gcloud_shows_our_refusals(lab: Lab, tmp_path: Path) -> None:
    """The words of an error reach the user."""
    gcloud = Gcloud(lab, tmp_path)
    create = ("routes", "create", "r1", "--network=cluster-net", "--next-hop-address=10.10.0.2")
    assert "hides the address space" in gcloud(*create, "--destination-range=10.10.0.0/25", status=1)


@needs_gcloud
def test_gclouds_filters_work(lab: Lab, tmp_path: Path) -> None:
    """What gcloud sends for its own filters, and for none, is understood."""
    found = Gcloud(lab, tmp_path)("instances", "list", "--filter=zone:europe-west1-c", "--format=value(name)")
    assert found.split() == ["node-3", "win-1"]


@needs_gcloud
def test_a_world_survives_gcloud(tmp_path: Path) -> None:
    """What `gcloud ... list --format=json` prints of a lab makes the same world again."""
    before = world("gce-messy")
    with Lab(before) as lab:
        gcloud = Gcloud(lab, tmp_path)
        files = {what: tmp_path / f"{what}.json" for what in LISTS}
        for what, command in LISTS.items():
            files[what].write_text(gcloud(*command.split(), "--format=json"))
        files["project_info"] = tmp_path / "project.json"
        files["project_info"].write_text(gcloud("project-info", "describe", "--format=json"))
    files["nodes"] = tmp_path / "nodes.json"
    files["nodes"].write_text(json.dumps(before.nodes))
    options: dict[str, Any] = dict(files)
    after = load_gce_world(**options)
    assert after.parameters == before.parameters
    for collection in FILES.values():
        assert _essence(after.cloud(collection)) == _essence(before.cloud(collection)), collection


def _essence(items: list[Json]) -> dict[str, Json]:
    """Return resources by link, without what the API computes and what gcloud does not know."""
    computed = {"warnings", "routeStatus", "satisfiesPzi", "disks", "bgpBestPathSelectionMode", "routingConfig"}
    derived = {"size", "autoscaled", "x_gcloud_bgp_routing_mode", "x_gcloud_subnet_mode", "isManagedByGoogle"}
    return {
        item["selfLink"]: {key: value for key, value in item.items() if key not in computed | derived} for item in items
    }


@needs_kubectl
def test_kubectl_prints_the_documents_table(lab: Lab) -> None:
    """The command of Rancher's page works, and shows its own flaw: the third node's first address is its name."""
    columns = "nodeName:.metadata.name,nodeIP:status.addresses[0].address,routeDestination:.spec.podCIDR"
    lines = _kubectl(lab, "get", "nodes", "-o", f"custom-columns={columns}").splitlines()
    assert lines[0].split() == ["nodeName", "nodeIP", "routeDestination"]
    assert lines[1].split() == ["node-1", "10.10.0.2", "10.42.0.0/24"]
    assert lines[3].split() == ["node-3", "node-3", "10.42.2.0/24"]


@needs_kubectl
def test_kubectl_shows_people_a_table(lab: Lab) -> None:
    """`kubectl get nodes` has columns that say something."""
    lines = _kubectl(lab, "get", "nodes").splitlines()
    assert lines[0].split()[:4] == ["NAME", "STATUS", "ROLES", "VERSION"]
    assert lines[1].split()[:3] == ["node-1", "Ready", "control-plane"]


@needs_kubectl
def test_kubectl_prints_what_a_world_is_made_of(lab: Lab, tmp_path: Path) -> None:
    """`kubectl get nodes -o json` of a lab makes the same nodes again."""
    nodes, config_maps, instances = (tmp_path / name for name in ("nodes.json", "maps.json", "instances.json"))
    nodes.write_text(_kubectl(lab, "get", "nodes", "-o", "json"))
    config_maps.write_text(_kubectl(lab, "-n", "kube-flannel", "get", "configmap", "kube-flannel-cfg", "-o", "json"))
    instances.write_text(json.dumps(lab.world.cloud("instances")))
    found = load_gce_world(nodes=nodes, config_maps=config_maps, instances=instances)
    assert found.nodes == lab.world.nodes
    assert found.config_maps == lab.world.config_maps


@needs_kubectl
def test_kubectl_reads_in_pages(lab: Lab) -> None:
    """Chunks are put together, and selectors are understood."""
    names = _kubectl(lab, "get", "nodes", "--chunk-size=2", "-o", "name", "-l", "kubernetes.io/os=linux").split()
    assert names == ["node/node-1", "node/node-2", "node/node-3", "node/node-4"]


@needs_kubectl
def test_kubectl_makes_shows_and_deletes_a_lease(lab: Lab, tmp_path: Path) -> None:
    """Discovery, the table with its holder, a strategic patch, and an update that is based on what is no more."""
    metadata = {"name": "l2bridge", "namespace": "kube-system"}
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata}
    path = tmp_path / "lease.json"
    path.write_text(json.dumps({**lease, "spec": {"holderIdentity": "me", "leaseDurationSeconds": 30}}))
    inside = ("-n", "kube-system")
    _kubectl(lab, "create", "--validate=false", "-f", str(path))
    assert _kubectl(lab, *inside, "get", "leases").split()[:5] == ["NAME", "HOLDER", "AGE", "l2bridge", "me"]
    before = _kubectl(lab, *inside, "get", "lease", "l2bridge", "-o", "json")
    _kubectl(lab, *inside, "annotate", "lease", "l2bridge", "why=because")
    path.write_text(before)
    with pytest.raises(subprocess.CalledProcessError) as caught:
        _kubectl(lab, "replace", "--validate=false", "-f", str(path))
    assert "the object has been modified" in caught.value.stderr
    _kubectl(lab, *inside, "delete", "lease", "l2bridge")
    assert lab.kubernetes.leases == {}
