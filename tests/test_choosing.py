"""When something is offered, what becomes of a choice, and that nothing happens without a person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from l2bridge_helpers import choosing, explaining, undoing
from l2bridge_helpers.choosing import chosen_since
from l2bridge_helpers.errors import KubernetesError, ParameterError
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.run import Run, start
from tests.test_kube import write_kubeconfig
from tests.widgets.people import Person, sit_down
from tests.widgets.reviews import reviewed

REQUIRED = {"gce": "project", "aws": "region", "azure": "subscription_id"}
OPTIONAL = {"gce": ("network",), "aws": (), "azure": ("resource_group", "route_table"), "bare_metal": ()}
AGAIN = "choose it above, or set it, and run this cell again"


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Person:
    return sit_down(monkeypatch)


@pytest.fixture(autouse=True)
def _no_aws_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))


@pytest.fixture(params=sorted(REQUIRED))
def served(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with Lab(world(f"{request.param}-small")) as lab:
        yield lab


@pytest.fixture
def azure() -> Iterator[Lab]:
    with Lab(world("azure-messy")) as lab:
        yield lab


def _begin(lab: Lab, runs: Path, **changed: Any) -> Run:
    """Run the Target cell with nothing given that can be chosen."""
    names = (REQUIRED.get(lab.platform, "context"), *OPTIONAL[lab.platform])
    return start(lab.platform, **{**lab.parameters, **dict.fromkeys(names, ""), "runs": str(runs), **changed})


def test_without_a_person_nothing_is_listed_and_errors_are_as_ever(served: Lab, tmp_path: Path) -> None:
    """No request, no widget: a job says which parameter is missing."""
    name = REQUIRED[served.platform]
    with pytest.raises(ParameterError, match=f"parameter {name}: '' ") as caught:
        _begin(served, tmp_path)
    assert "above" not in str(caught.value)
    assert _begin(served, tmp_path, **{name: served.parameters[name]}).given["cluster"] == "lab"
    assert served.requests == []


def test_what_is_missing_is_asked_for_then_used(served: Lab, tmp_path: Path, person: Person) -> None:
    """The cell ends, so that Run All ends there; after a choice it goes on with it, and stays with it."""
    name = REQUIRED[served.platform]
    with pytest.raises(ParameterError, match=f"parameter {name}: '' is given; {AGAIN}"):
        _begin(served, tmp_path)
    assert not list(tmp_path.glob("*"))
    person.choose(name, served.parameters[name])
    for _ in range(2):
        run = _begin(served, tmp_path)
        assert run.given[name] == served.parameters[name]
        assert run.typed[name] == ""
    assert f'{name}: str = "{served.parameters[name]}"' in person.texts[-1]
    assert served.writes == []


def test_a_parameter_that_is_given_wins(served: Lab, tmp_path: Path, person: Person) -> None:
    """There is no input for it, and what was chosen before is not used."""
    name = REQUIRED[served.platform]
    with pytest.raises(ParameterError):
        _begin(served, tmp_path)
    person.choose(name, served.parameters[name])
    other = {"gce": "other-project", "aws": "us-west-2", "azure": "0-1"}[served.platform]
    run = _begin(served, tmp_path, **{name: other})
    assert run.given[name] == other
    assert name not in person.inputs or len(person.seen) == 1


def test_nothing_is_shown_when_everything_is_given(lab: Lab, tmp_path: Path, person: Person) -> None:
    """Nor is anything listed."""
    _begin(lab, tmp_path, **lab.parameters)
    assert person.seen == []
    assert lab.requests == []


def test_nothing_is_listed_for_parameters_that_are_refused(lab: Lab, tmp_path: Path, person: Person) -> None:
    """A bad value is refused before the first call, with all the others, also those that are missing."""
    with pytest.raises(ParameterError, match=r"mode: 'aply'.*project: '' is empty"):
        _begin(lab, tmp_path, mode="aply")
    assert person.seen == []
    assert lab.requests == []


def test_what_may_stay_empty_stops_nobody(lab: Lab, tmp_path: Path, person: Person) -> None:
    """The first row of the list is what is used."""
    run = _begin(lab, tmp_path, project=lab.parameters["project"])
    assert run.given["network"] == ""
    assert person.inputs["network"].options[0] == ("the one that the nodes are in", "")
    assert person.texts == ["network: the one that the nodes are in"]


def test_a_run_keeps_what_it_was_started_with(lab: Lab, tmp_path: Path, person: Person) -> None:
    """Another choice counts for the next run; the one that was begun has read with the old one."""
    run = _begin(lab, tmp_path, project=lab.parameters["project"])
    person.choose("network", "cluster-net")
    assert run.given["network"] == ""
    assert chosen_since("gce") == ["network is 'cluster-net' now, and was ''"]
    assert _begin(lab, tmp_path, project=lab.parameters["project"]).given["network"] == "cluster-net"
    assert chosen_since("gce") == []


def test_a_plan_is_not_applied_when_another_target_is_chosen(
    lab: Lab, tmp_path: Path, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The review says so, until the choice is what it was."""
    proposal = reviewed(lab, tmp_path, network="")
    monkeypatch.setattr(choosing, "person", lambda: False)
    assert proposal.outdated({}) == ""
    person.choose("network", "cluster-net")
    assert "another target was chosen since this plan was made (network is 'cluster-net'" in proposal.outdated({})
    person.choose("network", "")
    assert proposal.outdated({}) == ""


