"""All changes of one table as one resource."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2bridge_helpers.changes import Change
from l2bridge_helpers.clouds.azure_names import TAG, route_label, tag_of
from l2bridge_helpers.clouds.azure_tables import merged, new_table
from l2bridge_helpers.errors import CloudError
from l2bridge_helpers.fabric import Route
from tests.azure_values import HOME, Raw, address, own_route, pod_cidr, raw_route, raw_table

TABLE = f"{HOME}/pods"
MARK = tag_of("blue")
BY_HAND = raw_route("By-Hand", "10.9.0.0/16", kind="Internet", hasBgpOverride=False)
"""Someone else's route, with a property that no code of ours knows."""


def facts(number: int, hop: str = "") -> dict[str, Any]:
    label = f"cluster-rg/pods/{route_label('blue', pod_cidr(number))}"
    return Route(label, pod_cidr(number), hop or address(number), TABLE, cluster="blue").facts()


def row(action: str, before: dict[str, Any], after: dict[str, Any], kind: str = "route") -> Change:
    resource = TABLE if kind != "route" else str((after or before)["name"])
    return Change(action, kind, resource, "", before, after, "")  # type: ignore[arg-type]


def create(number: int, hop: str = "") -> Change:
    return row("create", {}, facts(number, hop))


def update(number: int, old: str, new: str = "") -> Change:
    return row("update", facts(number, old), facts(number, new))


def delete(number: int, hop: str = "") -> Change:
    return row("delete", facts(number, hop), {})


def claim(before: dict[str, str], after: dict[str, str], kind: str = "claim") -> Change:
    return row("update", before, after, kind)


def names(body: Raw) -> list[str]:
    return [route["name"] for route in body["properties"]["routes"]]


def hops(body: Raw) -> dict[str, str]:
    shown = (route["properties"] for route in body["properties"]["routes"])
    return {route["addressPrefix"]: route.get("nextHopIpAddress", route["nextHopType"]) for route in shown}


# What is made.


def test_a_route_is_added_behind_those_that_are_there() -> None:
    """As a virtual appliance, under our name."""
    body = merged(raw_table("pods", BY_HAND, own_route(1)), [create(2)])
    assert names(body) == ["By-Hand", "l2b-blue-10.42.1.0_24", "l2b-blue-10.42.2.0_24"]
    assert body["properties"]["routes"][2]["properties"] == {
        "addressPrefix": "10.42.2.0/24",
        "nextHopType": "VirtualAppliance",
        "nextHopIpAddress": address(2),
    }


def test_a_route_is_led_elsewhere_in_its_place() -> None:
    """What else the route carries stays."""
    stale = own_route(1, "10.10.0.99")
    stale["properties"]["hasBgpOverride"] = True
    body = merged(raw_table("pods", stale, BY_HAND), [update(1, "10.10.0.99")])
    assert names(body) == ["l2b-blue-10.42.1.0_24", "By-Hand"]
    assert body["properties"]["routes"][0] == {
        **stale,
        "properties": {**stale["properties"], "nextHopIpAddress": address(1)},
    }


def test_a_route_that_led_to_a_kind_of_hop_leads_to_an_address_then() -> None:
    """Someone may have set ours to `None`, and the plan has seen it."""
    switched_off = raw_route(route_label("blue", pod_cidr(1)), pod_cidr(1), kind="None")
    body = merged(raw_table("pods", switched_off), [update(1, "None")])
    assert hops(body) == {pod_cidr(1): address(1)}
    assert body["properties"]["routes"][0]["properties"]["nextHopType"] == "VirtualAppliance"


def test_a_route_is_deleted() -> None:
    """Just that one."""
    body = merged(raw_table("pods", own_route(1), BY_HAND, own_route(2)), [delete(1)])
    assert names(body) == ["By-Hand", "l2b-blue-10.42.2.0_24"]


def test_all_changes_are_made_together() -> None:
    """One body for them all."""
    raw = raw_table("pods", own_route(1, "10.10.0.99"), own_route(2), BY_HAND)
    body = merged(raw, [update(1, "10.10.0.99"), create(3), delete(2)])
    assert hops(body) == {pod_cidr(1): address(1), "10.9.0.0/16": "Internet", pod_cidr(3): address(3)}


def test_names_are_compared_in_any_letter_case() -> None:
    """Azure ignores it, and keeps it."""
    shouted = {**own_route(1), "name": own_route(1)["name"].upper()}
    assert names(merged(raw_table("pods", shouted), [delete(1)])) == []
    assert names(merged(raw_table("pods", shouted), [create(1)])) == [shouted["name"]]
    assert hops(merged(raw_table("pods", shouted), [update(1, address(1), "10.10.0.9")])) == {pod_cidr(1): "10.10.0.9"}


