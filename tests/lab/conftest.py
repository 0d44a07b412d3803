from collections.abc import Iterator

import pytest

from l2bridge_helpers.lab import Lab, world

from .clients import Arm, Rest


@pytest.fixture
def lab() -> Iterator[Lab]:
    """`gce-small`, with every answer held to Google's description of the API."""
    with Lab(world("gce-small")) as lab:
        lab.gce.check_answers = True
        lab.gce.operation_seconds = 0.0
        yield lab


@pytest.fixture
def rest(lab: Lab) -> Iterator[Rest]:
    rest = Rest(lab)
    yield rest
    rest.close()


@pytest.fixture
def messy() -> Iterator[Lab]:
    """`azure-messy`."""
    with Lab(world("azure-messy")) as lab:
        yield lab


@pytest.fixture
def arm(messy: Lab) -> Iterator[Arm]:
    arm = Arm(messy)
    yield arm
    arm.close()