def test_a_network_of_another_project_is_forgotten(lab: Lab, tmp_path: Path, person: Person) -> None:
    """It does not come back with its project, either."""
    own = lab.parameters["project"]
    lab.world.cloud("projects").append({**lab.world.cloud("projects")[0], "name": "second", "id": "2"})
    with pytest.raises(ParameterError):
        _begin(lab, tmp_path)
    person.choose("project", own)
    _begin(lab, tmp_path)
    person.choose("network", "cluster-net")
    person.choose("project", "second")
    assert person.inputs["network"].disabled
    assert "cluster-net" not in person.told
    assert _begin(lab, tmp_path).given["network"] == ""
    person.choose("project", own)
    assert _begin(lab, tmp_path).given["network"] == ""


def test_a_choice_is_forgotten_with_its_cluster(lab: Lab, tmp_path: Path, person: Person) -> None:
    """Another kubeconfig, another context: what was chosen was chosen for that one."""
    _begin(lab, tmp_path, project=lab.parameters["project"])
    person.choose("network", "cluster-net")
    other = tmp_path / "other"
    other.write_text(Path(lab.kubeconfig).read_text(encoding="utf-8"), encoding="utf-8")
    run = _begin(lab, tmp_path, project=lab.parameters["project"], kubeconfig=str(other))
    assert run.given["network"] == ""


def test_what_cannot_be_listed_can_be_typed(lab: Lab, tmp_path: Path, person: Person) -> None:
    """A refusal is a line beside a field, no traceback."""
    told = "Cloud Resource Manager API is <disabled>"
    lab.gce.faults.add(("GET", "projects:search"), status=403, reason="x", message=told, times=None)
    with pytest.raises(ParameterError, match=AGAIN):
        _begin(lab, tmp_path)
    assert "nothing could be listed: could not list projects: Cloud Resource Manager API is &lt;disabled&gt;" in (
        person.told
    )
    person.choose("project", "Not A Project")
    assert "not taken: parameter project: &#x27;Not A Project&#x27; is no project id" in person.told
    person.choose("project", lab.parameters["project"])
    assert _begin(lab, tmp_path).given["project"] == lab.parameters["project"]


