"""Operations that the list does not tell of are asked for one by one: what was accepted is not said to have failed."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from l2bridge_helpers.clouds.gce_operations import GceOperations

MANY = 6


@pytest.mark.parametrize("items", [["strange"], {"global": ["strange"]}, {"global": {"operations": ["strange"]}}])
def test_a_list_of_another_shape_is_none(items: object) -> None:
    """Each operation is asked for by itself then."""
    asked, together = list[str](), threading.Barrier(MANY)

    def ask(_doing: str, _method: str, path: str, _query: Mapping[str, str]) -> dict[str, Any]:
        if "aggregated" in path:
            return {"items": items}
        asked.append(path)
        return {"status": "DONE"}

    operations = GceOperations(ask)

    def finish(number: int) -> None:
        together.wait()
        operations.finish("do it", "projects/p/global", {"name": f"o{number}", "status": "RUNNING"})

    with ThreadPoolExecutor(MANY) as pool:
        list(pool.map(finish, range(MANY)))
    assert sorted(asked) == [f"projects/p/global/operations/o{number}/wait" for number in range(MANY)]
