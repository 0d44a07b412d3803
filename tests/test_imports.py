"""Who imports what: a cloud's SDK is loaded only for its platform, and what is pure stays pure."""

import subprocess
import sys

import pytest

SDKS = {"azure", "boto3", "botocore", "google.cloud", "google.auth", "kubernetes", "requests", "urllib3"}
PURE = ["changes", "check_network", "checks", "fabric", "findings", "nodes", "placement", "plan", "verify"]
PURE += ["clouds.dialects", "flannel", "outcome", "parameters", "pictures", "report", "results", "show"]
PURE += ["lease_record", "lease_texts", "moved"]
PURE += ["explaining", "mends", "question", "saved_run", "state"]


def _imports(module: str) -> set[str]:
    """Return the SDKs that importing a module loads, in a Python of its own."""
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return SDKS & set(done.stdout.split())


def test_the_package_loads_no_sdk() -> None:
    """Who runs one platform pays for no other; who only asks for help pays for none."""
    assert _imports("l2bridge_helpers") == set()


@pytest.mark.parametrize("module", PURE)
def test_what_is_pure_loads_nothing_that_calls(module: str) -> None:
    """Values in, values out: no client of any API is even loaded."""
    assert _imports(f"l2bridge_helpers.{module}") == set()


def test_gce_loads_googles_sdk_and_no_other() -> None:
    """The adapter alone imports its SDK."""
    assert not _imports("l2bridge_helpers.clouds.gce") & {"azure", "boto3", "botocore", "kubernetes"}
