import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from l2bridge_helpers import __version__
from l2bridge_helpers.cli import main
from l2bridge_helpers.lab import world, worlds

from .test_load import write
from .test_load_aws import written
from .test_load_azure import written as written_by_az

_START = "from l2bridge_helpers.cli import main; main()"
_OPTIONS = {"subnets": "--subnets", "config_maps": "--config-maps", "project_info": "--project-info"}


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the command; yield the process and what it has printed when it was ready."""
    command = [sys.executable, "-c", _START, "lab", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        guard = threading.Timer(60, process.kill)
        guard.start()
        try:
            yield process, _until_ready(process)
        finally:
            guard.cancel()
            process.kill()


def _until_ready(process: subprocess.Popen[str]) -> str:
    text = ""
    assert process.stdout
    for line in process.stdout:
        text += line
        if "Ctrl-C" in line:
            return text
    assert process.stderr
    raise AssertionError(text + process.stderr.read())


def test_version() -> None:
    """The command knows its version."""
    assert CliRunner().invoke(main, ["--version"]).output.strip().endswith(__version__)


def test_help_says_how_to_collect_the_files() -> None:
    """The commands to run are in the help, and every option is explained."""
    text = CliRunner().invoke(main, ["lab", "--help"]).output
    assert "kubectl get nodes -o json > nodes.json" in text
    assert "gcloud compute instances list --format=json > instances.json" in text
    assert "aws ec2 describe-network-interfaces --output json > nics.json" in text
    assert "az network nic list --output json > nics.json" in text
    for platform in ("gce", "aws", "azure", "bare_metal"):
        assert f"  l2bridge lab {platform} --nodes nodes.json" in text


def test_list_shows_every_world() -> None:
    """A line each, with what is special there."""
    lines = CliRunner().invoke(main, ["lab", "--list"]).output.splitlines()
    assert len(lines) == len(worlds()) + 4
    assert any(line.startswith("gce-small ") and "Windows" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["nope"], "gce-small"),
        (["gce"], "--nodes and --instances"),
        (["gce", "--nodes", "n.json"], "needs --instances"),
        (["gce-small", "--nodes", "n.json"], "--nodes can only be used"),
        (["gce", "--nodes", "n.json", "--instances", "i.json"], "i.json cannot be read"),
        (["gce", "--nodes", "n.json", "--instances", "i.json", "--vpcs", "v.json"], "--vpcs cannot be used"),
        (["aws"], "--nodes, --instances and --network-interfaces"),
        (["aws", "--nodes", "n.json", "--instances", "i.json"], "world aws needs --network-interfaces"),
        (["aws-small", "--route-tables", "r.json"], "--route-tables can only be used"),
        (["azure"], "world azure needs --nodes and --network-interfaces"),
        (["azure", "--nodes", "n.json", "--network-interfaces", "i.json"], "i.json cannot be read"),
        (["azure", "--nodes", "n.json", "--network-interfaces", "i.json", "--vpcs", "v.json"], "--vpcs cannot be used"),
        (["aws-small", "--scale-sets", "s.json"], "--scale-sets can only be used"),
        (["bare_metal"], "world bare_metal needs --nodes"),
        (["bare_metal", "--nodes", "n.json", "--instances", "i.json"], "--instances cannot be used"),
        (["bare_metal", "--nodes", "n.json"], "n.json cannot be read"),
        (["gce-small", "--log", "/"], "--log / cannot be written"),
        (["gce-small", "--port", "1", "--kubernetes-port", "1"], "port 1 "),
    ],
)
def test_bad_arguments_are_one_line(arguments: list[str], part: str) -> None:
    """Exit status 2, one line on stderr, no traceback."""
    result = CliRunner().invoke(main, ["lab", *arguments])
    if arguments[-1] == "1" and result.exit_code == 0:
        pytest.skip("this user may open port 1")
    assert result.exit_code == 2
    assert part in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_until_it_is_stopped(tmp_path: Path, number: signal.Signals) -> None:
    """It prints what is needed to use it, logs each request, and leaves nothing behind."""
    log = tmp_path / "log.jsonl"
    with running("gce-small", "--log", str(log)) as (process, text):
        endpoint, kubeconfig = (
            re.search(rf"^{name} +(\S+)$", text, re.MULTILINE) for name in ("endpoint", "kubeconfig")
        )
        assert endpoint
        assert kubeconfig
        assert requests.get(f"{endpoint[1]}/compute/v1/projects/l2bridge-lab", timeout=5).ok
        assert Path(kubeconfig[1]).exists()
        assert (
            f"-p kubeconfig={kubeconfig[1]} -p context=lab -p cluster=lab -p endpoint={endpoint[1]} -p project=" in text
        )
        process.send_signal(number)
        assert process.wait(10) == 0
        assert process.stderr
        assert process.stderr.read() == ""
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(entry["method"], entry["status"]) for entry in entries] == [("GET", 200)]
    assert not Path(kubeconfig[1]).parent.exists()


def test_a_copy_of_a_cluster_is_served(tmp_path: Path) -> None:
    """`l2bridge lab gce` with files serves what the files hold."""
    files = write(tmp_path, world("gce-messy"))
    options = [part for what, path in files.items() for part in (_OPTIONS.get(what, f"--{what}"), str(path))]
    with running("gce", *options, "--cluster", "prod", "--folder", str(tmp_path)) as (process, text):
        assert "nodes       11" in text
        assert "-p cluster=prod" in text
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert (tmp_path / "kubeconfig").exists()


def test_a_copy_of_a_cluster_on_aws_is_served(tmp_path: Path) -> None:
    """`l2bridge lab aws` takes every file that its help names."""
    files = written(world("aws-messy"), tmp_path)
    options = [part for what, path in files.items() for part in (f"--{what.replace('_', '-')}", str(path))]
    with running("aws", *options, "--cluster", "prod") as (process, text):
        assert "l2bridge run aws -p kubeconfig=" in text
        assert re.search(r"-p cluster=prod -p endpoint=\S+ -p region=eu-west-1\n", text)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_a_copy_of_a_cluster_on_azure_is_served(tmp_path: Path) -> None:
    """`l2bridge lab azure` takes every file that its help names."""
    files = written_by_az(tmp_path)
    options = [part for what, path in files.items() for part in (f"--{what.replace('_', '-')}", str(path))]
    with running("azure", *options, "--cluster", "prod") as (process, text):
        assert "nodes       3" in text
        assert "l2bridge run azure -p kubeconfig=" in text
        whose = "-p subscription_id=6f0a4b1e-2f57-4c1c-9d0e-0c4a8e0b6d11 -p resource_group=rg-prod"
        assert re.search(rf"-p cluster=prod -p endpoint=\S+ {whose}\n", text)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_a_copy_of_a_cluster_without_a_cloud_is_served(tmp_path: Path) -> None:
    """`l2bridge lab bare_metal` needs the nodes only."""
    files = written(world("bare-metal-small"), tmp_path)
    with running("bare_metal", "--nodes", str(files["nodes"])) as (process, text):
        assert "nodes       5" in text
        assert "l2bridge run bare_metal -p kubeconfig=" in text
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