@pytest.mark.parametrize("written", ["10.42.1.7/24", " 10.42.1.0/24"])
def test_prefixes_are_compared_as_ranges(written: str) -> None:
    """However they are written."""
    odd = raw_route(route_label("blue", pod_cidr(1)), written, address(1))
    assert names(merged(raw_table("pods", odd), [delete(1)])) == []


# Tags.


@pytest.mark.parametrize(
    ("tags", "changes", "left"),
    [
        ({}, [claim({}, MARK)], MARK),
        ({"owner": "ops"}, [claim({}, MARK)], {"owner": "ops"} | MARK),
        ({"owner": "ops"} | MARK, [claim(MARK, {}, "mark")], {"owner": "ops"}),
        ({"owner": "ops"}, [row("create", {}, {"location": "x", "marks": MARK}, "table")], {"owner": "ops"} | MARK),
        ({}, [claim({}, MARK), claim(MARK, {}, "mark")], {}),
        (tag_of("green") | MARK, [claim(MARK, {}, "mark")], tag_of("green")),
        ({"L2Bridge:Blue": "blue", "Owner": "ops"}, [claim(MARK, {}, "mark")], {"Owner": "ops"}),
        ({"owner": 7}, [claim({}, MARK)], {"owner": 7} | MARK),
        ({"L2Bridge:Blue": "blue"}, [claim({}, MARK)], MARK),
    ],
)
def test_our_tag_comes_and_goes_and_others_stay(
    tags: dict[str, Any], changes: list[Change], left: dict[str, Any]
) -> None:
    """In the letter case that they have; ours is found in any, as Azure does."""
    assert merged(raw_table("pods", tags=tags), changes)["tags"] == left


def test_a_table_that_had_no_tags_gets_ours() -> None:
    """ARM leaves an empty property out."""
    raw = {key: value for key, value in raw_table("pods").items() if key != "tags"}
    assert merged(raw, [claim({}, MARK)])["tags"] == MARK
    assert "tags" not in merged(raw, [create(1)])


def test_a_new_table_is_made_with_everything() -> None:
    """Region, routes and tag in one write; it takes part in nobody's BGP any less than Azure's own default."""
    made = row("create", {}, {"location": "westeurope", "marks": MARK}, "table")
    body = merged(new_table("westeurope"), [made, create(1)])
    assert (body["location"], body["tags"], hops(body)) == ("westeurope", MARK, {pod_cidr(1): address(1)})
    assert body["properties"]["disableBgpRoutePropagation"] is False


# What others have done meanwhile.


LABEL = route_label("blue", pod_cidr(1))
NINE, SHUT = "10.9.0.0/16", raw_route(LABEL, pod_cidr(1), kind="None")
MINE = raw_route("Mine", pod_cidr(1), address(1))
STALE = "10.10.0.99"
OTHERS_DID = {
    "create: name taken": (own_route(1, STALE), create(1), f"{LABEL} leads 10.42.1.0/24 to 10.10.0.99"),
    "create: prefix taken": (MINE, create(1), "Mine leads 10.42.1.0/24 to 10.10.0.4"),
    "create: other writing": (raw_route("M", "10.42.1.3/24", kind="None"), create(1), "M leads 10.42.1.0/24 to None"),
    "create: our name": (raw_route(LABEL, NINE, address(1)), create(1), f"{LABEL} leads 10.9.0.0/16 to 10.10.0.4"),
    "update: gone": (BY_HAND, update(1, STALE), f"{LABEL} is gone"),
    "update: elsewhere": (own_route(1, "10.9.9.9"), update(1, STALE), f"{LABEL} leads 10.42.1.0/24 to 10.9.9.9"),
    "update: other prefix": (raw_route(LABEL, NINE, STALE), update(1, STALE), f"{LABEL} leads 10.9.0.0/16 to"),
    "delete: elsewhere": (own_route(1, "10.9.9.9"), delete(1), f"{LABEL} leads 10.42.1.0/24 to 10.9.9.9"),
    "delete: other prefix": (raw_route(LABEL, NINE, address(1)), delete(1), f"{LABEL} leads 10.9.0.0/16 to"),
    "delete: other kind": (SHUT, delete(1), f"{LABEL} leads 10.42.1.0/24 to None"),
}


@pytest.mark.parametrize(("route", "change", "told"), OTHERS_DID.values(), ids=OTHERS_DID)
def test_what_others_did_to_a_route_of_the_plan_refuses_everything(route: Raw, change: Change, told: str) -> None:
    """It is named, nothing is written, and what was read is as it was."""
    raw = raw_table("pods", route)
    before = deepcopy(raw)
    with pytest.raises(CloudError, match="nothing was written to the table") as caught:
        merged(raw, [create(5), claim({}, MARK), change])
    assert f": route {told}" in str(caught.value)
    assert "l2b-blue-10.42.5.0_24" not in str(caught.value)
    assert str(caught.value).endswith("run again")
    assert raw == before


