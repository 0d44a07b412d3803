"""The roles of `deploy/iam/`, made of the one list of needs: ``python -m l2bridge_helpers.roles --help``.

Words in capitals (REGION, ACCOUNT_ID, VPC_ID, SUBSCRIPTION_ID) are for the operator to fill in.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from l2bridge_helpers.errors import ParameterError
from l2bridge_helpers.flannel import CONFIG_MAPS
from l2bridge_helpers.lease_record import NAME as LEASE
from l2bridge_helpers.needs import (
    APPLY,
    CHOOSING,
    NEEDS,
    OPEN_FIREWALL,
    READ,
    ROUTES,
    SCALE_SETS,
    UNDO,
    UPGRADE,
    Need,
    permissions,
)

Json = dict[str, Any]
MODES = (READ, APPLY, CHOOSING)
_TITLES = {
    READ: "l2bridge, read only: plan, check and explain",
    APPLY: "l2bridge, apply",
    CHOOSING: "l2bridge, choosing a target in JupyterLab (beside another role)",
}
_ARN = "arn:aws:ec2:REGION:ACCOUNT_ID"
_TYPES = {
    "network-interface": ("ec2:ModifyNetworkInterfaceAttribute",),
    "route-table": ("ec2:CreateRoute", "ec2:ReplaceRoute", "ec2:DeleteRoute"),
    "security-group": ("ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"),
}
"""The type of resource that EC2 checks an action on ("Actions, resources, and condition keys for Amazon EC2", 2026)."""
_TAGGING = ("ec2:CreateTags", "ec2:DeleteTags")
_TAG_KEYS = "l2bridge*"


@dataclass(frozen=True)
class Role:
    """What somebody may be granted.

    Attributes:
        platform: `aws`, `gce`, `azure` or `kubernetes`.
        mode: `read`, `apply` (which holds `read`), or `choosing` by itself.
        options: what is asked for beside that.
        part: GCE with a Shared VPC: the project, `vms` or `network`; empty: one project is both.

    """

    platform: str
    mode: str
    options: frozenset[str] = frozenset()
    part: str = ""

    @property
    def permissions(self) -> list[str]:
        """Return what it grants, each once."""
        needs: Iterable[Need] = [one for one in NEEDS[self.platform] if not self.part or self.part in one.parts]
        if self.mode == CHOOSING:
            needs = [one for one in needs if CHOOSING in one.options]
            return permissions(needs, READ, {CHOOSING})
        return permissions(needs, self.mode, self.options)

    def document(self) -> str:
        """Return the file that the platform's command takes."""
        if self.platform == "aws":
            return _json(aws_policy(self.permissions))
        if self.platform == "azure":
            return _json(_azure_role(self))
        return _gce_role(self) if self.platform == "gce" else _kubernetes_manifest(self)


def options_of(platform: str) -> set[str]:
    """Return what can be asked for on a platform."""
    return {option for need in NEEDS[platform] for option in need.options} - {CHOOSING}


_EVERYTHING = {
    "aws": frozenset({ROUTES, OPEN_FIREWALL, UNDO}),
    "gce": frozenset({OPEN_FIREWALL}),
    "azure": frozenset({SCALE_SETS, UPGRADE, UNDO}),
}
FILES: Mapping[str, Role] = {
    f"{platform}/{name}.{'yaml' if platform == 'gce' else 'json'}": role
    for platform, every in _EVERYTHING.items()
    for name, role in (
        ("read", Role(platform, READ, every & {SCALE_SETS, ROUTES})),
        ("apply", Role(platform, APPLY)),
        ("apply-all-options", Role(platform, APPLY, every)),
        ("choosing", Role(platform, CHOOSING)),
    )
} | {f"kubernetes/{mode}.yaml": Role("kubernetes", mode) for mode in (READ, APPLY)}
"""What is in `deploy/iam/`; other combinations of options are made on demand."""


def aws_policy(actions: Iterable[str]) -> Json:
    """Return an IAM policy: each action on no more resources, and in no other VPC, than EC2 can be told."""
    wanted = list(actions)
    reads = [one for one in wanted if one.startswith("ec2:Describe") and one != "ec2:DescribeRegions"]
    statements = [
        _statement("Read", reads, "*", {"StringEquals": {"ec2:Region": "REGION"}}),
        _statement("ChooseRegion", [one for one in wanted if one == "ec2:DescribeRegions"], "*", {}),
    ]
    vpc = {"ArnEquals": {"ec2:Vpc": f"{_ARN}:vpc/VPC_ID"}}
    for kind, known in _TYPES.items():
        sid = "Change" + "".join(word.title() for word in kind.split("-"))
        statements.append(_statement(sid, [one for one in wanted if one in known], f"{_ARN}:{kind}/*", vpc))
    ours = {"ForAllValues:StringLike": {"aws:TagKeys": [_TAG_KEYS]}, "Null": {"aws:TagKeys": "false"}}
    tagging = [one for one in wanted if one in _TAGGING]
    statements.append(_statement("MarkRouteTables", tagging, f"{_ARN}:route-table/*", vpc | ours))
    return {"Version": "2012-10-17", "Statement": [one for one in statements if one["Action"]]}


