"""JupyterLab on loopback, apart from what its user has configured, until it is ended."""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from l2bridge_helpers.headless import jupyter_environment

START_SECONDS = 60.0
POLL_SECONDS = 0.1
QUIET = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
NO_NEWS = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}


class JupyterLabError(Exception):
    """JupyterLab did not start, or ended by itself; the text says why."""


@dataclass(frozen=True)
class JupyterLab:
    """A server that is up.

    Attributes:
        process: the server; whoever has started it ends it.
        address: where it listens, `http://127.0.0.1:PORT`.
        token: what it asks for.

    """

    process: subprocess.Popen[bytes]
    address: str
    token: str
    _private: Path

    def url(self, name: str = "") -> str:
        """Return where to open a notebook, by its path in the server's folder; "": JupyterLab itself."""
        return f"{self.address}/lab{f'/tree/{name}' if name else ''}?token={self.token}"

    def wait(self) -> None:
        """Wait until it ends, which it is not meant to do.

        Raises:
            JupyterLabError: it has ended.

        """
        self.process.wait()
        raise JupyterLabError(f"JupyterLab has ended by itself:\n{_log(self._private)}")


def start_jupyterlab(
    folder: Path, private: Path, *, settings: Mapping[str, Any] | None = None, options: Sequence[str] = ()
) -> JupyterLab:
    """Start JupyterLab on a free port, with a random token that no list of processes shows, and wait until it is up.

    Args:
        folder: what it shows.
        private: takes what Jupyter writes for itself.
        settings: defaults of JupyterLab's own settings beside ours, by plugin.
        options: of the command, beside ours.

    Raises:
        JupyterLabError: it did not start, and was ended; the text is the end of its log.

    """
    process = _launch(folder, private, {**QUIET, **(settings or {})}, options)
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        for path in (private / "runtime").glob("jpserver-*.json"):
            told = _listening(path)
            if told:
                return JupyterLab(process, f"http://127.0.0.1:{told['port']}", told["token"], private)
        time.sleep(POLL_SECONDS)
    process.kill()
    process.wait()
    raise JupyterLabError(f"JupyterLab did not start:\n{_log(private)}")


def _launch(
    folder: Path, private: Path, settings: Mapping[str, Any], options: Sequence[str]
) -> subprocess.Popen[bytes]:
    configured = private / "config" / "labconfig"
    configured.mkdir(parents=True)
    (configured / "default_setting_overrides.json").write_text(json.dumps(settings), encoding="utf-8")
    (configured / "page_config.json").write_text(json.dumps(NO_NEWS), encoding="utf-8")
    environment = jupyter_environment(private) | {
        "JUPYTER_TOKEN": secrets.token_hex(16),
        "JUPYTERLAB_SETTINGS_DIR": str(private / "lab" / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(private / "lab" / "workspaces"),
    }
    ours = [
        "--no-browser",
        "--allow-root",
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port=0",
        f"--ServerApp.root_dir={folder.resolve()}",
        "--LabApp.news_url=",
    ]
    with (private / "jupyterlab.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *ours, *options],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # Ctrl-C is ours: JupyterLab would ask whether it is meant.
            start_new_session=True,
        )


def _listening(info: Path) -> dict[str, Any]:
    """Return what JupyterLab says about itself; nothing while it is still writing that, or does not listen yet."""
    try:
        told: dict[str, Any] = json.loads(info.read_text(encoding="utf-8"))
        socket.create_connection(("127.0.0.1", told["port"]), timeout=1).close()
    except (ValueError, OSError):
        return {}
    return told


def _log(private: Path) -> str:
    return (private / "jupyterlab.log").read_text(encoding="utf-8", errors="replace")[-2000:]
