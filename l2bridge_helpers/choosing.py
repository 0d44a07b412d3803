"""What a person may choose where parameters are empty: what is offered, when, and what becomes of it.

Without a person nothing is listed, nothing is sent, and the parameters stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from l2bridge_helpers.choices import Choices, Offer, Option
from l2bridge_helpers.errors import L2BridgeError, ParameterError
from l2bridge_helpers.interactive import person
from l2bridge_helpers.parameters import PARAMETERS, Parameter, refusals
from l2bridge_helpers.undo_choice import UNDO

_UNDO = "undo"
_CHOICES = Choices()
"""Of this process: gone when the kernel is restarted."""
_WHERE = ("kubeconfig", "context", "endpoint")
"""A choice in a cloud was made for this cluster, and there."""


@dataclass(frozen=True)
class Choosable:
    """A parameter that a person may choose.

    Attributes:
        name: of the parameter.
        on: those that a choice belongs to: when one of them changes, it is forgotten.
        needs: those of them without which nothing can be listed.
        find: from the parameters so far to what is offered; None: nothing.

    """

    name: str
    on: tuple[str, ...]
    find: Callable[[Mapping[str, Any]], Offer | None]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Offered:
    """A parameter that is offered, and what is chosen.

    Attributes:
        parameter: which one.
        offer: what it may be.
        value: what is chosen; "": nothing.
        on: the parameters that the offer is made for.
        keep: remembers another choice.

    """

    parameter: Parameter
    offer: Offer
    value: str
    on: tuple[str, ...]
    keep: Callable[[str], None]

    @property
    def is_missing(self) -> bool:
        """Whether there is no way on without a choice."""
        return not (self.value or self.offer.empty)


def choose(runbook: str, typed: Mapping[str, Any], *, platform: str = "") -> dict[str, Any]:
    """Return the parameters, the empty ones as a person has chosen them; show that person what there is to choose from.

    Args:
        runbook: whose parameters they are.
        typed: as they stand in the notebook; one that is given always wins.
        platform: the cloud; empty: the runbook's.

    Raises:
        ParameterError: one that has to be given is not, and is not chosen yet.

    """
    if not person():
        return dict(typed)
    _CHOICES.use(runbook, {})
    known = _known(runbook, platform or runbook)
    choosables = [one for one in _choosables(runbook, platform or runbook) if typed.get(one.name) == ""]
    open_names = {one.name for one in choosables}
    given = [parameter for name, parameter in known.items() if name in typed and name not in open_names]
    if not choosables or refusals(given, typed):
        return dict(typed)
    chosen, offered = _offered(runbook, typed, choosables, known)
    if offered:
        from l2bridge_helpers.widgets.choose import Chooser

        Chooser(offered).show()
    _CHOICES.use(runbook, {one.parameter.name: one.value for one in offered})
    missing = [one.parameter.name for one in offered if one.is_missing]
    if missing:
        raise ParameterError(
            f"parameter {missing[0]}: '' is given; choose it above, or set it, and run this cell again"
        )
    return chosen


def chosen_since(runbook: str) -> list[str]:
    """Return what a person has chosen otherwise since the runbook's last run was started, in words; mostly nothing."""
    return _CHOICES.changed(runbook)


def _known(runbook: str, platform: object) -> dict[str, Parameter]:
    """Return the parameters by their names."""
    parameters = UNDO if runbook == _UNDO else PARAMETERS.get(platform, ()) if isinstance(platform, str) else ()
    return {parameter.name: parameter for parameter in parameters}


def _choosables(runbook: str, platform: object) -> tuple[Choosable, ...]:
    if runbook == _UNDO:
        return (_CONTEXT, _RUN)
    return (_CONTEXT, *_CLOUDS[platform]) if isinstance(platform, str) and platform in _CLOUDS else ()


def _offered(
    runbook: str, typed: Mapping[str, Any], choosables: Iterable[Choosable], known: Mapping[str, Parameter]
) -> tuple[dict[str, Any], list[Offered]]:
    """Return the parameters with what was chosen, and what is offered: each for what stands before it."""
    chosen, offered = dict(typed), list[Offered]()
    for one in choosables:
        offer = one.find(chosen) if all(chosen[name] for name in one.needs) else None
        if offer is None:
            continue
        around = tuple(chosen.get(name) for name in one.on)
        value = _CHOICES.recall(runbook, one.name, around)
        offer = _possible(known[one.name], offer)
        if not (value or offer.options or offer.trouble) and offer.empty:
            continue  # nothing is there, and nothing is needed
        chosen[one.name] = value
        offered.append(
            Offered(
                parameter=known[one.name],
                offer=offer,
                value=value,
                on=one.on,
                keep=lambda value, name=one.name, around=around: _CHOICES.keep(runbook, name, around, value),  # type: ignore[misc]
            )
        )
    return chosen, offered


