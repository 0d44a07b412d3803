"""The JSON Schema of `result.json`, held against what runs really write."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from l2bridge_helpers import explaining, run, undoing
from l2bridge_helpers.errors import L2BridgeError
from l2bridge_helpers.explain import explain
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.question import QUESTION
from l2bridge_helpers.undo_choice import UNDO
from tests.lab_worlds import MESSY, SMALL
from tests.test_report_runs import Kept

Json = dict[str, Any]
SCHEMA: Json = json.loads((files("l2bridge_helpers") / "data" / "result.schema.json").read_text())


def closed(schema: Any) -> Any:
    """Return the schema so that objects have no other fields than it tells: so no field stays untold."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    whole = {name: closed(value) for name, value in schema.items()}
    return whole | (
        {"additionalProperties": False} if schema.get("type") == "object" and "properties" in schema else {}
    )


VALIDATOR = Draft202012Validator(closed(SCHEMA), format_checker=FormatChecker())


def definition(document: Json) -> Draft202012Validator:
    """Return the validator for one kind of run: what it complains about can be read, other than that of oneOf."""
    name = "explanation" if document["runbook"] == "explain" else "run"
    return VALIDATOR.evolve(schema={**VALIDATOR.schema, "oneOf": [{"$ref": f"#/$defs/{name}"}]})


def problems(document: Json) -> list[str]:
    """Return what the schema has against a document."""
    found = [inner for error in definition(document).iter_errors(document) for inner in error.context or [error]]
    return [f"{error.json_path}: {error.message}"[:300] for error in found]


class Started(Protocol):
    """A run, so far as this needs it."""

    folder: Path
    stage: Any

    def carry_out(self) -> None:
        """Run it."""


def written(begun: Started) -> Json:
    """Carry a run out, however it ends, and return its result."""
    begun.stage = Kept()
    try:
        begun.carry_out()
    except L2BridgeError as err:
        assert str(err)  # noqa: PT017 - which error it is, others test
    result: Json = json.loads((begun.folder / "result.json").read_text(encoding="utf-8"))
    return result


def test_it_is_a_schema() -> None:
    """Of draft 2020-12, in itself."""
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("mode", ["plan", "check", "apply"])
@pytest.mark.parametrize("name", [*SMALL, *MESSY])
def test_runs_of_every_platform_and_mode_fit(name: str, mode: str, tmp_path: Path) -> None:
    """Whether they end well or badly; and no field is untold."""
    with Lab(world(name)) as lab:
        cluster = lab.parameters["cluster"]
        begun = run.start(lab.platform, **{**lab.parameters, "runs": str(tmp_path), "mode": mode, "confirm": cluster})
        result = written(begun)
    assert (result["runbook"], result["mode"]) == (lab.platform, mode)
    assert problems(result) == []


def denied(lab: Lab) -> None:
    lab.kubernetes.denied.add(("list", "nodes"))


def refused(lab: Lab) -> None:
    lab.gce.denied_permissions.add("compute.routes.create")


@pytest.mark.parametrize("trouble", [denied, refused])
def test_runs_that_fail_on_the_way_fit(trouble: Callable[[Lab], None], lab: Lab, tmp_path: Path) -> None:
    """With what was known by then."""
    trouble(lab)
    result = written(run.start("gce", **{**lab.parameters, "runs": str(tmp_path), "mode": "apply", "confirm": "lab"}))
    assert result["status"] == "failed"
    assert problems(result) == []


@pytest.fixture
def applied(lab: Lab, tmp_path: Path) -> Json:
    """A run that was applied."""
    parameters = {**lab.parameters, "runs": str(tmp_path), "mode": "apply", "confirm": "lab"}
    return {**parameters, "run": written(run.start("gce", **parameters))["run"]}


@pytest.mark.parametrize("mode", ["plan", "apply"])
def test_undo_fits(applied: Json, mode: str) -> None:
    """Seen only, and done."""
    given = {one.name: applied.get(one.name, one.default) for one in UNDO} | {"mode": mode}
    result = written(undoing.start(**given))
    assert (result["runbook"], result["status"]) == ("undo", "ok")
    assert problems(result) == []


def test_explain_fits(applied: Json) -> None:
    """Answered, and failed."""
    own = {"source": "node-1", "destination": "win-1"}
    given = {one.name: {**applied, **own}.get(one.name, one.default) for one in QUESTION}
    asked = explaining.start(**given)
    asked.stage = Kept()
    with pytest.raises(ZeroDivisionError), asked.step("Nodes"):
        raise ZeroDivisionError
    path = asked.folder / "result.json"
    assert problems(json.loads(path.read_text())) == []
    nodes, fabric = asked.read()
    with asked.step("Answer") as step:
        step.show(explain(nodes, fabric, asked.source, asked.destination, cluster=asked.cluster))
    asked.finish()
    answered = json.loads(path.read_text())
    assert answered["hops"]
    assert problems(answered) == []


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"status": "fine"},
        {"nodes": -1},
        {"plan_hash": "x"},
        {"more": 1},
        {"finished": "yesterday"},
        {"counts": {"planned": 0}},
    ],
    ids=str,
)
def test_it_refuses_what_is_none(change: Json, applied: Json, tmp_path: Path) -> None:
    """A schema that lets everything through proves nothing."""
    result = json.loads((tmp_path / applied["run"] / "result.json").read_text())
    assert problems(result) == []
    assert problems(copy.deepcopy(result) | change)
