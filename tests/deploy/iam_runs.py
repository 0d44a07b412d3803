"""Whole runs on labs, and the permissions that they needed there: the lab says which, as it refuses by them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from l2bridge_helpers import choosing
from l2bridge_helpers.errors import L2BridgeError
from l2bridge_helpers.explaining import start as start_explain
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.lab.hooks import Hooks
from l2bridge_helpers.parameters import PARAMETERS
from l2bridge_helpers.question import QUESTION
from tests.crashes.scenarios import SCENARIOS
from tests.crashes.steps import make_run, make_undo

Asked = tuple[str, str]
"""A permission, and the resource that it was needed on."""
Grant = Callable[[str, str], bool]
Prepare = Callable[[Lab], None]


def as_it_is(_lab: Lab) -> None:
    """Leave the world as it is."""


@dataclass(frozen=True)
class Case:
    """Runs in one world.

    Attributes:
        world: its name.
        modes: what is run there, in this order: `plan`, `check`, `apply`, `undo`, `explain`, `choosing`; and
            `narrow`: somebody takes ranges out of our firewall rule.
        parameters: of the runbook, besides the lab's own.
        prepare: changes the lab before.
        scenario: whose preparation of the world is made before that, with a run of its own.

    """

    world: str
    modes: tuple[str, ...]
    parameters: dict[str, Any] = field(default_factory=dict, hash=False)
    prepare: Prepare = as_it_is
    scenario: str = ""


def needed(case: Case, grants: dict[str, Grant] | None = None) -> dict[str, set[Asked]]:
    """Return what the runs of a case needed, by server: `kubernetes` or the platform; refuse what is not granted."""
    with Lab(world(case.world)) as lab, TemporaryDirectory() as folder:
        parameters = _parameters(lab, Path(folder), case.parameters)
        if case.scenario:
            first = parameters | {"mode": "apply", "confirm": "lab", "runs": f"{folder}/first"}
            SCENARIOS[case.scenario].set_up(lab, lambda: _finished(lab, "apply", first))
        case.prepare(lab)
        hooks = hooks_of(lab)
        for name, hook in hooks.items():
            hook.needed.clear()
            hook.granted = (grants or {}).get(name)
        for mode in case.modes:
            _finished(lab, mode, parameters)
        return {name: set(hook.needed) for name, hook in hooks.items()}


def hooks_of(lab: Lab) -> dict[str, Hooks]:
    """Return a lab's servers."""
    cloud: dict[str, Hooks] = {} if lab.platform == "bare_metal" else {lab.platform: getattr(lab, lab.platform)}
    return {"kubernetes": lab.kubernetes, **cloud}


def _parameters(lab: Lab, folder: Path, changed: dict[str, Any]) -> dict[str, Any]:
    defaults = {parameter.name: parameter.default for parameter in PARAMETERS[lab.platform]}
    return {**defaults, **lab.parameters, "runs": str(folder / "runs"), **changed}


def _finished(lab: Lab, mode: str, parameters: dict[str, Any]) -> None:
    """Make one run to its end; findings, drift and trouble of the world do not matter, only what it asks."""
    try:
        _make(lab, mode, parameters)
    except L2BridgeError as err:
        if "ermission" in str(err) or "authoriz" in str(err).lower() or "forbidden" in str(err).lower():
            raise


def _make(lab: Lab, mode: str, parameters: dict[str, Any]) -> None:
    if mode == "undo":
        make_undo("", {**parameters, "mode": "apply", "confirm": "lab"})
    elif mode == "explain":
        _explain(lab, parameters)
    elif mode == "narrow":
        ours = next(rule for rule in lab.world.cloud("firewalls") if rule["name"].startswith("l2b-"))
        ours["sourceRanges"] = ["10.42.0.0/24"]
    elif mode == "choosing":
        _choose(lab, parameters)
    else:
        make_run(lab.platform, {**parameters, "mode": mode, "confirm": "lab"})


def _explain(lab: Lab, parameters: dict[str, Any]) -> None:
    question = {parameter.name: parameter.default for parameter in QUESTION}
    names = [node["metadata"]["name"] for node in lab.world.nodes]
    asked = {"platform": lab.platform, "source": names[0], "destination": names[-1]}
    known = {name: value for name, value in parameters.items() if name in question}
    start_explain(**{**question, **known, **asked}).read()


def _choose(lab: Lab, parameters: dict[str, Any]) -> None:
    """List all that is offered, each for what is known before."""
    for one in choosing._CLOUDS[lab.platform]:
        with mock.patch.dict("os.environ", {"AWS_EC2_METADATA_DISABLED": "true"}):
            one.find(parameters)


@cache
def used(cases: tuple[Case, ...]) -> dict[str, frozenset[Asked]]:
    """Return what the runs of cases needed when all was granted, by server."""
    found: dict[str, set[Asked]] = {}
    for case in cases:
        for server, asked in needed(case).items():
            found.setdefault(server, set()).update(asked)
    return {server: frozenset(asked) for server, asked in found.items()}
