"""The manifests: what Kubernetes' own schemas say, what `restricted` asks of a pod, and that they fit together."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from l2bridge_helpers import __version__
from l2bridge_helpers.cli.given import from_options
from l2bridge_helpers.flannel import CONFIG_MAPS
from l2bridge_helpers.lease_record import NAME
from l2bridge_helpers.parameters import PARAMETERS

Json = dict[str, Any]
FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "kubernetes"
FILES = sorted(path.name for path in FOLDER.glob("*.yaml"))
PLATFORMS = tuple(PARAMETERS)
OLDEST, NEWEST = "1.32", kubernetes_validate.latest_version()


def objects(name: str) -> list[Json]:
    """Return what a file holds."""
    return [each for each in yaml.safe_load_all((FOLDER / name).read_text()) if each]


def one(name: str, kind: str) -> Json:
    """Return the one object of a kind in a file."""
    (found,) = (each for each in objects(name) if each["kind"] == kind)
    return found


def pod(platform: str) -> Json:
    """Return a CronJob's pod."""
    template: Json = one(f"{platform}.yaml", "CronJob")["spec"]["jobTemplate"]["spec"]["template"]
    return template


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("name", FILES)
def test_every_object_fits_its_published_schema(name: str, version: str) -> None:
    """Unknown fields are refused, as by `kubectl apply --validate=strict`."""
    assert objects(name)
    for each in objects(name):
        kubernetes_validate.validate(each, version, strict=True)


def test_the_schemas_refuse_a_field_that_is_none() -> None:
    """Else the test above could not fail."""
    wrong = one("gce.yaml", "CronJob")
    wrong["spec"]["jobTemplate"]["spec"]["backofLimit"] = 0
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, NEWEST, strict=True)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_pod_is_a_restricted_one(platform: str) -> None:
    """Pod Security Standards, restricted, which the namespace enforces; and a read-only root file system beside it."""
    spec = pod(platform)["spec"]
    security = spec["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] > 0
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in spec["containers"]:
        own = container["securityContext"]
        assert own["allowPrivilegeEscalation"] is False
        assert own["readOnlyRootFilesystem"] is True
        assert own["capabilities"] == {"drop": ["ALL"]}
    assert {next(iter(volume.keys() - {"name"})) for volume in spec["volumes"]} == {"persistentVolumeClaim", "emptyDir"}
    assert one("common.yaml", "Namespace")["metadata"]["labels"] == {"pod-security.kubernetes.io/enforce": "restricted"}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_runs_do_not_overlap_and_end(platform: str) -> None:
    """One at a time, none again and again, none for ever; and there is time to end in order."""
    spec = one(f"{platform}.yaml", "CronJob")["spec"]
    job = spec["jobTemplate"]["spec"]
    assert spec["concurrencyPolicy"] == "Forbid"
    assert 10 <= spec["startingDeadlineSeconds"] < 3600  # below 10 the controller may never see it
    assert job["backoffLimit"] == 0
    assert 0 < job["activeDeadlineSeconds"] < 3600
    assert job["template"]["spec"]["restartPolicy"] == "Never"
    assert job["template"]["spec"]["terminationGracePeriodSeconds"] >= 60


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_command_checks_and_names_parameters_that_there_are(platform: str) -> None:
    """A schedule changes nothing unless somebody says so."""
    (container,) = pod(platform)["spec"]["containers"]
    words = container["args"]
    assert words[:3] == ["run", platform, "--check"]
    assert "--apply" not in words
    pairs = [value for flag, value in pairwise(words) if flag == "-p"]
    assert from_options(pairs, PARAMETERS[platform])["cluster"] == "CLUSTER"
    assert {"name": "runs", "mountPath": words[words.index("--runs") + 1]} in container["volumeMounts"]
    assert container["image"] == f"l2bridge:{__version__}"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_jobs_differ_only_in_their_command_and_identity(platform: str) -> None:
    """Four files that say the same are kept the same."""
    jobs = [one(f"{name}.yaml", "CronJob") for name in ("bare_metal", platform)]
    for job in jobs:
        template = job["spec"]["jobTemplate"]["spec"]["template"]
        template["metadata"]["labels"].pop("azure.workload.identity/use", None)
        template["spec"]["containers"][0].pop("args")
    assert jobs[0] == jobs[1]


def test_identities_are_those_of_the_clouds() -> None:
    """Each by the annotation that its webhook or metadata server reads."""
    told = {name: one(f"{name}.yaml", "ServiceAccount")["metadata"].get("annotations", {}) for name in PLATFORMS}
    assert {name: next(iter(value), "") for name, value in told.items()} == {
        "gce": "iam.gke.io/gcp-service-account",
        "aws": "eks.amazonaws.com/role-arn",
        "azure": "azure.workload.identity/client-id",
        "bare_metal": "",
    }
    assert pod("azure")["metadata"]["labels"]["azure.workload.identity/use"] == "true"


def test_names_hang_together() -> None:
    """The account that is granted something is the one that runs; what it may read is what the code reads."""
    account = {"kind": "ServiceAccount", "name": "l2bridge", "namespace": "l2bridge"}
    for name in ("common.yaml", "apply.yaml"):
        (binding,) = (each for each in objects(name) if each["kind"].endswith("Binding"))
        (role,) = (each for each in objects(name) if each["kind"] in ("Role", "ClusterRole"))
        assert binding["subjects"] == [account]
        assert (binding["roleRef"]["kind"], binding["roleRef"]["name"]) == (role["kind"], role["metadata"]["name"])
    rules = one("common.yaml", "ClusterRole")["rules"]
    assert rules[1]["resourceNames"] == sorted({name for _, name in CONFIG_MAPS})
    lock = one("apply.yaml", "Role")
    assert lock["rules"][1]["resourceNames"] == [NAME]
    namespaces = {parameter.default for parameter in PARAMETERS["gce"] if parameter.name == "lease_namespace"}
    assert {lock["metadata"]["namespace"]} == namespaces
    for platform in PLATFORMS:
        metadata = one(f"{platform}.yaml", "ServiceAccount")["metadata"]
        assert (metadata["name"], metadata["namespace"]) == (account["name"], account["namespace"])
        assert pod(platform)["spec"]["serviceAccountName"] == account["name"]
        claims = [each["persistentVolumeClaim"]["claimName"] for each in pod(platform)["spec"]["volumes"][:1]]
        assert claims == [one("common.yaml", "PersistentVolumeClaim")["metadata"]["name"]]