def _statement(sid: str, actions: list[str], resource: str, condition: Json) -> Json:
    told = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}
    return told | ({"Condition": condition} if condition else {})


def _azure_role(role: Role) -> Json:
    return {
        "Name": _title(role),
        "IsCustom": True,
        "Description": "Lets pods of one flannel host-gw cluster reach each other; made of the runbooks' own needs.",
        "Actions": role.permissions,
        "NotActions": [],
        "AssignableScopes": ["/subscriptions/SUBSCRIPTION_ID"],
    }


def _gce_role(role: Role) -> str:
    head = (
        f"# gcloud iam roles create l2bridge_{role.mode} --project=PROJECT --file=THIS_FILE\n"
        f"title: {json.dumps(_title(role))}\n"
        "description: Lets pods of one flannel host-gw cluster reach each other.\n"
        "stage: GA\nincludedPermissions:\n"
    )
    return head + "".join(f"- {one}\n" for one in role.permissions)


def _title(role: Role) -> str:
    more = [*sorted(role.options), *([f"project of the {role.part}"] if role.part else [])]
    return _TITLES[role.mode] + (f", with {', '.join(more)}" if more else "")


def _kubernetes_manifest(role: Role) -> str:
    """Return a service account and what it may: cluster-wide to read, in one namespace to hold the lock."""
    name = f"l2bridge-{role.mode}"
    granted = [one.partition(" ")[::2] for one in role.permissions]
    config = sorted({name for _, name in CONFIG_MAPS})
    rules = [
        _rule("", "nodes", [verb for verb, kind in granted if kind == "nodes"]),
        _rule("", "configmaps", [verb for verb, kind in granted if kind == "configmaps"], config),
    ]
    lease = [verb for verb, kind in granted if kind.startswith("leases.")]
    named, unnamed = [verb for verb in lease if verb != "create"], [verb for verb in lease if verb == "create"]
    group = "coordination.k8s.io"
    parts = [
        "# The one ConfigMap by name in any namespace: flannel's may be kube-flannel or kube-system.\n"
        + _object("v1", "ServiceAccount", name, "kube-system"),
        _object("rbac.authorization.k8s.io/v1", "ClusterRole", name) + "rules:\n" + "".join(rules),
        _binding("ClusterRole", name),
    ]
    if lease:
        body = _rule(group, "leases", named, [LEASE]) + _rule(group, "leases", unnamed)
        head = "# kube-system is parameter lease_namespace; what is to be created cannot be told by its name.\n"
        parts += [
            head + _object("rbac.authorization.k8s.io/v1", "Role", name, "kube-system") + "rules:\n" + body,
            _binding("Role", name, "kube-system"),
        ]
    return "---\n".join(parts)


def _object(version: str, kind: str, name: str, namespace: str = "") -> str:
    place = f"  namespace: {namespace}\n" if namespace else ""
    return f"apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: {name}\n{place}"


def _rule(group: str, resource: str, verbs: list[str], names: Iterable[str] = ()) -> str:
    only = f"  resourceNames: {json.dumps(list(names))}\n" if names else ""
    return (
        f"- apiGroups: {json.dumps([group])}\n  resources: {json.dumps([resource])}\n{only}"
        f"  verbs: {json.dumps(verbs)}\n"
    )


def _binding(kind: str, name: str, namespace: str = "") -> str:
    return (
        _object("rbac.authorization.k8s.io/v1", f"{kind}Binding", name, namespace)
        + f"roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: {kind}\n  name: {name}\n"
        + f"subjects:\n- kind: ServiceAccount\n  name: {name}\n  namespace: kube-system\n"
    )


def _json(value: Json) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def role_of(platform: str, mode: str, options: Iterable[str], part: str = "") -> Role:
    """Return a role.

    Raises:
        ParameterError: the platform has no such option.

    """
    chosen = frozenset(options)
    if unknown := sorted(chosen - options_of(platform)):
        known = ", ".join(sorted(options_of(platform))) or "none"
        raise ParameterError(f"--with {unknown[0]}: {platform} has no such option; it has: {known}")
    return Role(platform, mode, chosen, part)


def main(arguments: list[str]) -> None:
    """Print one role, or write all files into a folder."""
    parser = ArgumentParser(prog="python -m l2bridge_helpers.roles", description="Print the role that a runbook needs.")
    parser.add_argument("platform", choices=("aws", "gce", "azure", "kubernetes"))
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("--with", dest="options", action="append", default=[], metavar="OPTION")
    parser.add_argument("--part", choices=("vms", "network"), default="", help="GCE, Shared VPC: for which project")
    given = parser.parse_args(arguments)
    try:
        print(role_of(given.platform, given.mode, given.options, given.part).document(), end="")
    except ParameterError as err:
        parser.error(str(err))


def write(folder: Path) -> None:
    """Write all files of `deploy/iam/`."""
    for name, role in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(role.document(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
