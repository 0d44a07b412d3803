"""A run that explains: what is refused before it begins, what it asks, and the files that it leaves."""

from __future__ import annotations

import ast
import json
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from l2bridge_helpers.asking import as_parameters, node_options
from l2bridge_helpers.errors import DataError, KubernetesError, ParameterError
from l2bridge_helpers.explain import explain
from l2bridge_helpers.explaining import ExplainRun, start
from l2bridge_helpers.fabric import Fabric
from l2bridge_helpers.lab import Lab
from l2bridge_helpers.mends import BY_HAND, COLUMNS, find_mends
from l2bridge_helpers.parameters import PARAMETERS
from l2bridge_helpers.pictures import path
from l2bridge_helpers.question import QUESTION, check_question
from l2bridge_helpers.reachability.traffic import Traffic
from l2bridge_helpers.saved_run import FIRST, LAST
from l2bridge_helpers.state import save_state
from tests.builders import CLUSTER, fabric, foreign_route, numbered_fabric, numbered_instance, numbered_nodes

DEFAULTS = {parameter.name: parameter.default for parameter in QUESTION}


@pytest.fixture
def live(lab: Lab, tmp_path: Path) -> dict[str, Any]:
    """The parameters of a question to the lab."""
    given = {**DEFAULTS, **lab.parameters, "platform": lab.platform, "runs": str(tmp_path / "runs")}
    return {**given, "source": "node-1", "destination": "node-2"}


@pytest.fixture
def saved(tmp_path: Path) -> dict[str, Any]:
    """The parameters of a question to a run that has turned forwarding on."""
    folder = tmp_path / "runs" / "20261124T120000Z-blue-gce"
    folder.mkdir(parents=True)
    save_state(folder / FIRST, "gce", numbered_nodes(3), numbered_fabric(3))
    save_state(folder / LAST, "gce", numbered_nodes(3), numbered_fabric(3, forwarding=True))
    target = {"cluster": CLUSTER, "mode": "apply", "project": "shop"}
    result = {"cluster": CLUSTER, "mode": "apply", "started": "2026-11-24T12:00:00+00:00", "target": target}
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")
    given = {**DEFAULTS, "runs": str(tmp_path / "runs"), "run": folder.name}
    return {**given, "source": "node-1", "destination": "node-2"}


def answered(parameters: Mapping[str, Any]) -> ExplainRun:
    """Return a run that has taken all its steps."""
    run = start(**parameters)
    with run.step("Target") as step:
        step.show(run.target())
    with run.step("Question") as step:
        nodes, network = run.read()
        step.show(run.question(nodes, network))
    with run.step("Path") as step:
        way = explain(nodes, network, run.source, run.destination, traffic=run.traffic, cluster=run.cluster)
        step.show(path(way))
        step.show(way)
    with run.step("Mend") as step:
        step.show(find_mends(nodes, network, way, run.source, run.destination, cluster=run.cluster))
    run.finish()
    return run


def result_of(run: ExplainRun) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((run.folder / "result.json").read_text(encoding="utf-8"))
    return read


def refusal(**values: Any) -> str:
    with pytest.raises(ParameterError) as caught:
        check_question({**DEFAULTS, **values})
    return str(caught.value)


# Parameters.


def test_parameters_of_platforms_have_the_platforms_defaults() -> None:
    """A value that does there does here."""
    there = {one.name: one.default for parameters in PARAMETERS.values() for one in parameters}
    assert {name: value for name, value in DEFAULTS.items() if name in there} == {
        name: there[name] for name in DEFAULTS if name in there
    }


