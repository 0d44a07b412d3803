"""The types of resources that the lab's Azure knows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One type.

    Attributes:
        type: as Azure spells it.
        collection: of the world.
        within: the field of the parent's properties that holds such parts; "": they are resources of their own.
        anywhere: a list shows what is below the parent's parts as well.

    """

    type: str
    collection: str
    within: str = ""
    anywhere: bool = False

    @property
    def segments(self) -> list[str]:
        """Return the type's words without its namespace."""
        return self.type.split("/")[1:]


_SETS = "Microsoft.Compute/virtualMachineScaleSets"
_ALL = (
    Kind("Microsoft.Network/networkInterfaces", "networkInterfaces"),
    Kind("Microsoft.Network/virtualNetworks", "virtualNetworks"),
    Kind("Microsoft.Network/virtualNetworks/subnets", "virtualNetworks", "subnets"),
    Kind("Microsoft.Network/routeTables", "routeTables"),
    Kind("Microsoft.Network/routeTables/routes", "routeTables", "routes"),
    Kind("Microsoft.Network/networkSecurityGroups", "networkSecurityGroups"),
    Kind("Microsoft.Network/networkSecurityGroups/securityRules", "networkSecurityGroups", "securityRules"),
    Kind(
        "Microsoft.Network/networkSecurityGroups/defaultSecurityRules", "networkSecurityGroups", "defaultSecurityRules"
    ),
    Kind("Microsoft.Compute/virtualMachines", "virtualMachines"),
    Kind(_SETS, "virtualMachineScaleSets"),
    Kind(f"{_SETS}/virtualMachines", "virtualMachineScaleSetVMs"),
    Kind(f"{_SETS}/networkInterfaces", "virtualMachineScaleSetNetworkInterfaces", anywhere=True),
    Kind(f"{_SETS}/virtualMachines/networkInterfaces", "virtualMachineScaleSetNetworkInterfaces"),
)
KINDS = {kind.type.lower(): kind for kind in _ALL}
"""By their types in lower case."""

PARTS = {
    "Microsoft.Network/networkInterfaces": ("ipConfigurations",),
    "Microsoft.Network/virtualNetworks": ("subnets",),
    "Microsoft.Network/routeTables": ("routes",),
    "Microsoft.Network/networkSecurityGroups": ("securityRules", "defaultSecurityRules"),
}
"""Type -> the fields of its properties that hold parts with the resource's own ETag."""
