"""What the handlers of the Compute Engine API share: the world, the operations, and the hooks for tests."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from l2bridge_helpers.lab.discovery import Method
from l2bridge_helpers.lab.faults import Faults
from l2bridge_helpers.lab.gce.answers import not_found
from l2bridge_helpers.lab.gce.groups import instance_groups
from l2bridge_helpers.lab.gce.links import relative
from l2bridge_helpers.lab.gce.operations import Operations
from l2bridge_helpers.lab.hooks import Hooks
from l2bridge_helpers.lab.index import Index
from l2bridge_helpers.lab.record import Request

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One request, understood: the method, the path below `/compute/v1/`, and what came with it."""

    method: Method
    path: str
    arguments: dict[str, str]
    query: dict[str, str]
    body: Json
    request: Request

    @property
    def project(self) -> str:
        """Return the project's id."""
        return self.arguments["project"]


@dataclass
class State(Hooks):
    """The live cloud.

    Attributes (beside those of `Hooks`):
        failures: operations to end in failure, by the requests that start them (see `fail_operations`).
        operation_seconds: how long a change takes to happen.
        denied_permissions: e.g. `compute.routes.create`; refused with 403.
        denied_policies: e.g. `constraints/compute.vmCanIpForward`; refused with 412.
        check_answers: answer 500 instead of what is not valid under Google's discovery document.
        restarts: instances (`projects/...`) that an update has restarted.
        other_projects: what the Resource Manager shows beside the projects that the world has resources in.

    """

    failures: Faults = field(default_factory=Faults)
    operation_seconds: float = 0.02
    denied_permissions: set[str] = field(default_factory=set)
    denied_policies: set[str] = field(default_factory=set)
    check_answers: bool = False
    restarts: list[str] = field(default_factory=list)
    other_projects: list[Json] = field(default_factory=list)
    operations: Operations = field(default_factory=Operations)
    inserted: Counter[str] = field(default_factory=Counter)
    page_generation: int = 0
    _indexes: dict[str, Index] = field(default_factory=dict)

    def expire_page_tokens(self) -> None:
        """Make every page token that was given out until now invalid."""
        self.page_generation += 1

    def settle(self) -> None:
        """Let the changes happen whose time has come."""
        with self.lock:
            self.operations.settle(self.clock.now())

    def fail_operations(
        self,
        path: str,
        *,
        code: str = "INTERNAL_ERROR",
        message: str = "Internal error. Please try again or contact Google Support.",
        times: int | None = 1,
    ) -> None:
        """Accept the next changes of paths that hold this expression, and let their operations fail.

        Args:
            path: a regular expression.
            code: the error's code.
            message: the error's text.
            times: how many operations fail; None: all.

        """
        found = re.compile(path)
        self.failures.add(
            lambda request: request.mutates and found.search(request.path) is not None,
            reason=code,
            message=message,
            times=times,
        )

    def items(self, collection: str) -> list[Json]:
        """Return the resources of a collection, also of those that are made from others."""
        return instance_groups(self.world) if collection == "instanceGroups" else self.world.cloud(collection)

    def find(self, collection: str, path: str) -> Json | None:
        """Return the resource with this path (`projects/P/...`, by name or by id)."""
        items = self.items(collection)
        index = self._indexes.setdefault(collection, Index(lambda item: relative(item["selfLink"])))
        found = index.find(items, path)
        parent, _, key = path.rpartition("/")
        if found is not None or not key.isdecimal():
            return found
        return next((item for item in items if item.get("id") == key and _parent(item) == parent), None)

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


def _parent(item: Json) -> str:
    return relative(item["selfLink"]).rpartition("/")[0]
