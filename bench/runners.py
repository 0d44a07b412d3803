"""The tools, and how each is run: a child process, with everything that it writes in a folder that goes."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import install
from bench.install import Missing
from bench.judge import Judge

HERE = Path(__file__).resolve().parent / "tools"
_CLOUDS = ("aws", "gce", "azure")
_EVERY, _FEW = 10_000, 20
"""Nodes."""
_LAST = 2000
"""Characters of what a tool says that are kept."""
_COLUMNS = (
    "NAME:.metadata.name,IP:.status.addresses[?(@.type=='InternalIP')].address,PODS:.spec.podCIDR,ID:.spec.providerID"
)

__all__ = ["TOOLS", "Done", "Missing", "Tool", "run_tool"]


@dataclass(frozen=True)
class Tool:
    """One way to do the job.

    Attributes:
        name: in the table.
        about: what it is, for the table's readers.
        command: returns the command of a run, and variables that it needs, from the platform, the parameters and the
            folder of the run; raises `Missing`.
        platforms: the clouds that it can be pointed at here.
        most: the largest cluster that it is run on: a slow one only on a small one.
        tls: it speaks to nothing but TLS.

    """

    name: str
    about: str
    command: Callable[[str, Judge, Path], Command]
    platforms: tuple[str, ...] = _CLOUDS
    most: int = _EVERY
    tls: bool = False


@dataclass(frozen=True)
class Command:
    """A command, its standard input, and variables beside the usual ones."""

    words: list[str]
    given: str = ""
    variables: Mapping[str, str] | None = None
    before: list[list[str]] | None = None
    """Commands that make it ready and are not measured: to log in."""


@dataclass(frozen=True)
class Done:
    """What a run took, with its children: seconds of the clock and of the processor, memory at most."""

    seconds: float
    cpu: float
    megabytes: float
    status: int
    output: str

    @property
    def stopped(self) -> bool:
        """Whether it took too long."""
        return self.status == -signal.SIGKILL


def run_tool(tool: Tool, platform: str, lab: Judge, limit: float) -> Done:
    """Run a tool to its end, or until so many seconds have passed.

    Raises:
        Missing: it is not on this machine, and cannot be installed.

    """
    with TemporaryDirectory(prefix="l2bridge-bench-") as folder:
        command = tool.command(platform, lab, Path(folder))
        variables = environment(Path(folder)) | dict(command.variables or {})
        for words in command.before or []:
            subprocess.run(words, env=variables, cwd=folder, check=True, capture_output=True)  # noqa: S603 - our own
        lab.start()
        return _run(command, variables, Path(folder), limit)


def _run(command: Command, variables: Mapping[str, str], folder: Path, limit: float) -> Done:
    output = folder / "output"
    with output.open("wb") as file, (folder / "input").open("w+") as given:
        given.write(command.given)
        given.seek(0)
        start = time.monotonic()
        process = subprocess.Popen(  # noqa: S603 - our own commands
            command.words, stdin=given, stdout=file, stderr=file, env=variables, cwd=folder, start_new_session=True
        )
        stop = threading.Timer(limit, os.killpg, (process.pid, signal.SIGKILL))
        stop.start()
        _, status, spent = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        stop.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
    return Done(
        seconds=seconds,
        cpu=spent.ru_utime + spent.ru_stime,
        megabytes=spent.ru_maxrss / 1024,
        status=process.returncode,
        output=output.read_text(errors="replace")[-_LAST:],
    )


def environment(folder: Path) -> dict[str, str]:
    """Return the usual variables, without those that would point a tool anywhere else."""
    prefixes = ("AWS_", "AZURE_", "ARM_", "GOOGLE_", "CLOUDSDK_", "IDENTITY_", "KUBECONFIG", "ANSIBLE_")
    own = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    return own | {"HOME": str(folder), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "PYTHONWARNINGS": "ignore"}


def ours(**more: Any) -> Callable[[str, Judge, Path], Command]:
    """Return how to run the runbook's own cells, with these parameters beside the lab's."""

    def command(platform: str, lab: Judge, folder: Path) -> Command:
        given: dict[str, Any] = {**lab.parameters, "mode": "apply", "confirm": lab.parameters["cluster"]}
        return _python("ours.py", platform, given={**given, "runs": str(folder / "runs"), **more})

    return command


def _sdk(how: str) -> Callable[[str, Judge, Path], Command]:
    def command(platform: str, lab: Judge, _folder: Path) -> Command:
        return _python(f"sdk_{platform}.py", how, given=lab.parameters)

    return command


def _python(script: str, *arguments: str, given: Mapping[str, Any]) -> Command:
    return Command([sys.executable, str(HERE / script), *arguments], json.dumps(given))


def _document(platform: str, lab: Judge, folder: Path) -> Command:
    """Return the shell loop of the document, with the vendor's command."""
    bash = shutil.which("bash")
    if not bash:
        raise Missing("no bash on this machine")
    found = {"aws": _aws_cli, "gce": _gcloud, "azure": _az}[platform](lab, folder)
    variables = {**found.variables, "NODES": _list_nodes(lab, folder)}
    return Command([bash, "-u", str(HERE / f"document_{platform}.sh")], "", variables, found.before)


