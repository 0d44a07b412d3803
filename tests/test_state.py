"""Saved state: every decision is the same on what is loaded, and nothing secret is in the file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2bridge_helpers import check, plan
from l2bridge_helpers.clouds.azure_names import TAG, tag_of
from l2bridge_helpers.errors import DataError
from l2bridge_helpers.explain import explain
from l2bridge_helpers.fabric import Fabric, Instance
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.lab.catalogue import worlds as names_of_worlds
from l2bridge_helpers.nodes import net_conf, node_names, node_prefixes, node_rows
from l2bridge_helpers.observed import Unread
from l2bridge_helpers.placement import place
from l2bridge_helpers.reach import reach
from l2bridge_helpers.state import load_state, save_state
from tests.builders import numbered_fabric, numbered_nodes
from tests.reachability import worlds
from tests.runs import Run

NAMED = [name for name in names_of_worlds() if "<" not in name]
SECRET = "hunter2-hunter2"  # noqa: S105 - the secret of these tests


def decided(nodes: pd.DataFrame, fabric: Fabric) -> list[object]:
    """Return everything that is decided from a state."""
    placement = place(nodes, fabric)
    spots = [(spot.row, spot.instance.id, spot.nic.id) for spot in placement.placed]
    names = node_names(nodes)[:3]
    pairs = [(one, other) for one in names for other in names if one != other]
    explained = [explain(nodes, fabric, *pair, cluster="lab") for pair in pairs]
    read = [node_rows(nodes), net_conf(nodes), node_prefixes(nodes), fabric.unread, fabric.denied]
    found = [check(nodes, fabric), plan(nodes, fabric, cluster="lab"), reach(nodes, fabric, cluster="lab")]
    return [*read, spots, placement.unplaced, *found, explained]


def through_a_file(folder: Path, nodes: pd.DataFrame, fabric: Fabric) -> tuple[pd.DataFrame, Fabric]:
    """Save and load."""
    path = folder / "state.json"
    save_state(path, fabric.platform, nodes, fabric)
    return load_state(path)


@pytest.mark.parametrize("name", NAMED)
def test_every_world_is_decided_alike(name: str, tmp_path: Path) -> None:
    """What is found, planned, judged and explained, commands too, is the same on a state that was saved."""
    with Lab(world(name)) as lab:
        run = Run(lab, {})
    loaded = through_a_file(tmp_path, run.nodes, run.fabric)
    assert decided(*loaded) == decided(run.nodes, run.fabric)


@pytest.mark.parametrize("platform", ["gce", "aws", "azure", "bare_metal"])
@given(data=st.data())
def test_random_states_come_back_whole(
    platform: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever is in a state that has no raw properties comes back: the same rows, and an equal fabric."""
    drawn = data.draw(worlds.worlds(platform))
    nodes, fabric = through_a_file(tmp_path_factory.mktemp("state"), drawn.nodes, drawn.fabric)
    assert node_rows(nodes) == node_rows(drawn.nodes)
    assert (net_conf(nodes), fabric) == (net_conf(drawn.nodes), drawn.fabric)


def test_equal_states_are_equal_files(tmp_path: Path) -> None:
    """A file says nothing of the moment, and what was loaded is saved as it was."""
    nodes, fabric = numbered_nodes(2), replace(numbered_fabric(2), unread=(Unread("quota", "403"),))
    again = through_a_file(tmp_path, nodes, fabric)
    first = (tmp_path / "state.json").read_bytes()
    save_state(tmp_path / "state.json", "gce", *again)
    assert (tmp_path / "state.json").read_bytes() == first


def test_no_metadata_is_saved(lab: Lab, tmp_path: Path) -> None:
    """Start-up scripts, keys and labels of machines stay out of the file, although they were read."""
    for raw in lab.world.cloud("instances"):
        raw["metadata"] = {"items": [{"key": "startup-script", "value": f"login {SECRET}"}]}
        raw["labels"] = {"note": SECRET}
    run = Run(lab, {})
    assert SECRET in str(run.fabric.resources())
    through_a_file(tmp_path, run.nodes, run.fabric)
    assert SECRET not in (tmp_path / "state.json").read_text(encoding="utf-8")


