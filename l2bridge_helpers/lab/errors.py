"""What the lab says when it cannot start."""

from __future__ import annotations

from l2bridge_helpers.errors import L2BridgeError


class LabError(L2BridgeError):
    """The lab cannot be started as asked: an unknown world, or a file that cannot be used."""
