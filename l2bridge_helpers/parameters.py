"""The runbooks' parameters: what each may be, and why a value is refused before the first call."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from l2bridge_helpers.endpoints import endpoint_problem, without_password
from l2bridge_helpers.errors import ParameterError
from l2bridge_helpers.journal_url import journal_problem

_KINDS = {str: "text", int: "a whole number", float: "a number", bool: "True or False"}
MODES = ("plan", "apply", "check")
_PROJECT = re.compile(r"(?:[a-z0-9.-]+:)?[a-z0-9][a-z0-9-]{0,61}")
_NETWORK = re.compile(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?")
_NAMESPACE = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_LONGEST_WAIT = 3600
_WIDEST_SUBNET, _NARROWEST_SUBNET = 8, 30
_REGION = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-[1-9][0-9]?")
WHOSE = ("sample", "all", "none")
_SUBSCRIPTION = re.compile(r"[0-9A-Za-z]+(?:-[0-9A-Za-z]+)*")
_GROUP = re.compile(r"[-\w.()]{0,89}[-\w()]")
_TABLE = re.compile(r"[A-Za-z0-9](?:[-\w.]{0,78}\w)?")
_TABLE_ID = re.compile(
    r"/subscriptions/[^/\s]+/resourceGroups/[^/\s]+/providers/Microsoft\.Network/routeTables/[^/\s]+", re.IGNORECASE
)
_NETWORK_PATH = re.compile(r"(?:https://[^/\s]+/compute/[^/\s]+/)?projects/([^/\s]+)/global/networks/([^/\s]+)")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a runbook.

    Attributes:
        name: as in the notebook's parameters cell.
        default: its default, whose type is the parameter's type.
        problem: returns why a value of the right type is refused, or "".

    """

    name: str
    default: str | int | float | bool
    problem: Callable[[Any], str]


def check_parameters(platform: str, values: Mapping[str, object]) -> None:
    """Refuse bad values, all of them in one error.

    Raises:
        ParameterError: names each parameter, its value, and what would do.

    """
    refused = refusals(PARAMETERS[platform], values)
    if refused:
        raise ParameterError(" | ".join(refused))


def refusals(parameters: Iterable[Parameter], values: Mapping[str, object]) -> list[str]:
    """Return a sentence for each value that is refused: the parameter, the value, and what would do."""
    problems = [(parameter, _problem(parameter, values[parameter.name])) for parameter in parameters]
    return [f"parameter {parameter.name}: {_shown(values[parameter.name])} {why}" for parameter, why in problems if why]


def _shown(value: object) -> str:
    return repr(without_password(value) if isinstance(value, str) else value)


def _problem(parameter: Parameter, value: object) -> str:
    kind = type(parameter.default)
    if type(value) is not kind and (kind, type(value)) != (float, int):
        quotes, option = ("in", "-r") if kind is str else ("without", "-p")
        how = f"write it {quotes} quotes; on a command line: l2bridge … -p {parameter.name}=…"
        return f"is {type(value).__name__}, not {_KINDS[kind]}; {how}, or papermill … {option} {parameter.name} …"
    if isinstance(value, str) and (value != value.strip() or not value.isprintable()):
        return "has spaces around it or characters that cannot be seen; remove them"
    return parameter.problem(value)


def anything(_: object) -> str:
    """Return "": only the type counts."""
    return ""


def _mode(value: str) -> str:
    return "" if value in MODES else f"is none of {', '.join(MODES)}"


def _folder(value: str) -> str:
    return "" if value else "is empty; name the folder that keeps the runs, such as 'runs'"


def _percent(value: int) -> str:
    return "" if 0 <= value <= 100 else "is no share; use 0 to 100"  # noqa: PLR2004 - percent


def _seconds(value: int) -> str:
    return "" if 0 <= value <= _LONGEST_WAIT else f"is no time to wait; use 0 to {_LONGEST_WAIT} seconds"


