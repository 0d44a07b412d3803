"""Tests that share a server share a worker: a release of pytest once made that silently untrue."""

from __future__ import annotations

import os

import pytest


@pytest.mark.xdist_group("groups")
@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="without workers there are no groups")
def test_groups_of_tests_are_kept_together(request: pytest.FixtureRequest) -> None:
    """The name of a test carries its group, by which it is given to a worker."""
    assert request.node.nodeid.endswith("@groups")
