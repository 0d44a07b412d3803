"""Which machines and interfaces the nodes are, read in few requests: lists, never one request for each node.

Ordinary machines, those of availability sets and of flexible scale sets have ordinary interfaces, which name their
machine. A uniform scale set's are its own resources: they are listed with it, and follow its model.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from l2bridge_helpers.clouds.azure_dialect import AzureDialect
from l2bridge_helpers.clouds.azure_names import has_names, is_set_machine, local, parts_of, scoped
from l2bridge_helpers.clouds.azure_read import MANUAL, instance_of, is_uniform, properties_of, template_of, upgrade_mode
from l2bridge_helpers.clouds.loose_json import mapping, text
from l2bridge_helpers.clouds.reading import optional
from l2bridge_helpers.errors import AccessDeniedError
from l2bridge_helpers.fabric import Instance, Nic
from l2bridge_helpers.observed import Template, Unread

if TYPE_CHECKING:
    from l2bridge_helpers.clouds.azure_api import AzureApi
    from l2bridge_helpers.nodes import NodeRow

Raw = dict[str, Any]


@dataclass
class Machines:
    """What was read of the nodes' groups.

    Attributes:
        instances: every machine there that has an interface.
        interfaces: the interfaces as ARM returned them, by local id.
        templates: the models of the scale sets.
        scale_sets: the scale sets as ARM returned them, by `GROUP/NAME`.

    """

    instances: list[Instance] = field(default_factory=list)
    interfaces: dict[str, Raw] = field(default_factory=dict)
    templates: list[Template] = field(default_factory=list)
    scale_sets: dict[str, Raw] = field(default_factory=dict)


class MachineReader:
    """Reads the machines of one run."""

    def __init__(self, api: AzureApi, unread: list[Unread], *, group: str, upgrade_instances: bool) -> None:
        """Read through `api`; what cannot be read and can be done without goes to `unread`."""
        self._group = group
        self._api = api
        self._unread = unread
        self._upgrade = upgrade_instances
        self._dialect = AzureDialect()
        self._found = Machines()

    def read(self, rows: tuple[NodeRow, ...]) -> Machines:
        """Return the machines of the groups that provider IDs name; of all groups when some node names none."""
        ids = {row.nodeName: self._dialect.instance_id(row.providerID) for row in rows}
        self._say_elsewhere(ids)
        own = {identifier for identifier in ids.values() if self._is_here(identifier)}
        groups = sorted({identifier.split("/")[1] for identifier in own}) if all(ids.values()) else [""]
        for group in groups:
            self._read_interfaces(group, alone=len(groups) == 1)
        if all(ids.values()) and self._missing(own):
            self._read_interfaces("", alone=False)
        self._found.instances = [instance_of(machine, nics) for machine, nics in self._by_machine().items()]
        for group in groups:
            self._read_scale_sets(group, own, everything=not all(ids.values()))
        return self._found

    def _is_here(self, identifier: str) -> bool:
        return identifier.partition("/")[0] == self._api.subscription.lower()

    def _say_elsewhere(self, ids: Mapping[str, str]) -> None:
        """Note the nodes whose provider IDs name another subscription: nothing is looked for there."""
        for node, identifier in ids.items():
            if identifier and not self._is_here(identifier):
                what, why = f"subscription {identifier.partition('/')[0]}", f"it is not asked, but node {node} is in it"
                todo = "set parameter subscription_id to the one that all nodes are in"
                self._unread.append(Unread(what, why, "the node is left out", todo))

    def _missing(self, own: set[str]) -> bool:
        """Return whether some ordinary machine has no interface in the groups that were read: it may be in another."""
        found = {scoped(machine) for machine in self._by_machine()}
        return any(not is_set_machine(identifier) and identifier not in found for identifier in own)

    def _by_machine(self) -> dict[str, list[Raw]]:
        """Return the ordinary interfaces of each machine, by its ARM id in lower case."""
        by_machine: dict[str, list[Raw]] = defaultdict(list)
        for raw in self._found.interfaces.values():
            by_machine[text(mapping(properties_of(raw).get("virtualMachine")).get("id")).lower()].append(raw)
        return by_machine

    def _read_interfaces(self, group: str, *, alone: bool) -> None:
        """Read the ordinary interfaces of a group, or of the whole subscription.

        A group that only a node names may be unreadable, or none; where the subscription must not be read, the group
        that the operator has named is.
        """
        read = partial(self._api.interfaces, group)
        what = f"network interfaces of {f'group {group}' if group else 'the whole subscription'}"
        try:
            raws: list[Raw] = read() if alone else optional(self._unread, what, read, [])
        except AccessDeniedError as err:
            if group or not self._group:
                raise
            self._unread.append(Unread(what, str(err), f"nodes are looked for in group {self._group} alone"))
            raws = self._api.interfaces(self._group)
        for raw in raws:
            if scoped(text(mapping(properties_of(raw).get("virtualMachine")).get("id"))):
                self._keep_interface(raw, 1)

    def _keep_interface(self, raw: Raw, names: int) -> bool:
        """Keep an interface whose id has so many names; say so of one that cannot be told from others."""
        whole = has_names(text(raw.get("id")), names)
        if whole:
            self._found.interfaces[local(text(raw.get("id")))] = raw
        else:
            self._say_odd("network interface", raw)
        return whole

    def _say_odd(self, kind: str, raw: Raw) -> None:
        """Note a resource whose id is none: it cannot be told from others, nor be asked for or changed."""
        named = text(raw.get("name")) or "without a name"
        why = f"{kind} {named} has the id {raw.get('id')!r:.200}, which is none"
        self._unread.append(Unread(f"{kind}s", why, "it is left out", "look at it in the portal, then run again"))

    def _read_scale_sets(self, group: str, ids: set[str], *, everything: bool) -> None:
        what = f"scale sets of group {group}" if group else "scale sets"
        read: list[Raw] = optional(self._unread, what, partial(self._api.scale_sets, group), [])
        for raw in read:
            identifier = scoped(text(raw.get("id")))
            if not has_names(text(raw.get("id")), 1):
                self._say_odd("scale set", raw)
                continue
            own = {name for name in ids if name.startswith(f"{identifier}/")}
            if is_uniform(raw) and (own or everything):
                self._read_uniform(raw)
            elif not is_uniform(raw):
                self._read_flexible(raw)

    def _read_uniform(self, raw: Raw) -> None:
        _, group, name = parts_of(text(raw.get("id")))
        read = partial(self._api.scale_set_interfaces, group, name)
        interfaces: list[Raw] = optional(self._unread, f"network interfaces of scale set {name}", read, [])
        machines: list[Raw] = optional(
            self._unread, f"instances of scale set {name}", lambda: self._api.scale_set_machines(group, name), []
        )
        names = {scoped(text(one.get("id"))): _computer_name(one) for one in machines}
        by_machine: dict[str, list[Raw]] = defaultdict(list)
        for nic in interfaces:
            if self._keep_interface(nic, 3):
                by_machine[_machine_of(nic)].append(nic)
        self._keep(raw)
        self._found.instances += [self._member(raw, machine, nics, names) for machine, nics in by_machine.items()]

    def _member(self, scale_set: Raw, machine: str, nics: list[Raw], names: dict[str, str]) -> Instance:
        group = scoped(text(scale_set.get("id")))
        made = instance_of(machine, nics, name=names.get(scoped(machine), ""), group=group)
        own = (replace(nic, template=group) for nic in made.nics)
        return replace(made, nics=tuple(self._following(nic, made, scale_set) for nic in own))

    def _following(self, nic: Nic, machine: Instance, scale_set: Raw) -> Nic:
        """Return the interface, fixed where its machine has to be upgraded and the operator does not allow it."""
        if nic.forwarding or self._upgrade or not needs_upgrade(scale_set):
            return nic
        number, name, mode = machine.id.rpartition("/")[2], text(scale_set.get("name")), upgrade_mode(scale_set)
        manual = "follows its model only when it is upgraded" if mode == MANUAL else "has not followed its model yet"
        why = f"instance {number} of scale set {name} {manual} (upgrade policy {mode})"
        wait = "" if mode == MANUAL else "if an upgrade is under way, wait for it and run again; else "
        remedy = (
            f"{wait}set parameter upgrade_instances=True, or upgrade it by hand: "
            f"{self._dialect.enable_command(machine, nic)}; either also brings what else has changed in the model "
            "since, and can restart the machine"
        )
        return replace(nic, fixed=why, remedy=remedy)

    def _read_flexible(self, raw: Raw) -> None:
        """Note which ordinary machines are the scale set's."""
        arm_id = text(raw.get("id"))
        _, group, name = parts_of(arm_id)
        read = partial(self._api.machines_of, arm_id, group)
        members: list[Raw] = optional(self._unread, f"machines of scale set {name}", read, [])
        own = {scoped(text(machine.get("id"))) for machine in members}
        self._keep(raw)
        self._found.instances = [
            replace(one, group=scoped(arm_id)) if one.id in own else one for one in self._found.instances
        ]

    def _keep(self, raw: Raw) -> None:
        self._found.templates.append(template_of(raw))
        self._found.scale_sets[local(text(raw.get("id")))] = raw


def needs_upgrade(scale_set: Raw, *, forwarding: bool = True) -> bool:
    """Return whether instances come by a model with forwarding, or without it, only when they are upgraded.

    That is so under the policy `Manual`, and wherever the model is right already and an instance still is not.
    """
    return upgrade_mode(scale_set) == MANUAL or template_of(scale_set).forwarding is forwarding


def _machine_of(nic: Raw) -> str:
    """Return the ARM id of the instance that a scale set's interface belongs to."""
    return text(nic.get("id")).lower().partition("/networkinterfaces/")[0]


def _computer_name(machine: Raw) -> str:
    return text(mapping(properties_of(machine).get("osProfile")).get("computerName"))