def _possible(parameter: Parameter, offer: Offer) -> Offer:
    """Leave out what the parameter cannot be."""
    options = [option for option in offer.options if not refusals([parameter], {parameter.name: option.value})]
    return Offer(tuple(options), offer.empty, offer.trouble)


def _listed(find: Callable[[], Iterable[Option]], empty: str = "") -> Offer:
    """Return what is found, or why it is not."""
    try:
        return Offer(tuple(find()), empty)
    except L2BridgeError as err:
        return Offer((), empty, str(err))


def _contexts(given: Mapping[str, Any]) -> Offer | None:
    """Offer the kubeconfig's contexts, where there is another one than the current one."""
    from l2bridge_helpers.kubeconfig import contexts_of

    try:
        contexts, current = contexts_of(given["kubeconfig"])
    except L2BridgeError:
        return None  # what is wrong with it is told as soon as it is used
    if not contexts.keys() - {current}:
        return None
    options = tuple(
        Option(name, f"{name} (cluster {contexts[name] or 'unnamed'})") for name in sorted(contexts, key=str)
    )
    return Offer(options, f"the current one, {current}" if current in contexts else "")


def _regions(given: Mapping[str, Any]) -> Offer:
    from l2bridge_helpers.clouds.aws_offers import default_region, regions

    try:
        default = default_region()
    except L2BridgeError as err:
        return Offer((), "", str(err))
    empty = f"that of the AWS configuration, {default}" if default else ""
    return _listed(lambda: regions(given["endpoint"], default), empty)


def _projects(given: Mapping[str, Any]) -> Offer:
    from l2bridge_helpers.clouds.gce_offers import GceOffers

    return _listed(GceOffers(given["endpoint"]).projects)


def _networks(given: Mapping[str, Any]) -> Offer:
    from l2bridge_helpers.clouds.gce_offers import GceOffers

    offers, project = GceOffers(given["endpoint"]), given["project"]
    own = _listed(lambda: offers.networks(project), "the one that the nodes are in")
    shared = _listed(lambda: offers.shared_networks(project))
    return Offer((*own.options, *shared.options), own.empty, own.trouble or shared.trouble)


def _subscriptions(given: Mapping[str, Any]) -> Offer:
    from l2bridge_helpers.clouds.azure_offers import AzureOffers

    return _listed(AzureOffers(given["endpoint"]).subscriptions)


def _groups(given: Mapping[str, Any]) -> Offer:
    from l2bridge_helpers.clouds.azure_offers import AzureOffers

    offers = AzureOffers(given["endpoint"])
    return _listed(lambda: offers.groups(given["subscription_id"]), "the virtual network's")


def _tables(given: Mapping[str, Any]) -> Offer:
    from l2bridge_helpers.clouds.azure_offers import AzureOffers

    offers = AzureOffers(given["endpoint"])
    return _listed(
        lambda: offers.tables(given["subscription_id"], given["resource_group"]), "one that leads pods alone, or ours"
    )


def _runs(given: Mapping[str, Any]) -> Offer | None:
    from l2bridge_helpers.undo_offers import runs_offered

    try:
        return runs_offered(given)
    except L2BridgeError:
        return None  # the same journal is opened again at once, and then it is told


_CONTEXT = Choosable("context", ("kubeconfig",), _contexts)
_RUN = Choosable("run", ("kubeconfig", "context", "cluster", "journal", "runs"), _runs)
_CLOUDS: dict[str, tuple[Choosable, ...]] = {
    "gce": (
        Choosable("project", _WHERE, _projects),
        Choosable("network", (*_WHERE, "project"), _networks, needs=("project",)),
    ),
    "aws": (Choosable("region", _WHERE, _regions),),
    "azure": (
        Choosable("subscription_id", _WHERE, _subscriptions),
        Choosable("resource_group", (*_WHERE, "subscription_id"), _groups, needs=("subscription_id",)),
        Choosable("route_table", (*_WHERE, "subscription_id", "resource_group"), _tables, needs=("subscription_id",)),
    ),
    "bare_metal": (),
}
"""By platform, each behind those that it depends on."""
