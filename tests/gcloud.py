"""The real gcloud, pointed at a lab."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from l2bridge_helpers.lab import Lab

needs_gcloud = pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not installed")


class Gcloud:
    """gcloud with a configuration of its own, pointed at a lab."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        """Keep everything that gcloud writes in this folder."""
        self._folder = folder
        self._environment = os.environ | {
            "CLOUDSDK_CONFIG": str(folder / "gcloud"),
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_CORE_PROJECT": lab.parameters["project"],
            "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
            "CLOUDSDK_CORE_DISABLE_FILE_LOGGING": "true",
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE": f"{lab.endpoint}/compute/v1/",
        }

    def __call__(self, *arguments: str, status: int = 0) -> str:
        """Run `gcloud compute ...`; return its output, or its errors when it is to fail."""
        result = subprocess.run(
            ["gcloud", "compute", *arguments],  # noqa: S607 - the gcloud that is installed
            env=self._environment,
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert result.returncode == status, result.stderr
        return result.stderr if status else result.stdout

    def shell(self, command: str) -> None:
        """Run a command line that somebody copied out of a plan."""
        done = subprocess.run(
            ["bash", "-c", command],  # noqa: S607 - whatever bash there is
            env=self._environment,
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
