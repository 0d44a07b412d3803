from __future__ import annotations

from collections.abc import Iterator

import pytest

from l2bridge_helpers.lab import world
from tests.fuzz.tampered import TamperedLab
from tests.fuzz.whole import values_of


@pytest.fixture(scope="module")
def labs(request: pytest.FixtureRequest) -> Iterator[dict[str, TamperedLab]]:
    """Serve the module's WORLDS, each read once, so that the places of their answers are known."""
    served = {name: TamperedLab(world(name)) for name in request.module.WORLDS}
    for lab in served.values():
        values_of(lab)
        lab.known = tuple(sorted(lab.places))
    yield served
    for lab in served.values():
        lab.close()
