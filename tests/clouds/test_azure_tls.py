"""The Azure adapter as it runs against the cloud: over TLS, with the credentials that the environment gives."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from l2bridge_helpers.errors import CredentialsError, UnreachableError
from l2bridge_helpers.lab import Lab, world
from tests.az import Front
from tests.runs import Run


@pytest.fixture
def front(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    """TLS in front of a lab, and a managed identity whose tokens it hands out; nothing else signs anybody in."""
    for name in [name for name in os.environ if name.startswith(("AZURE_", "IDENTITY_", "MSI_"))]:
        monkeypatch.delenv(name)
    front = Front(tmp_path)
    for name, value in {
        "AZURE_CONFIG_DIR": str(tmp_path / "azure"),
        "IDENTITY_ENDPOINT": f"{front.url}/token",
        "IDENTITY_HEADER": "lab",
        "NO_PROXY": "127.0.0.1",
        "REQUESTS_CA_BUNDLE": str(front.certificate),
    }.items():
        monkeypatch.setenv(name, value)
    try:
        yield front
    finally:
        front.close()


def test_a_cluster_is_mended_over_tls_with_a_managed_identity(front: Front) -> None:
    """Every request carries the token; the same code as on the lab does the work."""
    with Lab(world("azure-small")) as lab:
        front.lab = lab
        run = Run(lab, {"endpoint": front.url})
        results = run.apply()
        assert (results.applied, results.failed) == (14, ())
        assert run.proof(results).wrong == ()
        asked = [request for request in lab.requests if request.server == "azure"]
        assert all(request.headers.get("Authorization", "").startswith("Bearer ") for request in asked)
        assert Run(lab, {"endpoint": front.url}).changes.writes == ()


def test_a_certificate_that_nobody_vouches_for_gets_no_token(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection ends before anything is sent."""
    with Lab(world("azure-small")) as lab:
        front.lab = lab
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
        monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:9/token")
        with pytest.raises((UnreachableError, CredentialsError)):
            Run(lab, {"endpoint": front.url})
        assert [request for request in lab.requests if request.server == "azure"] == []


def test_no_credentials_are_said_to_be_none(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """And how to sign in; nothing is asked without them."""
    monkeypatch.delenv("IDENTITY_ENDPOINT")
    monkeypatch.setenv("PATH", "")
    with Lab(world("azure-small")) as lab:
        front.lab = lab
        with pytest.raises(CredentialsError, match=r"no Azure credentials that work .*az login"):
            Run(lab, {"endpoint": front.url})
        assert [request for request in lab.requests if request.server == "azure"] == []
