"""The pictures of a run: the network, and who reaches whom in it (pure).

Both are SVG without a script, a font or anything else from outside, and the same bytes for the same values.
"""

from __future__ import annotations

from l2bridge_helpers.picture_matrix import matrix
from l2bridge_helpers.picture_topology import topology
from l2bridge_helpers.svg import Picture

__all__ = ["Picture", "matrix", "topology"]
