"""The document's procedure with google-cloud-compute: `python bench/tools/sdk_gce.py sequential|threads|tuned`.

Tuned: instances are listed once, not read one by one; a refusal for the rate is tried again, later and later; and each
change waits for its operation with one long call instead of asking again and again.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import Forbidden
from google.auth.credentials import AnonymousCredentials
from google.cloud import compute_v1
from loop import THREADS, each
from nodes import Node, nodes, parameters

_Value = TypeVar("_Value")
_ATTEMPTS, _LONGEST = 20, 32.0
_DONE = compute_v1.Operation.Status.DONE


class Script:
    """The calls."""

    def __init__(self, given: dict[str, Any], how: str) -> None:
        """Make the clients."""
        options = {
            "credentials": AnonymousCredentials(),
            "client_options": ClientOptions(api_endpoint=given["endpoint"]),
        }
        self._project, self._network = given["project"], given["network"]
        self._instances = compute_v1.InstancesClient(**options)
        self._routes = compute_v1.RoutesClient(**options)
        self._zone_operations = compute_v1.ZoneOperationsClient(**options)
        self._global_operations = compute_v1.GlobalOperationsClient(**options)
        self._ask: Callable[[Callable[[], Any]], Any] = _again if how == "tuned" else _once

    def instance(self, node: Node) -> compute_v1.Instance:
        """Read one."""
        _, zone, name = node.machine.split("/")
        ask = partial(self._instances.get, project=self._project, zone=zone, instance=name)
        found: compute_v1.Instance = self._ask(ask)
        return found

    def all_instances(self) -> dict[str, compute_v1.Instance]:
        """Read all, in pages of 500."""
        request = compute_v1.AggregatedListInstancesRequest(project=self._project, max_results=500)
        scopes = self._instances.aggregated_list(request=request)
        return {instance.name: instance for _, scope in scopes for instance in scope.instances}

    def forward(self, node: Node, instance: compute_v1.Instance) -> None:
        """Let it forward; nothing more disruptive than a refresh."""
        zone = node.machine.split("/")[1]
        instance.can_ip_forward = True
        request = compute_v1.UpdateInstanceRequest(
            project=self._project,
            zone=zone,
            instance=instance.name,
            instance_resource=instance,
            most_disruptive_allowed_action="REFRESH",
        )
        operation = self._ask(partial(self._instances.update_unary, request=request))
        wait = partial(self._zone_operations.wait, project=self._project, zone=zone, operation=operation.name)
        self._wait(operation, wait)

    def route(self, node: Node) -> None:
        """Lead its pods' range to it."""
        project, zone, name = node.machine.split("/")
        route = compute_v1.Route(
            name=f"pods-{node.name}",
            network=f"projects/{project}/global/networks/{self._network}",
            dest_range=node.pods,
            next_hop_instance=f"projects/{project}/zones/{zone}/instances/{name}",
            priority=1000,
        )
        operation = self._ask(partial(self._routes.insert_unary, project=project, route_resource=route))
        self._wait(operation, partial(self._global_operations.wait, project=project, operation=operation.name))

    def _wait(self, operation: compute_v1.Operation, wait: Callable[[], compute_v1.Operation]) -> None:
        while operation.status != _DONE:
            operation = self._ask(wait)
        if operation.error.errors:
            raise RuntimeError(operation.error.errors[0].message)


def _once(call: Callable[[], _Value]) -> _Value:
    return call()


def _again(call: Callable[[], _Value]) -> _Value:
    """Call until the rate is granted."""
    for attempt in range(_ATTEMPTS):
        try:
            return call()
        except Forbidden as err:
            if "rateLimitExceeded" not in str(err) and "Quota exceeded" not in str(err):
                raise
            time.sleep(min(_LONGEST, 2**attempt) * random.random())  # noqa: S311 - not a secret
    return call()


def main() -> None:
    """Do both for each node."""
    how, given = sys.argv[1], parameters()
    script, found = Script(given, how), nodes(given["kubeconfig"])
    if how == "tuned":
        known = script.all_instances()
        tasks = [partial(script.forward, node, known[node.name]) for node in found]
        tasks += [partial(script.route, node) for node in found]
    else:
        tasks = [partial(_both, script, node) for node in found]
    each(tasks, lambda task: task(), threads=1 if how == "sequential" else THREADS)


def _both(script: Script, node: Node) -> None:
    script.forward(node, script.instance(node))
    script.route(node)


if __name__ == "__main__":
    main()