def _share(value: float) -> str:
    return "" if 0 < value <= 1 else "is no share of the published rate; use more than 0, up to 1"


def _namespace(value: str) -> str:
    if not value or _NAMESPACE.fullmatch(value):
        return ""
    return "is no namespace; it looks like kube-system (empty: apply without the lock)"


def _node_prefix(value: int) -> str:
    fits = value == 0 or _WIDEST_SUBNET <= value <= _NARROWEST_SUBNET
    return (
        "" if fits else f"is no prefix length of a subnet of nodes; use {_WIDEST_SUBNET} to {_NARROWEST_SUBNET}, or 0"
    )


def _region(value: str) -> str:
    return "" if not value or _REGION.fullmatch(value) else "is no region; it looks like eu-west-1"


def _project(value: str) -> str:
    if not value:
        return "is empty; give the id of the project that the nodes' instances are in (`gcloud config get project`)"
    return "" if _PROJECT.fullmatch(value) else "is no project id; it looks like my-project-123"


def _network(value: str) -> str:
    path = _NETWORK_PATH.fullmatch(value)
    if not value or _NETWORK.fullmatch(value) or (path and _PROJECT.fullmatch(path[1]) and _NETWORK.fullmatch(path[2])):
        return ""
    return "is no network; give its name, or projects/HOST/global/networks/NAME for a Shared VPC"


def _subscription(value: str) -> str:
    if not value:
        return "is empty; give the id of the subscription that the nodes are in (`az account show --query id`)"
    return "" if _SUBSCRIPTION.fullmatch(value) else "is no subscription id; it looks like 0b1f6471-1bf0-4dda-aec3-…"


def _group(value: str) -> str:
    return "" if not value or _GROUP.fullmatch(value) else "is no resource group's name"


def _table(value: str) -> str:
    named = not value or _TABLE.fullmatch(value) or _TABLE_ID.fullmatch(value)
    return "" if named else "is no route table; give its name, or its id /subscriptions/…/routeTables/NAME"


def _whose(value: str) -> str:
    return "" if value in WHOSE else f"is none of {', '.join(WHOSE)}"


def _limit(value: int) -> str:
    return "" if value >= 0 else "is no number of routes; use 0 for what Azure publishes"


COMMON = (
    Parameter("kubeconfig", "", anything),
    Parameter("context", "", anything),
    Parameter("cluster", "", anything),
    Parameter("mode", "plan", _mode),
    Parameter("confirm", "", anything),
    Parameter("plan_file", "", anything),
    Parameter("runs", "runs", _folder),
    Parameter("journal", "", journal_problem),
    Parameter("lease_namespace", "kube-system", _namespace),
    Parameter("lock_timeout", 60, _seconds),
    Parameter("max_delete_percent", 25, _percent),
    Parameter("endpoint", "", endpoint_problem),
)
SHARE = Parameter("share", 0.8, _share)
"""How much of the rate that a cloud publishes a run may use: the rest is for the others of the account."""
PARAMETERS = {
    "gce": (
        *COMMON,
        SHARE,
        Parameter("project", "", _project),
        Parameter("network", "", _network),
        Parameter("open_firewall", default=False, problem=anything),
    ),
    "aws": (
        *COMMON,
        SHARE,
        Parameter("region", "", _region),
        Parameter("all_nics", default=True, problem=anything),
        Parameter("routes", default=False, problem=anything),
        Parameter("open_firewall", default=False, problem=anything),
    ),
    "azure": (
        *COMMON,
        SHARE,
        Parameter("subscription_id", "", _subscription),
        Parameter("resource_group", "", _group),
        Parameter("route_table", "", _table),
        Parameter("upgrade_instances", default=False, problem=anything),
        Parameter("effective_routes", "sample", _whose),
        Parameter("route_limit", 0, _limit),
    ),
    "bare_metal": (*COMMON, Parameter("node_prefix", 0, _node_prefix)),
}
"""Every platform's parameters, in the order of the notebook's cell."""
