"""What the handlers of the lab's Azure share: the world and the hooks for tests."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from l2bridge_helpers.lab.azure.derived import refresh
from l2bridge_helpers.lab.azure.errors import ArmError, retryable
from l2bridge_helpers.lab.azure.ids import etag, same
from l2bridge_helpers.lab.azure.kinds import PARTS
from l2bridge_helpers.lab.azure.operations import Operations
from l2bridge_helpers.lab.azure.remembered import Remembered
from l2bridge_helpers.lab.faults import Faults
from l2bridge_helpers.lab.hooks import Hooks
from l2bridge_helpers.lab.index import Index
from l2bridge_helpers.lab.world import Json

_NIC = "Microsoft.Network/networkInterfaces"
"""What is meant where an answer leaves the type out, as it does for interfaces of scale sets."""


@dataclass
class State(Hooks):
    """The live cloud.

    Attributes (beside those of `Hooks`):
        failures: operations to end in failure, by the requests that start them (see `fail_operations`).
        denied_actions: e.g. `Microsoft.Network/routeTables/write`, `*` stands for anything; refused with 403.
        page_size: resources in one page of a list.
        operation_seconds: how long operations take.
        retry_seconds: what `Retry-After` says (Azure: 10 or more); with 0 an SDK waits as long as it likes.
        routes_per_table: how many routes a table holds (FACTS: 1,000 since 2026).
        other_subscriptions: beside the world's: id -> name and state; nothing can be done in them.
        effective_delay: how often an interface's effective routes are read after a write and still are the old ones.

    """

    failures: Faults = field(default_factory=Faults)
    denied_actions: set[str] = field(default_factory=set)
    page_size: int = 100
    operation_seconds: float = 0.0
    retry_seconds: int = 0
    routes_per_table: int = 1000
    effective_delay: int = 0
    other_subscriptions: dict[str, tuple[str, str]] = field(default_factory=dict)
    operations: Operations = field(default_factory=Operations)
    remembered: Remembered = field(default_factory=Remembered)
    _writes: Counter[str] = field(default_factory=Counter)
    _indexes: dict[str, Index] = field(default_factory=dict)

    @property
    def subscription(self) -> str:
        """Return the one subscription that there is."""
        return self.world.parameters["subscription_id"]

    @property
    def location(self) -> str:
        """Return the region: the virtual network's."""
        networks = self.world.cloud("virtualNetworks")
        return str(networks[0]["location"]) if networks else "westeurope"

    @property
    def retry_after(self) -> str:
        """Return the header that says how long to wait."""
        return self.clock.retry_after(self.retry_seconds)

    def settle(self) -> None:
        """End the operations that are due."""
        with self.lock:
            self.operations.settle(self.clock.now())

    def refresh(self) -> None:
        """Bring up to date what resources show of each other."""
        with self.lock:
            refresh(self.world.resources)

    def fail_operations(
        self,
        path: str,
        *,
        code: str = "InternalServerError",
        message: str = "An error occurred.",
        times: int | None = 1,
    ) -> None:
        """Accept the next writes to paths that hold this expression, and let their operations fail.

        Args:
            path: a regular expression; letter case does not count.
            code: the error's code.
            message: the error's text.
            times: how many operations fail; None: all.

        """
        found = re.compile(path, re.IGNORECASE)
        self.failures.add(
            lambda request: request.mutates and found.search(request.path) is not None,
            reason=code,
            message=message,
            times=times,
        )

    def groups(self) -> dict[str, str]:
        """Return the resource groups: lower case -> as they are spelled."""
        found = {self.world.parameters["resource_group"].lower(): self.world.parameters["resource_group"]}
        for items in self.world.resources.values():
            for item in items:
                name = item["id"].split("/", 5)[4]
                found.setdefault(name.lower(), name)
        return found

    def group(self, name: str) -> str:
        """Return a resource group as it is spelled where it was made, "" when it is not there."""
        lower = name.lower()
        if self.world.parameters["resource_group"].lower() == lower:
            return self.world.parameters["resource_group"]
        return self.groups().get(lower, "")

    def find(self, collection: str, identifier: str) -> Json | None:
        """Return the resource with this id, None for none."""
        index = self._indexes.setdefault(collection, Index(lambda item: str(item["id"]).lower()))
        return index.find(self.world.cloud(collection), identifier.lower())

    def below(self, collection: str, prefix: str) -> list[Json]:
        """Return the resources of a collection whose ids begin like this."""
        lower = prefix.lower()
        return [item for item in self.world.cloud(collection) if item["id"].lower().startswith(lower)]

    def stamp(self, item: Json, word: str, parts: Iterable[str] | None = None) -> None:
        """Renew a resource's ETag and write its provisioning state, also to its parts (None: to all of them)."""
        self._writes[item["id"].lower()] += 1
        item["etag"] = etag(f"{item['id']} {self._writes[item['id'].lower()]}")
        item["properties"]["provisioningState"] = word
        named = None if parts is None else {name.lower() for name in parts}
        for kind in PARTS.get(item.get("type", _NIC), ()):
            for part in item["properties"].get(kind, []):
                part["etag"] = item["etag"]
                if named is None or part["name"].lower() in named:
                    part.setdefault("properties", {})["provisioningState"] = word

    def part(self, item: Json, field_name: str, name: str) -> Json | None:
        """Return a part of a resource by its name, None for none."""
        parts: list[Json] = item["properties"].get(field_name, [])
        return next((part for part in parts if same(part["name"], name)), None)

    def subnet(self, identifier: str) -> tuple[Json, Json] | None:
        """Return a virtual network and its subnet, by the subnet's id."""
        network = self.find("virtualNetworks", identifier.rsplit("/", 2)[0])
        found = self.part(network, "subnets", identifier.rpartition("/")[2]) if network else None
        return (network, found) if network and found else None

    def must_be_free(self, item_id: str) -> None:
        """Refuse to write what another operation works on.

        Raises:
            ArmError: 429, with how long to wait.

        """
        found = self.operations.running(item_id)
        if found:
            raise retryable(
                "RetryableErrorDueToAnotherOperation",
                f"Operation {found.name} ({found.id}) is updating resource {item_id}. "
                "The call can be retried in 11 seconds.",
            )


def not_supported(what: str) -> ArmError:
    """Return the lab's own refusal of what it does not do."""
    return ArmError("UnsupportedOperation", f"The lab does not do {what}", 405)
