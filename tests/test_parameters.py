from typing import Any

import pytest

from l2bridge_helpers.errors import ParameterError
from l2bridge_helpers.parameters import COMMON, PARAMETERS, check_parameters

DEFAULTS: dict[str, Any] = {parameter.name: parameter.default for parameter in PARAMETERS["gce"]}


def check(**values: Any) -> None:
    check_parameters("gce", {**DEFAULTS, "project": "my-project-123", **values})


def refusal(**values: Any) -> str:
    with pytest.raises(ParameterError) as caught:
        check(**values)
    return str(caught.value)


def test_names_and_defaults_are_those_of_the_contract() -> None:
    """Every platform runbook has the common parameters, with these defaults."""
    assert {parameter.name: parameter.default for parameter in COMMON} == {
        "kubeconfig": "",
        "context": "",
        "cluster": "",
        "mode": "plan",
        "confirm": "",
        "plan_file": "",
        "runs": "runs",
        "journal": "",
        "lease_namespace": "kube-system",
        "lock_timeout": 60,
        "max_delete_percent": 25,
        "endpoint": "",
    }


@pytest.mark.parametrize("platform", PARAMETERS)
def test_every_platform_has_the_common_parameters_first(platform: str) -> None:
    """In the same order."""
    assert PARAMETERS[platform][: len(COMMON)] == COMMON


@pytest.mark.parametrize("platform", PARAMETERS)
def test_defaults_change_nothing(platform: str) -> None:
    """A run with the defaults is a plan."""
    assert {parameter.name: parameter.default for parameter in PARAMETERS[platform]}["mode"] == "plan"


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"mode": "plan"},
        {"mode": "apply", "confirm": "prod"},
        {"mode": "check"},
        {"max_delete_percent": 0},
        {"max_delete_percent": 100},
        {"project": "example.com:my-project"},
        {"project": "123456789"},
        {"network": "main"},
        {"network": "projects/host-project/global/networks/main"},
        {"network": "projects/example.com:host/global/networks/main"},
        {"network": "https://www.googleapis.com/compute/v1/projects/host/global/networks/main"},
        {"endpoint": "http://127.0.0.1:8080"},
        {"share": 1.0},
        {"share": 1},
        {"share": 0.01},
        {"lock_timeout": 0},
        {"lease_namespace": ""},
        {"lease_namespace": "l2bridge-1"},
        {"journal": "postgresql://ops@db.example.com/l2bridge?sslmode=verify-full"},
        {"journal": "sqlite:////var/lib/l2bridge/journal.db"},
        {"kubeconfig": "~/my clusters/prod", "context": "ops@prod", "cluster": "prod (EU)", "runs": "/var/runs"},
    ],
    ids=str,
)
def test_good_values_pass(values: dict[str, Any]) -> None:
    """What people need is accepted without a word."""
    check(**values)


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("mode", "Plan", "plan, apply, check"),
        ("mode", "", "plan, apply, check"),
        ("mode", "destroy", "plan, apply, check"),
        ("runs", "", "name the folder"),
        ("max_delete_percent", -1, "0 to 100"),
        ("max_delete_percent", 101, "0 to 100"),
        ("max_delete_percent", "25", "a whole number"),
        ("max_delete_percent", 25.0, "a whole number"),
        ("max_delete_percent", True, "a whole number"),
        ("project", "", "give the id of the project"),
        ("project", "My Project", "my-project-123"),
        ("project", "p; rm -rf ~", "my-project-123"),
        ("project", "p/q", "my-project-123"),
        ("project", "..", "my-project-123"),
        ("project", 123, "-r project"),
        ("network", "Main", "projects/HOST/global/networks/NAME"),
        ("network", "main;x", "projects/HOST/global/networks/NAME"),
        ("network", "a" * 64, "projects/HOST/global/networks/NAME"),
        ("network", "global/networks/main", "projects/HOST/global/networks/NAME"),
        ("network", "projects/h/regions/r/subnetworks/s", "projects/HOST/global/networks/NAME"),
        ("network", "projects/h/global/networks/$(reboot)", "projects/HOST/global/networks/NAME"),
        ("network", "projects/h;x/global/networks/main", "projects/HOST/global/networks/NAME"),
        ("network", "projects/../global/networks/..", "projects/HOST/global/networks/NAME"),
        ("network", "projects/h/global/networks/main?x=1", "projects/HOST/global/networks/NAME"),
        ("share", 0, "more than 0, up to 1"),
        ("share", 1.01, "more than 0, up to 1"),
        ("share", -0.5, "more than 0, up to 1"),
        ("share", float("nan"), "more than 0, up to 1"),
        ("share", True, "a number"),
        ("share", "0.8", "a number"),
        ("lock_timeout", -1, "0 to 3600"),
        ("lock_timeout", 3601, "0 to 3600"),
        ("lock_timeout", 60.0, "a whole number"),
        ("lease_namespace", "Kube", "kube-system"),
        ("lease_namespace", "../x", "kube-system"),
        ("journal", "mysql://db/x", "use sqlite:///FILE or postgresql://"),
        ("journal", "runs/journal.db", "use sqlite:///FILE or postgresql://"),
        ("endpoint", "http://10.0.0.1", "use https"),
        ("endpoint", "compute.googleapis.com", "https://HOST[:PORT]"),
        ("endpoint", None, "-r endpoint"),
        ("cluster", 12, "-r cluster"),
        ("cluster", " prod", "remove them"),
        ("context", "prod\n", "remove them"),
        ("kubeconfig", "a\u202eb", "remove them"),
        ("confirm", "prod\0", "remove them"),
    ],
)
def test_bad_value_is_refused(name: str, value: Any, hint: str) -> None:
    """The error names the parameter, the value, and what would do, on one line."""
    text = refusal(**{name: value})
    assert text.startswith(f"parameter {name}: {value!r} ")
    assert hint in text
    assert "\n" not in text


def test_all_bad_values_are_told_at_once() -> None:
    """Nobody has to mend them one run after the other."""
    text = refusal(mode="destroy", project="", max_delete_percent=200, endpoint="ftp://x")
    for name in ("mode", "project", "max_delete_percent", "endpoint"):
        assert f"parameter {name}: " in text


def test_values_of_other_names_do_not_matter() -> None:
    """What a runbook does not have is not judged by it."""
    check(region="eu-west-1")
