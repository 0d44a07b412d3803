"""Azure's writes: whole resources, read just before, carried back with every property, under their ETags."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from l2bridge_helpers.clouds.azure_dialect import parse_table, table_path
from l2bridge_helpers.clouds.azure_errors import LostRaceError
from l2bridge_helpers.clouds.azure_machines import Machines, needs_upgrade
from l2bridge_helpers.clouds.azure_names import local, scoped
from l2bridge_helpers.clouds.azure_read import (
    flat,
    model_interfaces,
    primary_interface,
    properties_of,
    subnet_table,
    table_of,
    tags_of,
)
from l2bridge_helpers.clouds.azure_tables import in_use, merged, new_table, standing
from l2bridge_helpers.clouds.base import Sent, later_word
from l2bridge_helpers.clouds.loose_json import mapping, text
from l2bridge_helpers.errors import CloudError

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Change
    from l2bridge_helpers.clouds.azure_api import AzureApi

Raw = dict[str, Any]
BasedOn = Mapping[str, Mapping[str, Any]]

_RACES = 5
"""How often a resource that others change at the same time is read and written again."""
_BATCH_PERCENT = 20
"""So many of the instances are upgraded at the same time: what Azure's rolling upgrades take by default (2026-11)."""
_FOLLOW_SECONDS, _FOLLOW_PAUSE = 600.0, 5.0
"""How long a scale set's instances may take to follow its model by themselves."""


