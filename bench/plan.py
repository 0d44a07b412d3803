"""How long a plan takes of our own time, beside what reading alone takes: `python bench/plan.py [WORLD ...]`.

A world is `gce-1000`, `azure-800`, …; a number alone is one of GCE. The lab runs in a process of its own, so that CPU
seconds here are the runbook's. The yardstick, in the same run, is to send the same reads with the bare SDKs and to do
nothing with the answers.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.network import NetworkManagementClient
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import compute_v1
from kubernetes import client, config

from l2bridge_helpers import check, list_nodes, plan
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.parameters import PARAMETERS
from l2bridge_helpers.platforms import cloud_of

Parameters = dict[str, Any]


def main() -> None:
    """Print one line per world."""
    for word in sys.argv[1:] or ["gce-100", "gce-1000", "azure-100", "azure-800"]:
        name = f"gce-{word}" if word.isdecimal() else word
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        lab = context.Process(target=_serve, args=(name, theirs))
        lab.start()
        parameters, platform = ours.recv(), name.partition("-")[0]
        planning, reading = _planner(platform), _READERS[platform]
        planning(parameters)  # imports and connections are paid once, and not counted
        reading(parameters)
        before = _requests(ours)
        seconds = [_seconds(work, parameters) for work in (planning, reading)]
        per_run = (_requests(ours) - before) // 2
        print(f"plan world={name} requests={per_run} own_cpu_s={seconds[0]:.2f} bare_reads_cpu_s={seconds[1]:.2f}")
        ours.send("stop")
        lab.join()


def _planner(platform: str) -> Callable[[Parameters], None]:
    def work(parameters: Parameters) -> None:
        defaults = {parameter.name: parameter.default for parameter in PARAMETERS[platform]}
        nodes = list_nodes(parameters["kubeconfig"])
        fabric = cloud_of(platform, defaults | parameters).observe(nodes)
        check(nodes, fabric)
        plan(nodes, fabric, cluster=parameters["cluster"])

    return work


def _read_nodes(parameters: Parameters) -> None:
    config.load_kube_config(parameters["kubeconfig"])
    core = client.CoreV1Api()
    token = ""
    while token is not None:
        page = core.list_node(limit=500, **({"_continue": token} if token else {}))
        token = page.metadata._continue or None  # noqa: SLF001 - the client's own spelling


def _read_gce(parameters: Parameters) -> None:
    _read_nodes(parameters)
    options = {
        "credentials": AnonymousCredentials(),
        "client_options": ClientOptions(api_endpoint=parameters["endpoint"]),
    }
    project = parameters["project"]
    for kind in (compute_v1.InstancesClient, compute_v1.SubnetworksClient, compute_v1.InstanceGroupManagersClient):
        list(kind(**options).aggregated_list(project=project))
    for kind in (compute_v1.RoutesClient, compute_v1.FirewallsClient):
        list(kind(**options).list(project=project))
    compute_v1.NetworksClient(**options).get(project=project, network=parameters["network"])
    compute_v1.ProjectsClient(**options).get(project=project)


def _read_azure(parameters: Parameters) -> None:
    _read_nodes(parameters)
    options = {"base_url": parameters["endpoint"], "authentication_policy": SansIOHTTPPolicy()}
    arguments = (object(), parameters["subscription_id"])
    network, compute = NetworkManagementClient(*arguments, **options), ComputeManagementClient(*arguments, **options)
    group = parameters["resource_group"]
    list(network.network_interfaces.list(group))
    list(compute.virtual_machine_scale_sets.list(group))
    (found,) = network.virtual_networks.list_all()
    list(network.network_security_groups.list(found.id.split("/")[4]))
    list(network.route_tables.list(group))


_READERS: dict[str, Callable[[Parameters], None]] = {"gce": _read_gce, "azure": _read_azure}


def _seconds(work: Callable[[Parameters], None], parameters: Parameters) -> float:
    start = time.process_time()
    work(parameters)
    return time.process_time() - start


def _serve(name: str, pipe: Connection[Any, Any]) -> None:
    with Lab(world(name)) as lab:
        pipe.send(lab.parameters)
        while pipe.recv() == "count":
            pipe.send(len(lab.requests))


def _requests(pipe: Connection[Any, Any]) -> int:
    pipe.send("count")
    count: int = pipe.recv()
    return count


if __name__ == "__main__":
    main()
