"""The panel that asks about other nodes: it answers from what was read, in our words, in a run of its own."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest

from l2bridge_helpers.asking import Asking
from l2bridge_helpers.explaining import ExplainRun, start
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.question import QUESTION
from l2bridge_helpers.saved_run import FIRST
from l2bridge_helpers.state import save_state
from l2bridge_helpers.widgets.ask import LISTED, Ask
from tests.builders import numbered_fabric, numbered_nodes

DEFAULTS = {parameter.name: parameter.default for parameter in QUESTION}


@pytest.fixture(scope="module")
def small() -> Iterator[Lab]:
    """A lab with Linux and Windows nodes."""
    with Lab(world("gce-small")) as lab:
        yield lab


def live(lab: Lab, runs: Path, **changed: Any) -> dict[str, Any]:
    """Return the parameters of a question to the lab."""
    return {**DEFAULTS, **lab.parameters, "platform": lab.platform, "runs": str(runs), **changed}


def asked(parameters: dict[str, Any], **given: str) -> Ask:
    """Return the panel of a run that has read, in a session with a person."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("l2bridge_helpers.explaining.person", lambda: True)
        run: ExplainRun = start(**{**parameters, **given})
        return Ask(Asking(run, *run.read()))


def saved(tmp_path: Path, count: int) -> dict[str, Any]:
    """Return the parameters of a question to an earlier run with so many nodes."""
    folder = tmp_path / "runs" / "20261124T120000Z-blue-gce"
    folder.mkdir(parents=True)
    save_state(folder / FIRST, "gce", numbered_nodes(count), numbered_fabric(count))
    (folder / "result.json").write_text(json.dumps({"cluster": "blue", "target": {"project": "shop"}}))
    return {**DEFAULTS, "runs": str(tmp_path / "runs"), "run": folder.name}


def results(runs: Path) -> list[dict[str, Any]]:
    """Return what the runs have left, in the order of their folders' times."""
    found = [path / "result.json" for path in sorted(runs.iterdir(), key=lambda path: path.stat().st_mtime)]
    return [json.loads(path.read_text(encoding="utf-8")) for path in found if path.exists()]


def test_nodes_are_offered_with_what_tells_them_apart(small: Lab, tmp_path: Path) -> None:
    """Name, operating system, pod CIDRs; what the cells ask about is chosen at first."""
    panel = asked(live(small, tmp_path))
    assert ("win-1 · windows · 10.42.4.0/24", "win-1") in panel.ends["source"].options
    assert {name: field.value for name, field in panel.ends.items()} == {"source": "node-1", "destination": "node-2"}


def test_a_click_answers_with_picture_table_and_mends(small: Lab, tmp_path: Path) -> None:
    """From what was read: nothing is asked of cluster or cloud again, and nothing is written to them."""
    panel = asked(live(small, tmp_path))
    before = len(small.requests)
    panel.ends["destination"].value = "win-1"
    panel.port.value = 80
    panel.button.click()
    assert len(small.requests) == before
    assert small.writes == []
    answer = panel.answer.value
    assert answer.index('<img src="data:image/svg+xml') < answer.index("host route") < answer.index("gcloud compute")
    assert "TCP 80 from node-1" in answer
    assert "explain: node-1 -&gt; win-1 TCP 80: blocked (" in panel.status.value
    assert "report.html" in panel.status.value


def test_an_answer_has_a_run_of_its_own(small: Lab, tmp_path: Path) -> None:
    """It can be sent, and asked again; the notebook's own question stays as it is."""
    panel = asked(live(small, tmp_path))
    panel.ends["destination"].value = "win-1"
    panel.button.click()
    (result,) = results(tmp_path)
    assert (result["status"], result["question"]["destination"], result["verdict"]) == ("ok", "win-1", "blocked")
    assert panel._asking.run.destination == "node-2"
    (folder,) = [path for path in tmp_path.iterdir() if (path / "result.json").exists()]
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert all(f"<h2>{section}</h2>" in page for section in ("Target", "Question", "Path", "Mend"))
    again = start(**{**DEFAULTS, "runs": str(tmp_path), "run": folder.name, "source": "win-1", "destination": "node-1"})
    assert again.read()[1].network