class AzureWriter:
    """Makes changes of one run.

    Args:
        api: where.
        machines: what the plan was made from: an interface that has not changed since needs no further read.

    """

    def __init__(self, api: AzureApi, machines: Machines) -> None:
        """Send nothing yet."""
        self._api = api
        self._machines = machines

    def set_forwarding(self, change: Change) -> BasedOn:
        """Turn IP forwarding on or off at one ordinary interface: one write, if nobody else writes to it."""
        group, name = change.resource.split("/")
        wanted = bool(change.after["forwarding"])
        seen, tried = self._machines.interfaces.get(change.resource), list[Raw]()

        def write(raw: Raw) -> BasedOn:
            if seen is not None and _owner(raw) != _owner(seen):
                raise CloudError(f"{change.resource} is another machine's interface than it was; run again")
            if _forwards(raw) is not wanted:
                body = {**raw, "properties": {**properties_of(raw), "enableIPForwarding": wanted}}
                with self._noted(tried, raw):
                    self._api.put_interface(group, name, body)
            return Sent({change.resource: flat(raw)}, found=[] if tried else [0])

        return _again(seen, lambda: self._api.interface(group, name), write)

    @contextmanager
    def _noted(self, tried: list[Raw], raw: Raw) -> Iterator[None]:
        """Note a write, unless it surely was not made: then what the next read shows is the work of others."""
        begun = self._api.begun_here
        try:
            yield
        except LostRaceError:
            if self._api.begun_here > begun + 1:  # the answer to an earlier try may have been lost
                tried.append(raw)
            raise
        tried.append(raw)

    def write_table(self, table: str, changes: Sequence[Change]) -> BasedOn:
        """Make all changes of one table: one write."""
        _, group, name = parse_table(table)
        made = next((change for change in changes if change.kind == "table"), None)
        tried, found = list[Raw](), list[int]()

        def read() -> Raw:
            raw = self._api.route_table(group, name)
            if raw is None and made:
                return new_table(made.after["location"])
            if raw is None or (made and not made.after["marks"].items() <= tags_of(raw).items()):
                raise CloudError(
                    f"route table {group}/{name} {'is gone' if raw is None else 'is there by now'}; run again"
                )
            return raw

        def write(raw: Raw) -> BasedOn:
            body = merged(raw, changes)
            if not tried:
                found[:] = standing(raw, changes)
            if body != raw:
                with self._noted(tried, raw):
                    self._api.put_route_table(group, name, body)
            return Sent({} if made else {table: table_of(raw).properties}, found=found)

        return _again(None, read, write)

    def delete_table(self, change: Change) -> BasedOn:
        """Delete a table that a run has made, if nothing is in it and nobody has changed it since."""
        _, group, name = parse_table(change.resource)

        def write(raw: Raw) -> BasedOn:
            if raw and (kept := in_use(raw, change.before["marks"])):
                raise CloudError(f"route table {group}/{name} {kept}, so it was not deleted; run again")
            if raw:
                self._api.delete_route_table(group, name, raw)
            return {}

        return _again(None, lambda: self._api.route_table(group, name) or {}, write)

    def associate(self, change: Change) -> BasedOn:
        """Give a subnet its table, or take it off, unless others have given it another: that would be replaced."""
        group, network, name = change.resource.split("/")
        was, wanted = change.before["table"], change.after["table"]
        tried: list[Raw] = []

        def write(raw: Raw) -> BasedOn:
            there = subnet_table(raw)
            if scoped(there) not in (was, wanted):
                got = f"got the route table {local(there)}" if there else "lost its route table"
                raise CloudError(f"subnet {change.resource} has {got} meanwhile; run again")
            if scoped(there) != wanted:
                left = {key: value for key, value in properties_of(raw).items() if key != "routeTable"}
                given = {"routeTable": {"id": table_path(wanted)}} if wanted else {}
                with self._noted(tried, raw):
                    self._api.put_subnet(group, network, name, {**raw, "properties": {**left, **given}})
            return Sent({change.resource: flat(raw)}, found=[] if tried else [0])

        return _again(None, lambda: self._api.subnet(group, network, name), write)

    def change_model(self, change: Change) -> BasedOn:
        """Turn IP forwarding on or off in a scale set's model: its network profile as it was read, but for that."""
        _, group, name = parse_table(change.resource)

        def write(raw: Raw) -> BasedOn:
            model = _forwarding_model(raw, wanted=bool(change.after["forwarding"]))
            self._api.patch_scale_set(group, name, model, text(raw.get("etag")))
            return {}

        return _again(self._machines.scale_sets.get(f"{group}/{name}"), lambda: self._api.scale_set(group, name), write)

    def bring_up(self, scale_set: str, changes: Sequence[Change]) -> BasedOn:
        """Bring instances up to their scale set's model: upgrade a part at a time, or wait where they follow alone.

        Raises:
            CloudError: some have not followed in time; names them.

        """
        wanted = {change.resource: change.resource.split("/")[2] for change in changes}
        forwarding = bool(changes[0].after["forwarding"])
        _, group, name = parse_table(scale_set)
        numbers = sorted(set(wanted.values()))
        if not needs_upgrade(self._machines.scale_sets[f"{group}/{name}"], forwarding=forwarding):
            self._wait(scale_set, wanted, forwarding=forwarding)
            return {}
        size = max(1, len(numbers) * _BATCH_PERCENT // 100)
        for first in range(0, len(numbers), size):
            part = numbers[first : first + size]
            with later_word(made=first > 0):
                self._api.upgrade_machines(group, name, part)
            self._wait(scale_set, {nic: one for nic, one in wanted.items() if one in part}, forwarding=forwarding)
        return {}

    def _wait(self, scale_set: str, wanted: Mapping[str, str], *, forwarding: bool) -> None:
        """Wait until these interfaces (id -> instance) forward, or do so no more."""
        _, group, name = parse_table(scale_set)
        end = time.monotonic() + _FOLLOW_SECONDS
        while behind := self._behind(group, name, wanted, forwarding=forwarding):
            if time.monotonic() > end:
                raise CloudError(
                    f"instances {', '.join(behind)} of scale set {scale_set} do not follow its model after "
                    f"{_FOLLOW_SECONDS:.0f} s; look at the state of its upgrade, then run again"
                )
            time.sleep(_FOLLOW_PAUSE)

    def _behind(self, group: str, name: str, wanted: Mapping[str, str], *, forwarding: bool) -> list[str]:
        raws = self._api.scale_set_interfaces(group, name)
        done = {local(text(raw.get("id"))) for raw in raws if _forwards(raw) is forwarding}
        return sorted({number for nic, number in wanted.items() if nic not in done})


def _again(seen: Raw | None, read: Callable[[], Raw], write: Callable[[Raw], BasedOn]) -> BasedOn:
    """Write what was seen, or what is read now; when others were faster, read again and decide anew."""
    raw = seen if seen is not None and seen.get("etag") else read()
    for attempt in range(_RACES):
        try:
            return write(raw)
        except LostRaceError:
            if attempt == _RACES - 1:
                raise
        raw = read()
    raise AssertionError("the last lost race is raised above")


def _forwards(raw: Raw) -> bool:
    return properties_of(raw).get("enableIPForwarding") is True


def _owner(raw: Raw) -> tuple[str, str]:
    properties = properties_of(raw)
    return text(properties.get("resourceGuid")), scoped(text(mapping(properties.get("virtualMachine")).get("id")))


def _forwarding_model(raw: Raw, *, wanted: bool) -> Raw:
    """Return the part of a scale set that changes, with all of its network profile."""
    profile = mapping(properties_of(raw).get("virtualMachineProfile")).get("networkProfile")
    network: Raw = deepcopy(mapping(profile))
    model = {"properties": {"virtualMachineProfile": {"networkProfile": network}}}
    model_interfaces(model)[primary_interface(model)].setdefault("properties", {})["enableIPForwarding"] = wanted
    return model