def test_what_could_be_listed_is_offered_although_not_all_could(lab: Lab, tmp_path: Path, person: Person) -> None:
    """The project's own networks, where the Shared VPC may not be looked at."""
    lab.gce.denied_permissions = {"compute.projects.get"}
    _begin(lab, tmp_path, project=lab.parameters["project"])
    assert [value for _, value in person.inputs["network"].options] == ["", "cluster-net"]
    assert "not all could be listed: could not ask for the host project of the Shared VPC" in person.told


def test_a_choice_that_is_not_found_any_more_stays_and_is_marked(lab: Lab, tmp_path: Path, person: Person) -> None:
    """It is not exchanged for another one behind a person's back."""
    _begin(lab, tmp_path, project=lab.parameters["project"])
    person.choose("network", "cluster-net")
    lab.world.cloud("networks")[0]["name"] = "renamed"
    assert _begin(lab, tmp_path, project=lab.parameters["project"]).given["network"] == "cluster-net"
    assert ("cluster-net (not found now)", "cluster-net") in person.inputs["network"].options


def test_tables_are_those_of_the_group_that_is_chosen(azure: Lab, tmp_path: Path, person: Person) -> None:
    """Each list is made for what stands before it."""
    subscription = azure.parameters["subscription_id"]
    _begin(azure, tmp_path, subscription_id=subscription)
    values = [value for _, value in person.inputs["route_table"].options if value]
    assert values
    assert all(value.startswith("/subscriptions/") for value in values)
    group = values[0].split("/")[4]
    person.choose("resource_group", group)
    assert person.inputs["route_table"].disabled
    run = _begin(azure, tmp_path, subscription_id=subscription)
    assert run.given["resource_group"] == group
    assert [value for _, value in person.inputs["route_table"].options if value] == [
        value.rpartition("/")[2] for value in values if f"/{group}/" in value
    ]


def test_what_is_neither_there_nor_needed_is_not_offered(tmp_path: Path, person: Person) -> None:
    """A subscription without route tables has no list of them."""
    with Lab(world("azure-small")) as lab:
        _begin(lab, tmp_path, subscription_id=lab.parameters["subscription_id"])
    assert set(person.inputs) == {"resource_group"}


