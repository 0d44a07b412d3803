"""The pictures of a run: the network, who reaches whom in it, and one packet's way (pure).

They are SVG without a script, a font or anything else from outside, and the same bytes for the same values.
"""

from __future__ import annotations

from l2bridge_helpers.pictures.matrix import matrix
from l2bridge_helpers.pictures.path import path
from l2bridge_helpers.pictures.svg import Picture
from l2bridge_helpers.pictures.topology import topology

__all__ = ["Picture", "matrix", "path", "topology"]
