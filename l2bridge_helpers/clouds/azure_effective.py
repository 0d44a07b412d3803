"""Azure's effective routes: what an interface really uses, which follows a successful write with a delay."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from l2bridge_helpers.changes import SIDE_BY_SIDE
from l2bridge_helpers.clouds.azure_names import is_set_nic
from l2bridge_helpers.clouds.azure_read import in_force_of
from l2bridge_helpers.errors import CloudError, CredentialsError
from l2bridge_helpers.fabric import Fabric, Nic
from l2bridge_helpers.observed import InForce

if TYPE_CHECKING:
    from l2bridge_helpers.clouds.azure_api import AzureApi
    from l2bridge_helpers.placement import Placed

_MOST_ASKED = 5
"""So many interfaces of a subnet are asked in turn until one answers: machines that do not run have no answer."""


class EffectiveReader:
    """Asks for effective routes.

    Args:
        api: where.
        whose: `sample` (an interface of each subnet), `all` or `none`.

    """

    def __init__(self, api: AzureApi, whose: str) -> None:
        """Send nothing yet."""
        self._api = api
        self._whose = whose

    def read(self, placed: tuple[Placed, ...], fabric: Fabric) -> tuple[InForce, ...]:
        """Return those of the nodes' interfaces in subnets that have a table."""
        bare = {subnet.id for subnet in fabric.subnets if not subnet.table}
        nics = {spot.nic.id: spot.nic for spot in placed if spot.nic.subnet not in bare}
        samples: dict[str, list[Nic]] = defaultdict(list)
        for nic in sorted(nics.values(), key=lambda nic: is_set_nic(nic.id)):
            samples[nic.subnet].append(nic)
        groups = [[nic] for nic in nics.values()] if self._whose == "all" else list(samples.values())
        with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="effective") as pool:
            return tuple(pool.map(self._first, groups)) if self._whose != "none" else ()

    def _first(self, nics: list[Nic]) -> InForce:
        """Return the first answer; where none of the interfaces has one, why the last has not."""
        seen = self._one(nics[0])
        for nic in nics[1:_MOST_ASKED]:
            seen = self._one(nic) if seen.problem else seen
        return seen

    def _one(self, nic: Nic) -> InForce:
        if is_set_nic(nic.id):
            why = "Azure tells no effective routes of interfaces of uniform scale sets"
            return InForce(nic.id, nic.subnet, {}, why)
        try:
            answer = self._api.effective_routes(*nic.id.split("/"))
        except CredentialsError:
            raise
        except CloudError as err:
            return InForce(nic.id, nic.subnet, {}, str(err))
        return InForce(nic.id, nic.subnet, in_force_of(answer))
