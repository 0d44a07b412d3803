"""How long a plan takes of our own time, beside what reading alone takes: `python bench/plan.py [NODES ...]`.

The lab runs in a process of its own, so that CPU seconds here are the runbook's. The yardstick, in the same run,
is to send the same reads with the bare SDKs and to do nothing with the answers.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import compute_v1
from kubernetes import client, config

from l2bridge_helpers import check, list_nodes, plan
from l2bridge_helpers.clouds.gce import Gce
from l2bridge_helpers.lab import Lab, world


def main() -> None:
    """Print one line per size."""
    for size in map(int, sys.argv[1:] or ["100", "1000"]):
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        lab = context.Process(target=_serve, args=(size, theirs))
        lab.start()
        parameters = ours.recv()
        _plan(parameters)  # imports and connections are paid once, and not counted
        _read(parameters)
        before = _requests(ours)
        planning, reading = _seconds(_plan, parameters), _seconds(_read, parameters)
        per_run = (_requests(ours) - before) // 2
        print(f"plan nodes={size} requests={per_run} own_cpu_s={planning:.2f} bare_reads_cpu_s={reading:.2f}")
        ours.send("stop")
        lab.join()


def _plan(parameters: dict[str, str]) -> None:
    nodes = list_nodes(parameters["kubeconfig"])
    cloud = Gce(**{name: parameters[name] for name in ("project", "network", "endpoint")})
    fabric = cloud.observe(nodes)
    check(nodes, fabric)
    plan(nodes, fabric, cluster=parameters["cluster"])


def _read(parameters: dict[str, str]) -> None:
    config.load_kube_config(parameters["kubeconfig"])
    core = client.CoreV1Api()
    token = ""
    while token is not None:
        page = core.list_node(limit=500, **({"_continue": token} if token else {}))
        token = page.metadata._continue or None  # noqa: SLF001 - the client's own spelling
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


def _seconds(work: Callable[[dict[str, str]], None], parameters: dict[str, str]) -> float:
    start = time.process_time()
    work(parameters)
    return time.process_time() - start


def _serve(size: int, pipe: Connection[Any, Any]) -> None:
    with Lab(world(f"gce-{size}")) as lab:
        pipe.send(lab.parameters)
        while pipe.recv() == "count":
            pipe.send(len(lab.requests))


def _requests(pipe: Connection[Any, Any]) -> int:
    pipe.send("count")
    count: int = pipe.recv()
    return count


if __name__ == "__main__":
    main()