def test_no_tags_of_others_are_saved(tmp_path: Path) -> None:
    """Of Azure's tags only those are kept by which routes are known as a cluster's, also other clusters'."""
    with Lab(world("azure-messy")) as lab:
        kinds = ("networkInterfaces", "routeTables", "virtualMachines", "networkSecurityGroups", "virtualNetworks")
        for raw in (raw for kind in kinds for raw in lab.world.cloud(kind)):
            raw["tags"] = {**raw.get("tags", {}), "note": SECRET, **tag_of("green")}
        run = Run(lab, {})
    assert SECRET in str(run.fabric.tables)
    _, fabric = through_a_file(tmp_path, run.nodes, run.fabric)
    assert SECRET not in (tmp_path / "state.json").read_text(encoding="utf-8")
    ours = [{name: text for name, text in table.marks.items() if name.startswith(TAG)} for table in run.fabric.tables]
    assert tag_of("green") in ours
    assert [table.marks for table in fabric.tables] == ours


def test_no_raw_property_of_anything_is_saved(tmp_path: Path) -> None:
    """Whatever a cloud will put into its resources one day is not copied unseen."""
    fabric = numbered_fabric(1)
    raw = {"UserData": SECRET, "nested": {"deeper": [SECRET]}}

    def planted(machine: Instance) -> Instance:
        nics = tuple(replace(nic, properties=raw) for nic in machine.nics)
        return replace(machine, properties=raw, nics=nics)

    fabric = replace(
        fabric,
        instances=tuple(map(planted, fabric.instances)),
        subnets=tuple(replace(subnet, properties=raw) for subnet in fabric.subnets),
        tables=tuple(replace(table, properties=raw, marks={"note": SECRET}) for table in fabric.tables),
        rules=tuple(replace(rule, properties=raw) for rule in fabric.rules),
    )
    through_a_file(tmp_path, numbered_nodes(1), fabric)
    assert SECRET not in (tmp_path / "state.json").read_text(encoding="utf-8")


@pytest.fixture
def saved(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "state.json"
    save_state(path, "gce", numbered_nodes(2), numbered_fabric(2))
    yield path
    with pytest.raises(DataError, match=r"state\.json"):
        load_state(path)


def test_a_missing_file_is_named(saved: Path) -> None:
    """The path, and what to give."""
    saved.unlink()
    with pytest.raises(DataError, match="there is no such file; give the folder of a run"):
        load_state(saved)


def test_an_edited_file_is_refused(saved: Path) -> None:
    """Evidence that somebody has touched is none."""
    saved.write_text(saved.read_text(encoding="utf-8").replace("10.42.1.0/24", "10.42.7.0/24"), encoding="utf-8")
    with pytest.raises(DataError, match="was edited"):
        load_state(saved)


def test_another_schema_is_refused(saved: Path) -> None:
    """A file of a later version is not guessed at."""
    saved.write_text(saved.read_text(encoding="utf-8").replace('"schema": 1', '"schema": 2'), encoding="utf-8")
    with pytest.raises(DataError, match="schema 2, and this version reads 1"):
        load_state(saved)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"schema": 1, "changes": []}', "\udcff", "[" * 99999])
def test_a_foreign_file_is_refused(saved: Path, text: str) -> None:
    """Whatever lies under that name, the last word is one error of ours."""
    saved.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(DataError, match="cannot be read as one"):
        load_state(saved)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"forwarding": false', '"forwarding": "no"'),
        ('"number": 1000', '"number": true'),
        ('"zone": ""', '"area": ""'),
        ('"routes": []', '"routes": null'),
    ],
)
def test_a_file_that_describes_no_state_is_refused(
    saved: Path, old: str, new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The values' types are looked at, not only the hash: who can write a file can write a hash."""
    document = json.loads(saved.read_text(encoding="utf-8").replace(old, new))
    monkeypatch.setattr("l2bridge_helpers.state._hash", lambda _: document["hash"])
    saved.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(DataError, match="cannot be read as one"):
        load_state(saved)
