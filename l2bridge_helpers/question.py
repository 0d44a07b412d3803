"""What `explain.ipynb` is asked: its parameters, what each may be, and why a question is refused (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from l2bridge_helpers.errors import ParameterError
from l2bridge_helpers.nodes import node_names
from l2bridge_helpers.parameters import COMMON, PARAMETERS, Parameter, anything, refusals

if TYPE_CHECKING:
    import pandas as pd

    from l2bridge_helpers.reachability.traffic import Traffic

MOMENTS = ("first", "last")
PROTOCOLS = ("tcp", "udp", "sctp", "icmp", "icmpv6", "gre", "esp", "ah")
_HIGHEST_PROTOCOL = 255
_HIGHEST_PORT = 65535
_LISTED = 12
"""So many nodes are named when the question lacks one."""


def check_question(values: Mapping[str, Any]) -> None:
    """Refuse bad values, all of them in one error.

    Where the network is read anew, the platform's own parameters have to be right; those of other platforms, and all of
    them when a saved run is asked, are only looked at for their type.

    Raises:
        ParameterError: names each parameter, its value, and what would do.

    """
    platform = values["platform"]
    asked = PARAMETERS.get(platform, ()) if isinstance(platform, str) and not values["run"] else ()
    own = {parameter.name: parameter for parameter in asked if parameter.name in _OF_PLATFORMS}
    refused = refusals([own.get(parameter.name, parameter) for parameter in QUESTION], values)
    if platform == "" and values["run"] == "":
        refused.append(
            "parameters platform and run: both are ''; set platform (and its parameters) to read the network now, "
            "or run to the folder of a run that has read it"
        )
    if refused:
        raise ParameterError(" | ".join(refused))


def check_traffic(traffic: Traffic) -> None:
    """Refuse traffic that there is none of.

    Raises:
        ParameterError: names protocol or port, the value, and what would do.

    """
    values = {"protocol": traffic.protocol, "port": traffic.port}
    refused = refusals([parameter for parameter in QUESTION if parameter.name in values], values)
    if refused:
        raise ParameterError(" | ".join(refused))


def check_ends(nodes: pd.DataFrame, source: str, destination: str) -> None:
    """Refuse a question without its ends.

    Raises:
        ParameterError: names the parameters that lack a value, and nodes that they may be given.

    """
    given = {"source": source, "destination": destination}
    missing = [name for name, text in given.items() if not text]
    if missing:
        several = "parameters " + " and ".join(missing) if len(missing) > 1 else f"parameter {missing[0]}"
        raise ParameterError(
            f"{several}: '' is no pod; give a node's name, a pod CIDR or a pod's address; nodes are {_some(nodes)}"
        )


def _some(nodes: pd.DataFrame) -> str:
    names = node_names(nodes)
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"{', '.join(names[:_LISTED])}{more}" if names else "none: the list is empty"


def _platform(value: str) -> str:
    return "" if not value or value in PARAMETERS else f"is none of {', '.join(PARAMETERS)}"


def _moment(value: str) -> str:
    return "" if value in MOMENTS else f"is none of {', '.join(MOMENTS)}"


def _protocol(value: str) -> str:
    numbered = value.isascii() and value.isdecimal() and int(value) <= _HIGHEST_PROTOCOL
    named = value.lower() in PROTOCOLS
    return "" if named or numbered else f"is no protocol; use {', '.join(PROTOCOLS)}, or a number up to 255"


def _port(value: int) -> str:
    return "" if 0 <= value <= _HIGHEST_PORT else "is no port; use 1 to 65535, or 0 for any that no rule singles out"


def _unchecked(names: Iterable[str]) -> tuple[Parameter, ...]:
    """Return these parameters of platforms, of which only the type counts."""
    defaults = {one.name: one.default for parameters in PARAMETERS.values() for one in parameters}
    return tuple(Parameter(name, defaults[name], anything) for name in names)


_OF_PLATFORMS = ("project", "network", "region", "subscription_id", "resource_group", "route_table", "node_prefix")
"""The parameters that say where to look, of all platforms."""
QUESTION = (
    *(one for one in COMMON if one.name in ("kubeconfig", "context", "cluster", "runs", "endpoint")),
    Parameter("platform", "", _platform),
    *_unchecked(_OF_PLATFORMS),
    Parameter("run", "", anything),
    Parameter("moment", "last", _moment),
    Parameter("source", "", anything),
    Parameter("destination", "", anything),
    Parameter("protocol", "tcp", _protocol),
    Parameter("port", 443, _port),
)
"""The parameters of `explain.ipynb`, in the order of its cell."""