def test_a_region_of_the_aws_configuration_is_enough(
    tmp_path: Path, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list says which one it is."""
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    with Lab(world("aws-small")) as lab:
        run = _begin(lab, tmp_path)
    assert run.target()["region"] == "eu-west-1"
    assert person.inputs["region"].options[0] == ("that of the AWS configuration, eu-west-1", "")


def _contexts(lab: Lab, folder: Path, person: Person, **fields: Any) -> Run | None:
    path = write_kubeconfig(folder, server="https://127.0.0.1:1", **fields)
    parameters = {**lab.parameters, "kubeconfig": path, "context": "", "cluster": "", "runs": str(folder / "runs")}
    del person
    return start("gce", **parameters)


def test_contexts_are_offered_where_there_are_several(lab: Lab, tmp_path: Path, person: Person) -> None:
    """The current one is what empty means."""
    run = _contexts(lab, tmp_path, person)
    assert run is not None
    assert run.cluster == "cluster-one"
    assert list(person.inputs["context"].options) == [
        ("the current one, one", ""),
        ("one (cluster cluster-one)", "one"),
        ("two (cluster cluster-two)", "two"),
    ]
    person.choose("context", "two")
    chosen = _contexts(lab, tmp_path, person)
    assert chosen is not None
    assert (chosen.cluster, chosen.context) == ("cluster-two", "two")
    assert lab.requests == []


def test_a_context_has_to_be_chosen_where_none_is_the_current_one(lab: Lab, tmp_path: Path, person: Person) -> None:
    """Instead of an error that lists them."""
    with pytest.raises(ParameterError, match=f"parameter context: '' is given; {AGAIN}"):
        _contexts(lab, tmp_path, person, current=None)
    person.choose("context", "one")
    chosen = _contexts(lab, tmp_path, person, current=None)
    assert chosen is not None
    assert chosen.cluster == "cluster-one"


def test_one_context_is_no_choice(lab: Lab, tmp_path: Path, person: Person) -> None:
    """The lab's kubeconfig has one."""
    _begin(lab, tmp_path, **{**lab.parameters, "context": ""})
    assert person.seen == []


def test_a_broken_kubeconfig_is_told_as_ever(lab: Lab, tmp_path: Path, person: Person) -> None:
    """By whoever needs it."""
    with pytest.raises(KubernetesError, match="cannot be read"):
        _contexts(lab, tmp_path, person, contexts=["one"])
    assert person.seen == []


def _explain(lab: Lab, runs: Path, **changed: Any) -> explaining.ExplainRun:
    question = {"source": "node-1", "destination": "node-2", "protocol": "tcp", "port": 443}
    question |= {"run": "", "moment": "last"}
    cloud = {name: "" for names in OPTIONAL.values() for name in names} | dict.fromkeys(REQUIRED.values(), "")
    common = {name: lab.parameters[name] for name in ("kubeconfig", "context", "cluster", "endpoint")}
    given = {**question, **cloud, **common, "runs": str(runs), "node_prefix": 0, "platform": lab.platform, **changed}
    return explaining.start(**given)


def test_explain_offers_what_its_platform_needs(served: Lab, tmp_path: Path, person: Person) -> None:
    """With a memory of its own."""
    name = REQUIRED[served.platform]
    with pytest.raises(ParameterError, match=f"parameter {name}: '' is given; {AGAIN}"):
        _explain(served, tmp_path)
    person.choose(name, served.parameters[name])
    assert _explain(served, tmp_path).cluster == "lab"
    with pytest.raises(ParameterError, match=AGAIN):
        _begin(served, tmp_path)


@pytest.mark.parametrize(("changed", "error"), [({"platform": ""}, "platform and run"), ({"platform": 5}, "platform")])
def test_explain_without_a_platform_offers_nothing(
    lab: Lab, tmp_path: Path, person: Person, changed: dict[str, Any], error: str
) -> None:
    """Nobody knows what would be listed."""
    with pytest.raises(ParameterError, match=error):
        _explain(lab, tmp_path, **changed)
    assert person.seen == []


def _undo(lab: Lab, runs: Path, **changed: Any) -> undoing.UndoRun:
    names = ("kubeconfig", "context", "endpoint")
    return undoing.start(**{**{name: lab.parameters[name] for name in names}, "runs": str(runs), **changed})


def _applied(lab: Lab, runs: Path) -> str:
    run = start(lab.platform, **{**lab.parameters, "runs": str(runs), "mode": "apply", "confirm": "lab"})
    run.carry_out()
    return run.folder.name


def test_undo_offers_the_runs_that_changed_something(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest first; the one that is meant anyway is what empty means."""
    monkeypatch.setattr(choosing, "person", lambda: False)
    first = _applied(lab, tmp_path)
    back = _undo(lab, tmp_path, mode="apply", confirm="lab")
    back.carry_out()
    second = _applied(lab, tmp_path)
    person = sit_down(monkeypatch)
    run = _undo(lab, tmp_path)
    assert run.recorded.run.run == second
    options = person.inputs["run"].options
    assert [value for _, value in options] == ["", second, back.folder.name, first]
    assert options[0][0] == f"the last one of cluster lab: {options[1][0]}"
    assert f"puts back {first}" in options[2][0]
    person.choose("run", first)
    chosen = _undo(lab, tmp_path)
    assert chosen.recorded.run.run == first
    assert (chosen.typed["run"], chosen.given["run"]) == ("", first)
    assert _undo(lab, tmp_path, run=second).recorded.run.run == second


def test_undo_without_a_journal_says_so_as_ever(lab: Lab, tmp_path: Path, person: Person) -> None:
    """There is nothing to choose from."""
    with pytest.raises(Exception, match="journal"):
        _undo(lab, tmp_path)
    assert person.seen == []
