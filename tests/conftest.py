import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings

from l2bridge_helpers.lab import Lab, world
from tests.postgresql import NoPostgresError, Postgres, running

# A slow machine is no bug; what failed once can be repeated from what is printed.
settings.register_profile("here", deadline=None, print_blob=True)
settings.load_profile("here")


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_counts() -> None:
    """Let SIGINT interrupt, as in a terminal: a job in the background, and all that it starts, ignores it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).resolve().parent.parent


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A lab of the test's own, with the six nodes of `gce-small`."""
    with Lab(world("gce-small")) as lab:
        yield lab


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL server, one for all tests; where there is none these tests are left out."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running())
        except NoPostgresError as err:
            pytest.skip(str(err))
        yield server


def pytest_xdist_auto_num_workers() -> int:
    """Half as many workers again as processors: many tests wait, for kernels, browsers and a cloud's pace."""
    processors = len(os.sched_getaffinity(0))
    return processors + processors // 2


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what tests have measured that people are promised: `record_property("told", text)`."""
    for report in terminalreporter.getreports("passed"):
        for text in (value for name, value in report.user_properties if name == "told"):
            terminalreporter.line(f"measured: {text}")