def test_a_choice_is_given_as_parameters(small: Lab, tmp_path: Path) -> None:
    """Lines that the parameters cell takes, with their types, and a line of `l2bridge`."""
    panel = asked(live(small, tmp_path))
    panel.ends["source"].value = "win-1"
    panel.protocol.value = "udp"
    panel.port.value = 53
    panel.button.click()
    (lines, _) = re.findall(r"<pre[^>]*>(.*?)</pre>", panel.answer.value, re.DOTALL)
    assigned = [line for line in ast.parse(unescape(lines)).body if isinstance(line, ast.AnnAssign)]
    read = {ast.unparse(line.target): ast.literal_eval(line.value) for line in assigned if line.value}
    assert read == {"source": "win-1", "destination": "node-2", "protocol": "udp", "port": 53}
    assert "l2bridge explain win-1 node-2 -p protocol=udp -p port=53" in panel.answer.value


def test_a_given_end_is_not_asked_for(small: Lab, tmp_path: Path) -> None:
    """A parameter always wins: there is no input for it, and it is told."""
    panel = asked(live(small, tmp_path), source="10.42.4.9")
    assert list(panel.ends) == ["destination"]
    assert "The source is given: 10.42.4.9." in panel.panel.children[0].value
    panel.ends["destination"].value = "node-1"
    panel.button.click()
    assert "(pod 10.42.4.9) does not reach node-1" in panel.answer.value


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"destination": "node-1"}, "parameter destination: &#x27;node-1&#x27; is on node node-1, as the source is"),
        ({"port": 70000}, "parameter port: 70000 is no port; use 1 to 65535"),
    ],
)
def test_what_cannot_be_asked_is_told_in_the_panel(
    small: Lab, tmp_path: Path, changed: dict[str, Any], told: str
) -> None:
    """In our words, as an alert; the last answer is gone, no run is made, and the next question is answered."""
    panel = asked(live(small, tmp_path))
    panel.button.click()
    assert panel.answer.value
    for name, value in changed.items():
        ({**panel.ends, "port": panel.port}[name]).value = value
    panel.button.click()
    assert told in panel.status.value
    assert 'role="alert"' in panel.status.value
    assert panel.answer.value == ""
    assert len(results(tmp_path)) == 1
    panel.ends["destination"].value, panel.port.value = "win-1", 80
    panel.button.click()
    assert "TCP 80 from node-1" in panel.answer.value
    assert "alert" not in panel.status.value


def test_many_nodes_are_found_by_typing(tmp_path: Path) -> None:
    """Above a hundred a list is no help; a pod's address, or a CIDR, is taken as well."""
    few = asked(saved(tmp_path / "few", LISTED))
    assert all(isinstance(field, widgets.Dropdown) for field in few.ends.values())
    panel = asked(saved(tmp_path / "many", LISTED + 1))
    field = panel.ends["source"]
    assert isinstance(field, widgets.Combobox)
    assert len(field.options) == LISTED + 1
    field.value = field.options[2]
    panel.ends["destination"].value = " 10.42.7.9 "
    panel.button.click()
    assert "from node-3 (10.42.2.0/24) does not reach node-8 (pod 10.42.7.9)" in panel.answer.value
    panel.ends["destination"].value = "10.99.0.1"
    panel.button.click()
    assert "&#x27;10.99.0.1&#x27; is no node of this cluster" in panel.status.value
    panel.ends["destination"].value = ""
    panel.button.click()
    assert "parameter destination: &#x27;&#x27; is no pod" in panel.status.value


def test_names_from_outside_stay_text(small: Lab, tmp_path: Path) -> None:
    """What is given is shown, not run."""
    panel = asked(live(small, tmp_path), source="<b>x</b>")
    assert "&lt;b&gt;x" in panel.panel.children[0].value
    panel.button.click()
    assert "<b>x" not in panel.status.value


def test_every_input_has_a_label_and_the_port_follows_the_protocol(small: Lab, tmp_path: Path) -> None:
    """A label is what a screen reader reads; what has no meaning cannot be typed."""
    panel = asked(live(small, tmp_path))
    inputs = [*panel.ends.values(), panel.protocol, panel.port, panel.button]
    assert [field.description for field in inputs] == ["source", "destination", "protocol", "port", "Explain"]
    panel.protocol.value = "icmp"
    assert panel.port.disabled
    panel.protocol.value = "tcp"
    assert not panel.port.disabled


def test_a_protocol_by_number_stays(small: Lab, tmp_path: Path) -> None:
    """What the parameter says is among what is offered."""
    panel = asked(live(small, tmp_path, protocol="89"))
    assert panel.protocol.value == "89"