@pytest.mark.parametrize(
    "values",
    [
        {"run": "20261124T120000Z-blue-gce"},
        {"run": "x", "moment": "first", "platform": "gce"},
        {"platform": "gce", "project": "my-project-123"},
        {"platform": "aws"},
        {"platform": "azure", "subscription_id": "0b1f6471-1bf0"},
        {"platform": "bare_metal", "node_prefix": 24},
        {"run": "x", "protocol": "UDP", "port": 53},
        {"run": "x", "protocol": "89", "port": 0},
        {"run": "x", "protocol": "0"},
        {"run": "x", "port": 65535},
    ],
)
def test_good_questions_are_asked(values: dict[str, Any]) -> None:
    """Only what is needed has to be given, and what other platforms need does not."""
    check_question({**DEFAULTS, **values})


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "parameters platform and run: both are ''"),
        ({"platform": "gcp"}, "parameter platform: 'gcp' is none of gce, aws, azure, bare_metal"),
        ({"platform": ["gce"]}, "parameter platform: ['gce'] is list, not text"),
        ({"platform": "gce"}, "parameter project: '' is empty"),
        ({"platform": "azure"}, "parameter subscription_id: '' is empty"),
        ({"platform": "aws", "region": "europe"}, "parameter region: 'europe' is no region"),
        ({"platform": "bare_metal", "node_prefix": 31}, "parameter node_prefix: 31 is no prefix length"),
        ({"platform": "aws", "endpoint": "http://10.1.2.3"}, "parameter endpoint: 'http://10.1.2.3' is plain http"),
        ({"run": "x", "moment": "now"}, "parameter moment: 'now' is none of first, last"),
        ({"run": "x", "protocol": "http"}, "parameter protocol: 'http' is no protocol"),
        ({"run": "x", "protocol": "256"}, "parameter protocol: '256' is no protocol"),
        ({"run": "x", "protocol": "²"}, "parameter protocol: '²' is no protocol"),
        ({"run": "x", "protocol": ""}, "parameter protocol: '' is no protocol"),
        ({"run": "x", "port": 65536}, "parameter port: 65536 is no port"),
        ({"run": "x", "port": -1}, "parameter port: -1 is no port"),
        ({"run": "x", "port": "443"}, "parameter port: '443' is str, not a whole number"),
        ({"run": "x", "port": True}, "parameter port: True is bool, not a whole number"),
        ({"run": "x", "runs": ""}, "parameter runs: '' is empty"),
        ({"run": "x", "source": "node-1 "}, "parameter source: 'node-1 ' has spaces around it"),
    ],
)
def test_bad_questions_are_refused(values: dict[str, Any], told: str) -> None:
    """Parameter, value, and what would do."""
    assert told in refusal(**values)


def test_all_bad_values_are_in_one_error() -> None:
    """Nobody mends a question one run at a time."""
    told = refusal(platform="gce", moment="now", protocol="http", port=-1)
    assert [name for name in ("project", "moment", "protocol", "port") if f"parameter {name}: " not in told] == []


def test_a_refused_question_leaves_no_folder_and_sends_nothing(live: dict[str, Any], lab: Lab) -> None:
    """What can be known before the first call is known before the first file."""
    with pytest.raises(ParameterError, match="port"):
        start(**{**live, "port": -1})
    with pytest.raises(KubernetesError):
        start(**{**live, "kubeconfig": "/nowhere"})
    assert not Path(live["runs"]).exists()
    assert lab.requests == []


@pytest.mark.parametrize("missing", [("source",), ("destination",), ("source", "destination")])
def test_a_question_without_its_ends_lists_the_nodes(live: dict[str, Any], missing: tuple[str, ...], lab: Lab) -> None:
    """Which parameters, and what they may be; the cloud is not bothered."""
    run = start(**{**live, **dict.fromkeys(missing, "")})
    with pytest.raises(ParameterError) as caught:
        run.read()
    assert f"{' and '.join(missing)}: ''" in str(caught.value)
    assert "node-1, node-2" in str(caught.value)
    assert {request.server for request in lab.requests} == {"kubernetes"}


def test_a_long_list_of_nodes_is_cut_and_counted(saved: dict[str, Any]) -> None:
    """The error stays one that can be read."""
    folder = Path(saved["runs"]) / saved["run"]
    save_state(folder / LAST, "gce", numbered_nodes(40), numbered_fabric(40))
    with pytest.raises(ParameterError, match=r"node-12 and 28 more$"):
        start(**{**saved, "source": ""}).read()


# Saved runs.


@pytest.mark.parametrize(("moment", "on"), [("first", False), ("last", True)])
def test_a_run_is_asked_before_or_after_its_changes(saved: dict[str, Any], moment: str, *, on: bool) -> None:
    """`first` is what it read before it changed anything, `last` what it read in the end."""
    run = start(**{**saved, "moment": moment})
    _, network = run.read()
    assert {nic.forwarding for machine in network.instances for nic in machine.nics} == {on}
    assert ("after its changes" in run.target()["seen"]) is on


def test_a_run_without_changes_has_one_state(saved: dict[str, Any]) -> None:
    """The last thing that a plan saw is the first."""
    (Path(saved["runs"]) / saved["run"] / LAST).unlink()
    assert "before any change" in start(**saved).target()["seen"]


