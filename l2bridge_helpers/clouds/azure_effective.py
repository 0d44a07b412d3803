"""Azure's effective routes: what an interface really uses, which follows a successful write with a delay."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from l2bridge_helpers.changes import SIDE_BY_SIDE
from l2bridge_helpers.clouds.azure_read import in_force_of
from l2bridge_helpers.errors import CloudError, CredentialsError
from l2bridge_helpers.fabric import Fabric, InForce, Nic

if TYPE_CHECKING:
    from l2bridge_helpers.clouds.azure_api import AzureApi
    from l2bridge_helpers.placement import Placed

_ORDINARY_PARTS = 2


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
        """Return those of the nodes' ordinary interfaces in subnets that have a table."""
        nics = {spot.nic.id: spot.nic for spot in placed if _can_be_asked(spot.nic, fabric)}
        if self._whose != "all":
            nics = {nic.subnet: nic for nic in reversed(nics.values())}
        chosen = list(reversed(nics.values())) if self._whose != "none" else []
        with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="effective") as pool:
            return tuple(pool.map(self._one, chosen))

    def _one(self, nic: Nic) -> InForce:
        try:
            answer = self._api.effective_routes(*nic.id.split("/"))
        except CredentialsError:
            raise
        except CloudError as err:
            return InForce(nic.id, nic.subnet, {}, str(err))
        return InForce(nic.id, nic.subnet, in_force_of(answer))


def _can_be_asked(nic: Nic, fabric: Fabric) -> bool:
    subnet = fabric.subnet(nic.subnet)
    return len(nic.id.split("/")) == _ORDINARY_PARTS and subnet is not None and bool(subnet.table)
