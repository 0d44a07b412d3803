"""Which dialect a platform speaks. No SDK is imported here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from l2bridge_helpers.clouds.aws_dialect import AwsDialect
from l2bridge_helpers.clouds.azure_dialect import AzureDialect
from l2bridge_helpers.clouds.bare_metal_dialect import BareMetalDialect
from l2bridge_helpers.clouds.gce_dialect import GceDialect

if TYPE_CHECKING:
    from l2bridge_helpers.clouds.base import Dialect

_DIALECTS: dict[str, Dialect] = {
    "aws": AwsDialect(),
    "azure": AzureDialect(),
    "bare_metal": BareMetalDialect(),
    "gce": GceDialect(),
}


def dialect_of(platform: str) -> Dialect:
    """Return the dialect of a fabric's platform."""
    return _DIALECTS[platform]