@pytest.mark.parametrize("form", ["{runs}/{run}", "{runs}/{run}/", "{run}"])
def test_a_run_is_named_by_its_path_or_below_runs(saved: dict[str, Any], form: str) -> None:
    """Its own parameters are shown, without which its answers mean nothing."""
    target = start(**{**saved, "run": form.format(**saved)}).target()
    assert (target["run"], target["cluster"], target["project"]) == (saved["run"], CLUSTER, "shop")
    assert target["started"] == "2026-11-24T12:00:00+00:00"


def test_an_unknown_run_is_refused_with_those_there_are(saved: dict[str, Any]) -> None:
    """Parameter, value, and what would do; no folder is left."""
    with pytest.raises(ParameterError, match=rf"parameter run: 'yesterday' is no folder.*{saved['run']}"):
        start(**{**saved, "run": "yesterday"})
    assert [path.name for path in Path(saved["runs"]).iterdir()] == [saved["run"]]


def test_a_run_that_saw_nothing_is_refused(saved: dict[str, Any]) -> None:
    """A run that failed before it read the network has nothing to be asked."""
    (Path(saved["runs"]) / "20261125T000000Z-blue-gce").mkdir()
    with pytest.raises(ParameterError, match=rf"'20261125T000000Z-blue-gce' holds no state.*{saved['run']}"):
        start(**{**saved, "run": "20261125T000000Z-blue-gce"})


def test_a_spoilt_state_is_refused(saved: dict[str, Any]) -> None:
    """The file is named."""
    (Path(saved["runs"]) / saved["run"] / LAST).write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match=LAST):
        start(**saved)


@pytest.mark.parametrize(("name", "value"), [("platform", "aws"), ("cluster", "green")])
def test_a_run_of_something_else_is_refused(saved: dict[str, Any], name: str, value: str) -> None:
    """Who names a platform or cluster means it."""
    with pytest.raises(ParameterError, match=rf"parameter {name}: '{value}' is not that of run .*{saved['run']}"):
        start(**{**saved, name: value})


@pytest.mark.parametrize("text", [None, "", "[]", "{", '{"target": 3}'])
def test_a_run_that_goes_on_can_be_asked(saved: dict[str, Any], text: str | None) -> None:
    """What a run says of itself is written at its end; until then the parameter names the cluster."""
    result = Path(saved["runs"]) / saved["run"] / "result.json"
    result.unlink()
    if text is not None:
        result.write_text(text, encoding="utf-8")
    with pytest.raises(ParameterError, match=r"parameter cluster: ''.*name the cluster"):
        start(**saved)
    assert answered({**saved, "cluster": "green"}).cluster == "green"