def _list_nodes(lab: Judge, folder: Path) -> str:
    """Return a command that prints the nodes: it runs kubectl, or what does the same where there is none."""
    kubectl, kubeconfig = shutil.which("kubectl"), lab.parameters["kubeconfig"]
    words = [sys.executable, str(HERE / "nodes.py"), kubeconfig]
    if kubectl:
        words = [kubectl, f"--kubeconfig={kubeconfig}", f"--cache-dir={folder}", "get", "nodes", "--no-headers"]
        words += ["-o", f"custom-columns={_COLUMNS}"]
    command = folder / "nodes"
    command.write_text(f"#!/bin/sh\nexec {shlex.join(words)}\n")
    command.chmod(0o700)
    return str(command)


@dataclass(frozen=True)
class _Cli:
    variables: dict[str, str]
    before: list[list[str]]


def _path(program: Path) -> str:
    return os.pathsep.join([str(program.parent), os.environ.get("PATH", "")])


def _aws_cli(lab: Judge, _folder: Path) -> _Cli:
    return _Cli({"PATH": _path(install.program("awscli", "aws")), **_aws_access(lab)}, [])


def _aws_access(lab: Judge) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_ENDPOINT_URL": lab.parameters["endpoint"],
        "AWS_DEFAULT_REGION": lab.parameters["region"],
        "AWS_PAGER": "",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def _gcloud(lab: Judge, folder: Path) -> _Cli:
    if not shutil.which("gcloud"):
        raise Missing("gcloud is not on this machine, and no registry has it")
    variables = {
        "CLOUDSDK_CONFIG": str(folder / "gcloud"),
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_PROJECT": lab.parameters["project"],
        "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
        "CLOUDSDK_CORE_DISABLE_FILE_LOGGING": "true",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE": f"{lab.parameters['endpoint']}/compute/v1/",
        "NETWORK": lab.parameters["network"],
    }
    return _Cli(variables, [])


def _az(lab: Judge, folder: Path) -> _Cli:
    az, url = str(install.program("azure-cli", "az")), lab.environment["BENCH_TLS"]
    variables = {
        "PATH": _path(Path(az)),
        "AZURE_CONFIG_DIR": str(folder / "azure"),
        "AZURE_EXTENSION_DIR": str(folder / "extensions"),
        "AZURE_CORE_COLLECT_TELEMETRY": "no",
        "AZURE_CORE_DISABLE_CONFIRM_PROMPT": "yes",
        "AZURE_CORE_ONLY_SHOW_ERRORS": "yes",
        "IDENTITY_ENDPOINT": f"{url}/token",
        "IDENTITY_HEADER": "lab",
        "REQUESTS_CA_BUNDLE": lab.environment["BENCH_CERTIFICATE"],
        "GROUP": lab.parameters["resource_group"],
    }
    kinds = ("resource-manager", "management", "active-directory", "active-directory-resource-id")
    register = [az, "cloud", "register", "--name=lab", *(f"--endpoint-{kind}={url}" for kind in kinds)]
    return _Cli(variables, [register, [az, "cloud", "set", "--name=lab"], [az, "login", "--identity"]])


def _ansible(_platform: str, lab: Judge, folder: Path) -> Command:
    playbook = str(install.program("ansible", "ansible-playbook"))
    python = str(Path(playbook).with_name("python"))
    variables = {**_aws_access(lab), "PATH": _path(Path(playbook)), "ANSIBLE_PYTHON_INTERPRETER": python}
    variables |= {"ANSIBLE_HOME": str(folder), "ANSIBLE_LOCALHOST_WARNING": "false", "NODES": _list_nodes(lab, folder)}
    variables |= {"LC_ALL": "C.UTF-8"}
    return Command([playbook, str(HERE / "ansible_aws.yml")], "", variables)


_OURS = "this runbook: the code cells of its notebook, without Jupyter"
_TUNED = (
    "the same by a careful author: lists instead of single reads, many attempts (boto3: adaptive; GCE: with longer and "
    "longer waits; Azure: 30), one long wait for each operation, one write for all routes of a table"
)
_PLAIN = "the document's procedure as a loop in the cloud's SDK, with the SDK's retries as they come"
_CLI = "a shell loop with the vendor's command (aws and az from PyPI; gcloud where it is on the machine)"
TOOLS = (
    Tool("l2bridge share=1.0", f"{_OURS}, with the whole published rate", ours(share=1.0)),
    Tool("l2bridge share=0.8", f"{_OURS}, as it comes: a fifth of the rate is left to others", ours(share=0.8)),
    Tool("SDK, 32 threads, tuned", _TUNED, _sdk("tuned")),
    Tool("SDK, 32 threads", _PLAIN, _sdk("threads")),
    Tool("SDK, sequential", "the same without threads", _sdk("sequential"), most=_FEW),
    Tool("document by CLI", _CLI, _document, most=_FEW, tls=True),
    Tool("Ansible", "the module amazon.aws.ec2_eni in a loop over the nodes", _ansible, platforms=("aws",), most=_FEW),
)
