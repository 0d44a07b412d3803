"""What the handlers of the Compute Engine API share: the world, the operations, and the hooks for tests."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from l2bridge_helpers.lab.discovery import Method
from l2bridge_helpers.lab.faults import Faults
from l2bridge_helpers.lab.gce.answers import not_found
from l2bridge_helpers.lab.gce.groups import instance_groups
from l2bridge_helpers.lab.gce.links import relative
from l2bridge_helpers.lab.gce.operations import Operations
from l2bridge_helpers.lab.throttle import Throttle
from l2bridge_helpers.lab.world import World

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One request, understood: the method, the path below `/compute/v1/`, and what came with it."""

    method: Method
    path: str
    arguments: dict[str, str]
    query: dict[str, str]
    body: Json

    @property
    def project(self) -> str:
        """Return the project's id."""
        return self.arguments["project"]


@dataclass
class State:
    """The live cloud.

    Attributes:
        world: its resources; whoever changes them by hand changes what the API shows.
        faults: trouble to make.
        throttle: quotas per minute; off unless `throttle.limits` is filled.
        latency: seconds that every answer takes longer.
        operation_seconds: how long a change takes to happen.
        denied_permissions: e.g. `compute.routes.create`; refused with 403.
        denied_policies: e.g. `constraints/compute.vmCanIpForward`; refused with 412.
        check_answers: answer 500 instead of what is not valid under Google's discovery document.
        restarts: instances (`projects/...`) that an update has restarted.

    """

    world: World
    faults: Faults = field(default_factory=Faults)
    throttle: Throttle = field(default_factory=Throttle)
    latency: float = 0.0
    operation_seconds: float = 0.02
    denied_permissions: set[str] = field(default_factory=set)
    denied_policies: set[str] = field(default_factory=set)
    check_answers: bool = False
    restarts: list[str] = field(default_factory=list)
    operations: Operations = field(default_factory=Operations)
    lock: threading.RLock = field(default_factory=threading.RLock)
    inserted: Counter[str] = field(default_factory=Counter)
    page_generation: int = 0

    def expire_page_tokens(self) -> None:
        """Make every page token that was given out until now invalid."""
        self.page_generation += 1

    def settle(self) -> None:
        """Let the changes happen whose time has come."""
        with self.lock:
            self.operations.settle()

    def items(self, collection: str) -> list[Json]:
        """Return the resources of a collection, also of those that are made from others."""
        return instance_groups(self.world) if collection == "instanceGroups" else self.world.cloud(collection)

    def find(self, collection: str, path: str) -> Json | None:
        """Return the resource with this path (`projects/P/...`, by name or by id)."""
        parent, _, key = path.rpartition("/")
        for item in self.items(collection):
            if key in {item["name"], item.get("id")} and relative(item["selfLink"]).rpartition("/")[0] == parent:
                return item
        return None

    def get(self, collection: str, path: str) -> Json:
        """Return the resource with this path; 404 when there is none."""
        found = self.find(collection, path)
        if found is None:
            raise not_found(path)
        return found

    def project_id(self, name: str) -> str:
        """Return the id of a project that is given by id or number; 404 when there is none."""
        for project in self.world.cloud("projects"):
            if name in {project["name"], str(project.get("id", ""))}:
                return str(project["name"])
        raise not_found(f"projects/{name}")

    def subnets_of(self, network: str) -> list[Json]:
        """Return the subnetworks of `projects/P/global/networks/N`."""
        return [item for item in self.world.cloud("subnetworks") if relative(item["network"]) == network]
