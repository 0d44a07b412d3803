"""Parameters with odd values: refused by name, or fine; never a traceback, and nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from l2bridge_helpers import explaining, run, undoing
from l2bridge_helpers.errors import L2BridgeError, ParameterError
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.parameters import PARAMETERS, Parameter, check_parameters
from l2bridge_helpers.question import QUESTION
from l2bridge_helpers.undo_choice import UNDO
from tests.fuzz.oddities import VALUES

WORLDS = {"gce": "gce-small", "aws": "aws-small", "azure": "azure-small", "bare_metal": "bare-metal-small"}
EVERY = [(platform, parameter) for platform, parameters in PARAMETERS.items() for parameter in parameters]
TYPED = (
    *("https://", "http://[::1", "https://h:99999", "https://u:secret@h", "http://10.0.0.1", "https://h/p?q#f"),
    *("https://[fe80::1%25eth0]", "ftp://h", "//h", "https://xn--\u0131.example", "~nobody-of-this-name/x", "~"),
    *("sqlite:///", "sqlite://", "postgresql://u:secret@", "mysql://h/d", "x://", "sqlite:////nowhere/at/all.db", ":"),
    *("projects/a/global/networks/b/c", "projects//global/networks/", "/subscriptions/a/resourceGroups/b"),
    *(2**63, -(2**63), 10**400, 0.0, -0.0, float("inf"), float("-inf"), "plan ", "PLAN", "apply", "check", "undo"),
)
"""Values that are nearly right."""
ODD = (*VALUES, *TYPED)
fuzzed = settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def labs() -> Iterator[dict[str, Lab]]:
    """A small world of each platform."""
    served = {platform: Lab(world(name)) for platform, name in WORLDS.items()}
    yield served
    for lab in served.values():
        lab.close()


def inside(folder: Path) -> Path:
    """Return a place in the folder from which `../..` is in it, too."""
    place = folder / "a" / "b" / "c"
    place.mkdir(parents=True, exist_ok=True)
    return place


@pytest.mark.parametrize(
    ("platform", "parameter"), EVERY, ids=[f"{platform}-{parameter.name}" for platform, parameter in EVERY]
)
def test_every_odd_value_is_fine_or_refused_by_name(platform: str, parameter: Parameter) -> None:
    """One error names the parameter, and shows no password."""
    others = {one.name: one.default for one in PARAMETERS[platform]} | {"project": "p", "subscription_id": "s"}
    for value in ODD:
        try:
            check_parameters(platform, {**others, parameter.name: value})
        except ParameterError as err:
            assert f"parameter {parameter.name}: " in str(err)  # noqa: PT017 - any other error is the failure
            assert "secret" not in str(err)  # noqa: PT017
        else:
            assert type(value) is type(parameter.default)


def values(parameters: tuple[Parameter, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Return odd values of the right type for some of the parameters: the others are refused at once."""
    names = st.sampled_from(sorted(parameter.name for parameter in parameters))
    by_name = {parameter.name: type(parameter.default) for parameter in parameters}

    def fitting(chosen: set[str]) -> st.SearchStrategy[dict[str, Any]]:
        return st.fixed_dictionaries(
            {name: st.sampled_from([one for one in ODD if type(one) is by_name[name]]) for name in chosen}
        )

    return st.sets(names, min_size=1, max_size=3).flatmap(fitting)


@pytest.mark.parametrize("platform", PARAMETERS)
@fuzzed
@given(data=st.data())
def test_a_run_starts_or_is_refused(
    platform: str, data: st.DataObject, labs: dict[str, Lab], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever its parameters are, a run opens its folder or ends in an error of ours; nothing is sent."""
    monkeypatch.chdir(inside(tmp_path))
    lab = labs[platform]
    given_values = {**lab.parameters, "confirm": "lab", **data.draw(values(PARAMETERS[platform]))}
    try:
        started = run.start(platform, **given_values)
    except L2BridgeError as err:
        assert str(err)  # noqa: PT017 - any other error is the failure
    else:
        assert started.folder.is_dir()
        assert tmp_path in started.folder.resolve().parents
    assert lab.requests == []


@fuzzed
@given(data=st.data())
def test_a_question_is_asked_or_refused(
    data: st.DataObject, labs: dict[str, Lab], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same holds for `explain.ipynb`."""
    monkeypatch.chdir(inside(tmp_path))
    platform = data.draw(st.sampled_from(sorted(PARAMETERS)))
    defaults = {parameter.name: parameter.default for parameter in QUESTION}
    asked = {name: value for name, value in labs[platform].parameters.items() if name in defaults}
    given_values = {**defaults, **asked, "platform": platform, **data.draw(values(QUESTION))}
    try:
        assert explaining.start(**given_values).folder.is_dir()
    except L2BridgeError as err:
        assert str(err)  # noqa: PT017 - any other error is the failure


@fuzzed
@given(data=st.data())
def test_an_undo_is_begun_or_refused(
    data: st.DataObject, labs: dict[str, Lab], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same holds for `undo.ipynb`."""
    monkeypatch.chdir(inside(tmp_path))
    defaults = {parameter.name: parameter.default for parameter in UNDO}
    asked = {name: value for name, value in labs["gce"].parameters.items() if name in defaults}
    try:
        undoing.start(**{**defaults, **asked, **data.draw(values(UNDO))})
    except L2BridgeError as err:
        assert str(err)  # noqa: PT017 - any other error is the failure
