"""What a file of `deploy/iam/` grants, read as its platform reads it: not as our generator has meant it."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.iam_runs import Grant

Json = dict[str, Any]
_ARN = "arn:aws:ec2:REGION:ACCOUNT_ID:"


def granted(path: Path) -> list[str]:
    """Return the permissions of a file, as it lists them."""
    text = path.read_text(encoding="utf-8")
    if path.parent.name == "aws":
        return [action for one in json.loads(text)["Statement"] for action in one["Action"]]
    if path.parent.name == "azure":
        return list(json.loads(text)["Actions"])
    if path.parent.name == "gce":
        return list(yaml.safe_load(text)["includedPermissions"])
    return [f"{verb} {kind}" for _, rule in _rules(text) for kind in _kinds(rule) for verb in rule["verbs"]]


def grant(path: Path) -> Grant:
    """Return whether a file grants a permission on a resource; placeholders stand for the lab's own."""
    if path.parent.name == "aws":
        statements = json.loads(path.read_text(encoding="utf-8"))["Statement"]
        return lambda action, resource: any(_allows(one, action, resource) for one in statements)
    if path.parent.name == "kubernetes":
        rules = list(_rules(path.read_text(encoding="utf-8")))
        return lambda permission, place: any(_covers(namespace, rule, permission, place) for namespace, rule in rules)
    known = {one.lower() for one in granted(path)}
    return lambda permission, _: permission.lower() in known


def _allows(statement: Json, action: str, resource: str) -> bool:
    arn = "*" if resource == "*" else _ARN + resource
    return action in statement["Action"] and fnmatchcase(arn, statement["Resource"])


def _rules(text: str) -> list[tuple[str, Json]]:
    """Return the rules that are bound, each with its namespace, "" for all."""
    objects = list(yaml.safe_load_all(text))
    bound = {(one["roleRef"]["kind"], one["roleRef"]["name"]) for one in objects if "roleRef" in one}
    return [
        (one["metadata"].get("namespace", ""), rule)
        for one in objects
        if (one["kind"], one["metadata"]["name"]) in bound
        for rule in one["rules"]
    ]


def _kinds(rule: Json) -> list[str]:
    return [f"{kind}.{group}" if group else kind for kind in rule["resources"] for group in rule["apiGroups"]]


def _covers(namespace: str, rule: Json, permission: str, place: str) -> bool:
    verb, kind = permission.split(" ")
    where, _, name = place.partition("/")
    fits = not namespace or namespace == where
    return fits and verb in rule["verbs"] and kind in _kinds(rule) and name in rule.get("resourceNames", [name])
