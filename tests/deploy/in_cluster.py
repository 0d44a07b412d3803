"""A pod as a CronJob starts it, without a cluster: its service account, its user, its read-only file system."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import yaml
from werkzeug import Request, Response
from werkzeug.serving import make_server

from l2bridge_helpers.lab import Lab
from tests.az import certificate_in

TOKEN = "eyJhbGciOiJub25lIn0.lab.AAAA"  # noqa: S105 - of a lab
USER = 65532
RUNS = "/srv"
"""Stands for the volume: a folder that every Linux has."""
_HOST = "127.0.0.1"
_OF_ONE_CONNECTION = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}

# Everything but the volume and /tmp is read-only, as `readOnlyRootFilesystem` makes it. Where Python's own folder is
# closed to others (below /root), it is shown to the pod in the same place; so is this tree where it is below /tmp.
_POD = f"""
set -eu
mount --make-rprivate /
mount --bind "$VOLUME" {RUNS}
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/secrets/kubernetes.io/serviceaccount
cp "$SECRETS"/token "$SECRETS"/ca.crt /run/secrets/kubernetes.io/serviceaccount
if ! setpriv --reuid={USER} --regid={USER} --clear-groups test -x "$PYTHON"; then
    mkdir /run/python
    mount --bind "$PREFIX" /run/python
    mount -t tmpfs -o mode=755 tmpfs "/$(echo "$PREFIX" | cut -d/ -f2)"
    mkdir -p "$PREFIX"
    mount --bind /run/python "$PREFIX"
fi
cd /
case $TREE in /tmp/*) mkdir /run/tree && mount --bind "$TREE" /run/tree ;; esac
mount -t tmpfs -o mode=1777 tmpfs /tmp
case $TREE in /tmp/*) mkdir -p "$TREE" && mount --bind /run/tree "$TREE" ;; esac
cut -d' ' -f2 /proc/self/mounts | sort -u | while read -r place; do
    case $place in
    {RUNS} | /tmp | /proc | /proc/* | /sys | /sys/* | /dev | /dev/*) ;;
    *) mount -o remount,bind,ro "$place" 2>/dev/null || [ ! -e "$place" ] ;;
    esac
done
status=0
setpriv --reuid={USER} --regid={USER} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \\
    env -i PATH="$PATH" HOME=/tmp $VARIABLES "$PYTHON" "$@" || status=$?
find /tmp -mindepth 1 -not -path "$TREE" -not -path "$TREE/*" >&2
exit $status
"""


@dataclass
class Ended:
    """How the pod ended."""

    status: int
    out: str
    err: str


def reason_not_to() -> str:
    """Return why no such pod can be made here; "": it can."""
    if os.geteuid() != 0:
        return "needs root, to make a file system read-only and to become another user"
    if not all(shutil.which(tool) for tool in ("unshare", "setpriv", "mount")):
        return "needs util-linux: unshare, setpriv, mount"
    if Path("/var/run").resolve() != Path("/run") or not Path(RUNS).is_dir():
        return f"needs /var/run to be /run, and a folder {RUNS}"
    done = subprocess.run([str(shutil.which("unshare")), "--mount", "true"], capture_output=True, check=False)
    return "" if done.returncode == 0 else "may not make a mount namespace here"


class ApiServer:
    """Speaks TLS for a lab's Kubernetes API, and answers nobody without the service account's token."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        """Start to serve; the certificate is written to this folder."""
        self.unknown = 0
        self._lab = lab
        self.certificate, key = certificate_in(folder)
        files = (str(self.certificate), str(key))
        application = Request.application(self._answer)
        self._server = make_server(_HOST, 0, application, threaded=True, ssl_context=files)
        self.port = self._server.server_port
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        """Stop to serve."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, request: Request) -> Response:
        told = request.authorization
        if told is None or (told.type, told.token) != ("bearer", TOKEN):
            self.unknown += 1
            return Response(status=401)
        connection = HTTPConnection(urlsplit(_server_of(self._lab)).netloc, timeout=60)
        sent = {name: value for name, value in request.headers if name.lower() not in _OF_ONE_CONNECTION}
        connection.request(request.method, request.environ["REQUEST_URI"], request.get_data(), sent)
        answer = connection.getresponse()
        headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in _OF_ONE_CONNECTION]
        body = answer.read()
        connection.close()
        return Response(body, answer.status, headers)


class Pod:
    """What a CronJob runs, on a lab's cluster."""

    def __init__(self, server: ApiServer, folder: Path) -> None:
        """Make its volume and its service account's files."""
        self.server = server
        self.volume, self._secrets = folder / "volume", folder / "secrets"
        for made in (self.volume, self._secrets):
            made.mkdir()
        os.chown(self.volume, USER, USER)
        (self._secrets / "token").write_text(TOKEN)
        shutil.copy(server.certificate, self._secrets / "ca.crt")

    def run(self, *words: str) -> Ended:
        """Run `l2bridge` with these words until it ends."""
        variables = {"KUBERNETES_SERVICE_HOST": _HOST, "KUBERNETES_SERVICE_PORT": str(self.server.port)}
        told = {
            "VOLUME": str(self.volume),
            "SECRETS": str(self._secrets),
            "PYTHON": sys.executable,
            "PREFIX": sys.base_prefix,
            "TREE": str(Path(__file__).resolve().parents[2]),
            "VARIABLES": " ".join(f"{name}={value}" for name, value in variables.items()),
        }
        command = ["unshare", "--mount", "sh", "-c", _POD, "pod", "-m", "l2bridge_helpers.cli", *words]
        done = subprocess.run(
            command, env={**os.environ, **told}, capture_output=True, text=True, timeout=300, check=False
        )
        return Ended(done.returncode, done.stdout, done.stderr)


@contextmanager
def pod_of(lab: Lab, folder: Path) -> Iterator[Pod]:
    """Serve the lab's cluster to a pod."""
    server = ApiServer(lab, folder)
    try:
        yield Pod(server, folder)
    finally:
        server.close()


def arguments(manifest: Path, lab: Lab) -> list[str]:
    """Return a CronJob's arguments, what is in capitals replaced by the lab's; the volume is elsewhere."""
    (job,) = (each for each in yaml.safe_load_all(manifest.read_text()) if each["kind"] == "CronJob")
    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    return [_filled(word, lab.parameters) for word in container["args"]]


def _filled(word: str, parameters: dict[str, str]) -> str:
    name, equals, value = word.partition("=")
    if word == "/runs":
        return RUNS
    return f"{name}={parameters.get(name, '')}" if equals and value.isupper() else word


def mode_of(words: Sequence[str], *other: str) -> list[str]:
    """Return the arguments with another mode than `--check`."""
    return [part for word in words for part in (other if word == "--check" else (word,))]


def _server_of(lab: Lab) -> str:
    config = yaml.safe_load(lab.kubeconfig.read_text())
    server: str = config["clusters"][0]["cluster"]["server"]
    return server
