"""From a runbook's parameters to what the run talks to, and to what it may change; one SDK is imported, no more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from l2bridge_helpers.pace import SHARE
from l2bridge_helpers.parameters import PARAMETERS
from l2bridge_helpers.scope import EVERYTHING, Scope

if TYPE_CHECKING:
    from l2bridge_helpers.clouds.base import Cloud


def cloud_of(platform: str, parameters: Mapping[str, Any]) -> Cloud:
    """Return the platform's adapter. Nothing is sent.

    Raises:
        ParameterError: the parameters do not say where to look.

    """
    return _CLOUDS[platform](parameters)


def reader_of(platform: str, parameters: Mapping[str, Any]) -> Cloud:
    """Return the adapter of a run that only reads: parameters that are about changes need not be given.

    Raises:
        ParameterError: the parameters do not say where to look.

    """
    return cloud_of(platform, {**_defaults(platform), **parameters, "mode": "check"})


def default_scope(platform: str) -> Scope:
    """Return what a run of the platform's runbook may change when nothing else is asked for."""
    return scope_of(platform, _defaults(platform))


def _defaults(platform: str) -> dict[str, Any]:
    return {parameter.name: parameter.default for parameter in PARAMETERS[platform]}


def scope_of(platform: str, parameters: Mapping[str, Any]) -> Scope:
    """Return what the parameters let a run change."""
    if platform == "gce":
        return Scope(open_firewall=parameters["open_firewall"])
    if platform == "aws":
        names = ("all_nics", "routes", "open_firewall")
        return Scope(**{name: parameters[name] for name in names})
    return Scope(forwarding=False, routes=False) if platform == "bare_metal" else EVERYTHING


def _share(parameters: Mapping[str, Any]) -> float:
    return float(parameters.get("share", SHARE))


def _gce(parameters: Mapping[str, Any]) -> Cloud:
    from l2bridge_helpers.clouds.gce import Gce

    return Gce(**{name: parameters[name] for name in ("project", "network", "endpoint")}, share=_share(parameters))


def _aws(parameters: Mapping[str, Any]) -> Cloud:
    from l2bridge_helpers.clouds.aws import Aws

    return Aws(
        region=parameters["region"],
        endpoint=parameters["endpoint"],
        scope=scope_of("aws", parameters),
        ask_permissions=parameters["mode"] != "check",
        share=_share(parameters),
    )


def _azure(parameters: Mapping[str, Any]) -> Cloud:
    from l2bridge_helpers.clouds.azure import Azure

    names = ("subscription_id", "resource_group", "route_table", "cluster", "endpoint", "upgrade_instances")
    given = {name: parameters[name] for name in (*names, "effective_routes", "route_limit")}
    return Azure(**given, share=_share(parameters))


def _bare_metal(parameters: Mapping[str, Any]) -> Cloud:
    from l2bridge_helpers.clouds.bare_metal import BareMetal

    return BareMetal(node_prefix=parameters["node_prefix"])


_CLOUDS: dict[str, Callable[[Mapping[str, Any]], Cloud]] = {
    "gce": _gce,
    "aws": _aws,
    "azure": _azure,
    "bare_metal": _bare_metal,
}
