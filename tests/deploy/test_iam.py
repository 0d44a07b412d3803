"""The roles of `deploy/iam/`: each grants what runs need, on no more than they need it, and nothing else."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from l2bridge_helpers.errors import L2BridgeError
from l2bridge_helpers.roles import FILES, main
from tests.deploy.iam_cases import CASES
from tests.deploy.iam_grants import grant, granted
from tests.deploy.iam_runs import Case, needed, used

IAM = Path(__file__).parents[2] / "deploy" / "iam"


def unproven(path: Path, cases: tuple[Case, ...]) -> list[str]:
    """Return what is wrong with a role: what runs needed and it does not grant, and what it grants and none needed."""
    server = path.parent.name
    asked = used(cases)[server]
    grants, names = grant(path), {permission.lower() for permission, _ in asked}
    missing = sorted({f"missing {permission}" for permission, place in asked if not grants(permission, place)})
    listed = granted(path)
    twice = [f"twice {one}" for one in sorted(set(listed)) if listed.count(one) > 1]
    return [*missing, *twice, *(f"unused {one}" for one in listed if one.lower() not in names)]


@pytest.mark.parametrize("name", FILES)
def test_a_role_is_what_runs_need_no_more_and_no_less(name: str) -> None:
    """Every permission that a run of its modes and options needs is granted, and each one is needed by some run."""
    assert unproven(IAM / name, CASES[name]) == []


@pytest.mark.parametrize("name", FILES)
def test_runs_do_their_work_with_nothing_but_the_role(name: str) -> None:
    """The lab refuses all else, by permission and by resource, and no run asks for what it is refused."""
    server = name.partition("/")[0]
    grants = grant(IAM / name)
    for case in CASES[name]:
        asked = needed(case, {server: grants})[server]
        assert asked
        assert [one for one in sorted(asked) if not grants(*one)] == []


def _mutants(name: str, folder: Path) -> Iterable[tuple[str, Path]]:
    """Yield copies of a role: one without each permission, one with another; and what is to be told of each."""
    text = (IAM / name).read_text(encoding="utf-8")
    for number, permission in enumerate(granted(IAM / name)):
        verb, _, kind = permission.partition(" ")
        if kind:
            continue  # Kubernetes: see below
        line = next(line for line in text.splitlines() if line.strip(' -",') == permission)
        for kind, changed in (
            ("missing", text.replace(f"{line}\n", "", 1).replace(",\n      ]", "\n      ]").replace(",\n  ]", "\n  ]")),
            ("unused", text.replace(line, line.replace(permission, f"{verb}X") + _comma(line) + f"\n{line}", 1)),
        ):
            path = folder / f"{number}-{kind}" / name
            path.parent.mkdir(parents=True)
            path.write_text(_valid(changed), encoding="utf-8")
            yield f"{kind} {permission}" + ("X" if kind == "unused" else ""), path


def _comma(line: str) -> str:
    return "" if line.endswith(",") or line.startswith("-") else ","


def _valid(text: str) -> str:
    """Return JSON without the comma that a removed line leaves, and statements without actions."""
    return re.sub(r",(\s*[\]}])", r"\1", text)


@pytest.mark.parametrize("name", [one for one in FILES if not one.startswith("kubernetes")])
def test_a_permission_less_and_a_permission_more_are_found(name: str, tmp_path: Path) -> None:
    """Each permission of a copy is dropped, and another one is added: the test above names the very one."""
    told = [(expected, unproven(path, CASES[name])) for expected, path in _mutants(name, tmp_path)]
    assert len(told) == 2 * len(granted(IAM / name))
    assert [(expected, found) for expected, found in told if [one.lower() for one in found] != [expected.lower()]] == []


@pytest.mark.parametrize(
    ("old", "new", "problems"),
    [
        ('verbs: ["list"]', 'verbs: ["list", "get"]', ["unused get nodes"]),
        ('verbs: ["get", "update"]', 'verbs: ["get"]', ["missing update leases.coordination.k8s.io"]),
        (
            'resourceNames: ["l2bridge"]',
            'resourceNames: ["other"]',
            ["missing get leases.coordination.k8s.io", "missing update leases.coordination.k8s.io"],
        ),
        ('resourceNames: ["kube-flannel-cfg"]', 'resourceNames: ["other"]', ["missing get configmaps"]),
        (
            "  namespace: kube-system\nrules",
            "  namespace: default\nrules",
            [f"missing {verb} leases.coordination.k8s.io" for verb in ("create", "get", "update")],
        ),
    ],
)
def test_a_rule_of_kubernetes_that_is_changed_is_found(old: str, new: str, problems: list[str], tmp_path: Path) -> None:
    """Verbs, names and namespaces count."""
    name = "kubernetes/apply.yaml"
    text = (IAM / name).read_text(encoding="utf-8")
    assert text.count(old) == 1
    copy = tmp_path / name
    copy.parent.mkdir()
    copy.write_text(text.replace(old, new), encoding="utf-8")
    assert unproven(copy, CASES[name]) == problems


def test_a_run_without_a_permission_ends_and_names_it(tmp_path: Path) -> None:
    """The lab refuses by the file itself: a copy without one permission stops the run that needs it."""
    copy = tmp_path / "aws" / "apply.json"
    copy.parent.mkdir()
    shutil.copy(IAM / "aws/apply.json", copy)
    policy = json.loads(copy.read_text(encoding="utf-8"))
    policy["Statement"] = [
        one for one in policy["Statement"] if "ec2:ModifyNetworkInterfaceAttribute" not in one["Action"]
    ]
    copy.write_text(json.dumps(policy), encoding="utf-8")
    with pytest.raises(L2BridgeError, match="ModifyNetworkInterfaceAttribute"):
        needed(Case("aws-small", ("apply",)), {"aws": grant(copy)})


@pytest.mark.parametrize("name", FILES)
def test_files_are_made_of_the_source(name: str) -> None:
    """Nobody edits them by hand, and none is left over."""
    assert (IAM / name).read_text(encoding="utf-8") == FILES[name].document()
    assert {str(path.relative_to(IAM)) for path in IAM.glob("*/*.*")} == set(FILES)


def test_an_unknown_option_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    """What there is instead is told."""
    with pytest.raises(SystemExit):
        main(["aws", "apply", "--with", "route"])
    assert "--with route: aws has no such option; it has: open_firewall, routes, undo" in capsys.readouterr().err