def test_every_such_route_is_named() -> None:
    """All of them at once."""
    raw = raw_table("pods", own_route(1, "10.10.0.77"), own_route(2, "10.10.0.78"))
    with pytest.raises(CloudError, match=r"10\.42\.1\.0_24 leads .* 10\.10\.0\.77 now, route .*10\.42\.2\.0_24 leads"):
        merged(raw, [create(1), delete(2), create(3)])


@pytest.mark.parametrize(
    ("routes", "change"),
    [
        ([own_route(1)], create(1)),
        ([own_route(1)], update(1, "10.10.0.99")),
        ([], delete(1)),
    ],
    ids=["made", "led home", "gone"],
)
def test_what_somebody_has_done_already_is_done(routes: list[Raw], change: Change) -> None:
    """An answer that got lost is no failure of the next try: the table stays as it is."""
    raw = raw_table("pods", *routes)
    assert merged(raw, [change]) == raw


# What holds for every table.


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda part: st.lists(part, max_size=2) | st.dictionaries(st.text(max_size=4), part, max_size=2),
    max_leaves=5,
)
EXTRA = st.dictionaries(st.text("abc", min_size=1, max_size=3).map("x-".__add__), JSON, max_size=3)


@st.composite
def foreign_routes(draw: st.DrawFn) -> list[Raw]:
    """Return routes of others, also with names that begin as ours do, and with parts that nobody has heard of."""
    numbers = draw(st.lists(st.integers(100, 120), unique=True, max_size=4))
    kinds = st.sampled_from([("VirtualAppliance", "10.10.0.9"), ("None", ""), ("Internet", "")])
    found = []
    for number in numbers:
        kind, hop = draw(kinds)
        name = draw(st.sampled_from([f"Hand-{number}", f"l2b-green-{number}", f"l2b-blue-{number}"]))
        route = raw_route(name, pod_cidr(number), hop, kind, **draw(EXTRA))
        found.append({**route, **draw(EXTRA)})
    return found


@st.composite
def tables_and_changes(draw: st.DrawFn) -> tuple[Raw, list[Change]]:
    """Return a table in any order with a plan that fits it."""
    changes, ours = [], []
    for number in draw(st.sets(st.integers(1, 8))):
        there, old = draw(st.booleans()), draw(st.sampled_from(["", "10.10.0.99"]))
        options = [update(number, old or address(number)), delete(number, old)] if there else [create(number)]
        ours += [own_route(number, old)] if there else []
        changes += draw(st.lists(st.sampled_from(options), max_size=1))
    routes = draw(st.permutations([*ours, *draw(foreign_routes())]))
    tags = draw(st.dictionaries(st.text("abAB:", min_size=1, max_size=4), st.text(max_size=5), max_size=3))
    marked = draw(st.booleans())
    marking = draw(st.sampled_from([[], [claim(MARK, {}, "mark")]] if marked else [[], [claim({}, MARK)]]))
    raw = raw_table("pods", *routes, tags=tags | (MARK if marked else {}), **draw(EXTRA))
    return {**raw, **draw(EXTRA)}, draw(st.permutations([*changes, *marking]))


def _not_ours(raw: Raw) -> str:
    """Return a table without our routes and tags, to the letter and in its order."""
    routes = [one for one in raw["properties"]["routes"] if not one["name"].startswith("l2b-blue-10.42.")]
    tags = {name: value for name, value in raw["tags"].items() if not name.startswith(TAG)}
    return json.dumps({**raw, "tags": tags, "properties": {**raw["properties"], "routes": routes}})


def _wanted(raw: Raw, changes: Sequence[Change]) -> dict[str, str]:
    """Return where pod CIDRs lead after the changes."""
    leads = hops(raw)
    for change in changes:
        if change.kind == "route" and change.after:
            leads[change.after["destination"]] = change.after["next_hop"]
        elif change.kind == "route":
            del leads[change.before["destination"]]
    return leads


@given(tables_and_changes())
def test_what_is_not_ours_is_the_same_to_the_letter(case: tuple[Raw, list[Change]]) -> None:
    """Foreign routes, their order, tags, and properties that nobody knows; what was read is never changed."""
    raw, changes = case
    before = json.dumps(raw)
    body = merged(raw, changes)
    assert _not_ours(body) == _not_ours(raw)
    assert json.dumps(raw) == before


@given(tables_and_changes())
def test_the_plan_is_what_is_written_and_writing_it_again_changes_nothing(case: tuple[Raw, list[Change]]) -> None:
    """One write of every row, and a second one of the same rows has nothing to do."""
    raw, changes = case
    body = merged(raw, changes)
    assert hops(body) == _wanted(raw, changes)
    assert merged(body, changes) == body
