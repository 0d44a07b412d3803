from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from tests.crashes.nursery import Nursery, nursery


@pytest.fixture(scope="session")
def nurseries() -> Iterator[Callable[[str], Nursery]]:
    """One nursery for each platform that a test asks for."""
    with ExitStack() as stack:
        yield cache(lambda platform: stack.enter_context(nursery(platform)))