def test_a_saved_run_needs_nothing(saved: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """No kubeconfig, no credentials, no network."""
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    assert result_of(answered(saved))["status"] == "ok"


# The run.


def test_an_answer_is_in_the_files(live: dict[str, Any], lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    """A blocked pair is an answer: the run ends well, and says so in one line, in the result and in the report."""
    run = answered(live)
    result = result_of(run)
    assert (result["schema"], result["runbook"], result["status"], result["error"]) == (1, "explain", "ok", "")
    assert (result["cluster"], result["platform"], result["target"]) == ("lab", "gce", run.target())
    assert result["question"] == {"source": "node-1", "destination": "node-2", "protocol": "tcp", "port": 443}
    assert (result["verdict"], result["answer"]) == ("blocked", "blocked")
    assert result["after_plan"] == {"verdict": "reaches", "answer": "reaches"}
    assert ("forwarding", "node-1", "blocked") in {(hop["hop"], hop["at"], hop["verdict"]) for hop in result["hops"]}
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    assert "node-1 -&gt; node-2 TCP 443" in page
    assert all(f"<h2>{section}</h2>" in page for section in ("Target", "Question", "Path", "Mend"))
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("explain: node-1 -> node-2 TCP 443: blocked (forwarding at node-1, ")
    assert last.endswith(f"report: {run.folder / 'report.html'}")
    assert lab.writes == []


def test_a_live_answer_can_be_asked_again(live: dict[str, Any]) -> None:
    """What was read is saved, so that the next question needs no permission, and finds the same."""
    first = answered(live)
    again = answered(
        {**DEFAULTS, **{name: live[name] for name in ("runs", "source", "destination")}, "run": first.folder.name}
    )
    assert result_of(again)["hops"] == result_of(first)["hops"]
    assert again.cluster == first.cluster == "lab"
    assert not (again.folder / FIRST).exists()


def test_an_unknown_end_names_near_ones(live: dict[str, Any]) -> None:
    """A slip of the pen; the run's files tell of it."""
    with pytest.raises(ParameterError, match=r"parameter destination: 'nod-2' .*node-2"):
        answered({**live, "destination": "nod-2"})
    (folder,) = Path(live["runs"]).iterdir()
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    assert (result["status"], result["verdict"], result["hops"]) == ("failed", "", [])
    assert "nod-2" in result["error"]
    assert "nod-2" in (folder / "report.html").read_text(encoding="utf-8")


def test_a_run_without_an_answer_cannot_finish(saved: dict[str, Any]) -> None:
    """The last cell alone says that those before it are missing."""
    with pytest.raises(ParameterError, match="run all cells from the top"):
        start(**saved).finish()


def test_a_question_that_is_asked_again_forgets_its_mends(saved: dict[str, Any]) -> None:
    """In JupyterLab cells are run twice: what belongs to the old answer is not told of the new one."""
    run = answered(saved)
    nodes, network = run.read()
    run.record(explain(nodes, network, "node-1", "node-3"))
    run.finish()
    assert result_of(run)["after_plan"] == {}


# What mends.


def mended(network: Fabric, nodes: pd.DataFrame | None = None) -> tuple[str, list[tuple[str, ...]]]:
    """Return the summary, and `at, hop, by` of each row, for node 1 to node 2."""
    table = numbered_nodes(2) if nodes is None else nodes
    way = explain(table, network, "node-1", "node-2", cluster=CLUSTER)
    mends = find_mends(table, network, way, "node-1", "node-2", cluster=CLUSTER)
    assert tuple(mends.table().columns) == COLUMNS
    return mends.summary(), [tuple(row)[:3] for row in mends.table().itertuples(index=False)]


def test_the_runbook_mends_what_its_plan_holds() -> None:
    """Each thing once, although it is in the way there and back."""
    summary, rows = mended(numbered_fabric(2))
    assert summary == "4 things to mend: gce.ipynb in apply mode does all of it"
    assert sorted(rows) == [
        ("node-1", "delivery", "gce.ipynb"),
        ("node-1", "forwarding", "gce.ipynb"),
        ("node-2", "delivery", "gce.ipynb"),
        ("node-2", "forwarding", "gce.ipynb"),
    ]


def test_what_is_left_alone_is_yours() -> None:
    """Someone else's route in the way is never replaced."""
    network = numbered_fabric(2, routes=[foreign_route("10.42.1.0/24", "10.10.0.99", priority=100)])
    summary, rows = mended(network)
    assert summary == "4 things to mend: gce.ipynb in apply mode does 3 of them, you the rest"
    assert [row for row in rows if row[2] == BY_HAND] == [("node-1", "delivery", BY_HAND)]


def test_what_reaches_needs_nothing() -> None:
    """The table is empty, with its columns."""
    ready = numbered_fabric(2, forwarding=True)
    routes = [foreign_route(f"10.42.{n - 1}.0/24", numbered_instance(n).id, name=f"to-{n}") for n in (1, 2)]
    assert mended(numbered_fabric(2, forwarding=True, routes=routes)) == ("nothing to mend", [])
    stopped = replace(ready, instances=(numbered_instance(1), replace(numbered_instance(2), running=False)))
    assert ("node-2", "machine", BY_HAND) in mended(stopped)[1]


def test_where_no_runbook_helps_it_says_so() -> None:
    """A node without a machine is for people."""
    summary, rows = mended(fabric(numbered_instance(1)))
    assert summary == "1 thing to mend, which no runbook does for you"
    assert rows == [("node-2", "node", BY_HAND)]


# A person at the other end.


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person's front end has asked for the cell."""
    monkeypatch.setattr("l2bridge_helpers.explaining.person", lambda: True)


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize(
    ("given", "ends", "told"),
    [
        (
            {},
            ("node-1", "node-2"),
            "source and destination are not given: the first two nodes of the table, node-1 and",
        ),
        ({"source": "node-1"}, ("node-1", "node-2"), "destination is not given: the first other node of the table"),
        ({"source": "10.42.0.7"}, ("10.42.0.7", "node-2"), "destination is not given"),
        ({"destination": "10.42.0.0/24"}, ("node-2", "10.42.0.0/24"), "source is not given"),
        ({"destination": "no-such"}, ("node-1", "no-such"), "source is not given"),
        ({"source": "node-3", "destination": "node-1"}, ("node-3", "node-1"), ""),
    ],
)
def test_for_a_person_empty_ends_are_the_first_nodes(
    saved: dict[str, Any], given: dict[str, str], ends: tuple[str, str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that all cells run; it is said, and a parameter that is given wins."""
    run = start(**{**saved, "source": "", "destination": "", **given})
    run.read()
    assert (run.source, run.destination, run.given) == (*ends, given)
    said = capsys.readouterr().out
    assert said.startswith(told) if told else said == ""


@pytest.mark.usefixtures("person")
def test_one_node_alone_has_nobody_to_talk_to(saved: dict[str, Any]) -> None:
    """There is no second node to stand in: the error is that of a run without a person."""
    folder = Path(saved["runs"]) / saved["run"]
    save_state(folder / LAST, "gce", numbered_nodes(1), numbered_fabric(1))
    with pytest.raises(ParameterError, match="parameter destination: '' is no pod"):
        start(**{**saved, "source": "", "destination": ""}).read()


def test_nodes_that_are_gone_are_not_asked_about(saved: dict[str, Any], person: None) -> None:
    """What stands in for an empty parameter is found anew with each read."""
    del person
    run = start(**{**saved, "source": "", "destination": ""})
    run.read()
    folder = Path(saved["runs"]) / saved["run"]
    state = numbered_nodes(3)
    save_state(folder / LAST, "gce", state[state["nodeName"] != "node-1"], numbered_fabric(3))
    again = start(**{**saved, "source": "", "destination": ""})
    again.read()
    assert (again.source, again.destination) == ("node-2", "node-3")


@pytest.mark.parametrize(
    ("there", "given", "panels"),
    [
        (True, {}, 1),
        (True, {"source": "node-1"}, 1),
        (True, {"source": "node-1", "destination": "node-2"}, 0),
        (False, {"source": "node-1", "destination": "node-2"}, 0),
    ],
)
def test_a_panel_is_shown_to_people_who_can_choose(
    saved: dict[str, Any], monkeypatch: pytest.MonkeyPatch, given: dict[str, str], panels: int, *, there: bool
) -> None:
    """Where both ends are given there is nothing to choose; without a person no widget is made."""
    monkeypatch.setattr("l2bridge_helpers.explaining.person", lambda: there)
    displayed: list[object] = []
    monkeypatch.setattr("l2bridge_helpers.explaining.display", displayed.append)
    run = start(**{**saved, "source": "", "destination": "", **given})
    run.offer(*run.read())
    assert [type(panel).__name__ for panel in displayed] == ["VBox"] * panels


def test_without_a_person_no_widget_is_loaded(saved: dict[str, Any]) -> None:
    """A scheduled job needs no ipywidgets."""
    code = (
        "import json, sys; from l2bridge_helpers.explaining import start\n"
        "run = start(**json.loads(sys.argv[1])); run.offer(*run.read()); sys.exit('ipywidgets' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, json.dumps(saved)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_report_has_the_picture(saved: dict[str, Any]) -> None:
    """Above the table, and with a text for those who cannot see it."""
    run = answered(saved)
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    section = page.partition("<h2>Path</h2>")[2].partition("</section>")[0]
    assert section.index('<img src="data:image/svg+xml;base64,') < section.index("<table")
    assert 'alt="The way of TCP 443 from node-1 to node-2, hop by hop. There: blocked at hop ' in section


# The choice.


@pytest.mark.parametrize("name", ["node-1", "it's", 'a"b', "a b", "ü", "$(x)", "\\"])
def test_a_question_as_parameters_is_the_same_question(name: str) -> None:
    """Whatever the text is: Python reads the lines, and a shell the options."""
    lines, options = as_parameters(name, "10.42.1.0/24", Traffic("udp", 53))
    assigned = [line for line in ast.parse(lines).body if isinstance(line, ast.AnnAssign)]
    read = {ast.unparse(line.target): ast.literal_eval(line.value) for line in assigned if line.value}
    assert read == {"source": name, "destination": "10.42.1.0/24", "protocol": "udp", "port": 53}
    words = shlex.split(options)
    assert words == [name, "10.42.1.0/24", "-p", "protocol=udp", "-p", "port=53"]


def test_every_node_is_offered_once() -> None:
    """With all its pod CIDRs, or that it has none; what cannot be seen is written out."""
    table = pd.concat([numbered_nodes(2), numbered_nodes(1).assign(routeDestination="fd00::/64")])
    table.loc[table["nodeName"] == "node-2", ["routeDestination", "os"]] = ["", ""]
    assert [(one.value, one.label) for one in node_options(table)] == [
        ("node-1", "node-1 · linux · 10.42.0.0/24, fd00::/64"),
        ("node-2", "node-2 · unknown system · no pod CIDR"),
    ]
    odd = numbered_nodes(1).assign(nodeName="a\u202eb")
    assert node_options(odd)[0].label.startswith("a\\u202eb · ")
