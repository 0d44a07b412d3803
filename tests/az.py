"""The real az, pointed at a lab.

az talks to no endpoint without TLS, wants to know the cloud's other endpoints, and a token of somebody. So a lab is put
behind a front that speaks TLS with a certificate of its own, and says both itself. All of it is on loopback.
"""

import base64
import datetime as dt
import ipaddress
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from werkzeug import Request, Response
from werkzeug.serving import make_server

from l2bridge_helpers.lab import Lab, world

AZ = os.environ.get("L2BRIDGE_AZ") or shutil.which("az") or ""
_HOST = "127.0.0.1"
_TENANT = "5f0d2c1e-53a4-4a0e-9d43-6f2b1f6b7a10"
_OF_ONE_CONNECTION = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}


class Front:
    """Speaks TLS for one lab at a time, and answers what az asks of a cloud besides Azure Resource Manager."""

    def __init__(self, folder: Path) -> None:
        """Start to serve; the certificate and its key are written to this folder."""
        self.lab: Lab | None = None
        self.certificate, key = certificate_in(folder)
        self._server = make_server(
            _HOST, 0, Request.application(self._answer), threaded=True, ssl_context=(str(self.certificate), str(key))
        )
        self.url = f"https://{_HOST}:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        """Stop to serve."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, request: Request) -> Response:
        if request.path == "/metadata/endpoints":
            return _json(_endpoints(self.url))
        if request.path == "/token":
            return _json(_token())
        return self._forward(request)

    def _forward(self, request: Request) -> Response:
        """Ask the lab; its URLs become the front's, so that az comes back here for the next page or an operation."""
        assert self.lab, "no lab stands behind the front"
        connection = HTTPConnection(urlsplit(self.lab.endpoint).netloc, timeout=60)
        sent = {name: value for name, value in request.headers if name.lower() not in _OF_ONE_CONNECTION}
        connection.request(request.method, request.environ["REQUEST_URI"], request.get_data(), sent)
        answer = connection.getresponse()
        headers = [
            (name, value.replace(self.lab.endpoint, self.url))
            for name, value in answer.getheaders()
            if name.lower() not in _OF_ONE_CONNECTION
        ]
        body = answer.read().replace(self.lab.endpoint.encode(), self.url.encode())
        connection.close()
        return Response(body, answer.status, headers)


class Az:
    """az with a configuration of its own, logged in to whatever lab stands behind its front."""

    def __init__(self, front: Front, folder: Path) -> None:
        """Keep everything that az writes in this folder."""
        self._front = front
        self._folder = folder
        own = {
            name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "ARM_", "IDENTITY_"))
        }
        self._environment = own | {
            "PATH": os.pathsep.join([str(Path(AZ).parent), os.environ.get("PATH", "")]),
            "AZURE_CONFIG_DIR": str(folder / "azure"),
            "AZURE_EXTENSION_DIR": str(folder / "extensions"),
            "AZURE_CORE_COLLECT_TELEMETRY": "no",
            "AZURE_CORE_DISABLE_CONFIRM_PROMPT": "yes",
            "AZURE_CORE_NO_COLOR": "yes",
            "AZURE_CORE_ONLY_SHOW_ERRORS": "yes",
            "AZURE_CORE_OUTPUT": "json",
            "IDENTITY_ENDPOINT": f"{front.url}/token",
            "IDENTITY_HEADER": "lab",
            "NO_PROXY": _HOST,
            "REQUESTS_CA_BUNDLE": str(front.certificate),
        }

    def __call__(self, command: str) -> Any:
        """Run `az ...`; return the JSON that it prints, None for no output."""
        return json.loads(self.shell(f"az {command}") or "null")

    def refused(self, command: str) -> str:
        """Return what `az ...` says when it fails."""
        done = self._run(f"az {command}")
        assert done.returncode != 0, done.stdout
        return done.stderr

    def shell(self, command: str) -> str:
        """Run a command line that somebody copied out of a plan; return what it prints."""
        done = self._run(command)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def lab(self, name: str) -> Iterator[Lab]:
        """Serve a world of this name to az, until the end of the block."""
        with Lab(world(name)) as lab:
            self._front.lab = lab
            try:
                yield lab
            finally:
                self._front.lab = None

    def log_in(self) -> None:
        """Make the front a cloud of az's, and log in to it as the machine's own identity."""
        kinds = ("resource-manager", "management", "active-directory", "active-directory-resource-id")
        self.shell(f"az cloud register --name=lab {' '.join(f'--endpoint-{kind}={self._front.url}' for kind in kinds)}")
        self.shell("az cloud set --name=lab")
        with self.lab("azure-small"):
            self.shell("az login --identity")

    def _run(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", "-c", command],
            env=self._environment,
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture(name="az", scope="session")
def ready_az(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Az]:
    """Log in once; what comes after takes a second or more for each command."""
    if not AZ:
        pytest.skip("no `az` command on this machine (L2BRIDGE_AZ names one that is not on PATH)")
    folder = tmp_path_factory.mktemp("az")
    front = Front(folder)
    try:
        az = Az(front, folder)
        az.log_in()
        yield az
    finally:
        front.close()


def _json(answer: dict[str, Any]) -> Response:
    return Response(json.dumps(answer), mimetype="application/json")


def _endpoints(url: str) -> dict[str, Any]:
    """Every service of this cloud is at one URL; az looks at few of them."""
    login = {"loginEndpoint": url, "audiences": [url], "tenant": "common", "identityProvider": "AAD"}
    names = ("portal", "graph", "graphAudience", "media", "batch", "resourceManager", "gallery", "sqlManagement")
    more = ("vmImageAliasDoc", "activeDirectoryDataLake", "microsoftGraphResourceId")
    return {"name": "lab", "authentication": login, "suffixes": {}} | dict.fromkeys(names + more, url)


def _token() -> dict[str, Any]:
    """Return a token that nobody signed: az reads the tenant out of it, the lab asks for none."""
    until = int(time.time()) + 3600
    machine = "/subscriptions/none/resourcegroups/none/providers/Microsoft.Compute/virtualMachines/none"
    claims = {"tid": _TENANT, "oid": _TENANT, "exp": until, "xms_mirid": machine}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "none"}, claims)
    ]
    return {
        "access_token": ".".join([*parts, "AAAA"]),
        "expires_on": str(until),
        "token_type": "Bearer",
        "resource": "lab",
    }


def certificate_in(folder: Path) -> tuple[Path, Path]:
    """Write a certificate for loopback, good for an hour, and its key; return both files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "l2bridge lab")])
    now = dt.datetime.now(dt.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(_HOST))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(pem))
    files[1].touch(mode=0o600)
    files[1].write_bytes(key.private_bytes(pem, *plain))
    return files
