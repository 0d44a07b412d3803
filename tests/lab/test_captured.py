"""What Google's API really answered, against the lab's idea of it; see `tests/data/captured/README.md`."""

import json
from pathlib import Path

import pytest

from l2bridge_helpers.lab import Lab
from l2bridge_helpers.lab.discovery import compute

from .clients import Json, Rest
from .test_gce_routes import route

FOLDER = Path(__file__).resolve().parent.parent / "data" / "captured" / "gce"
ANSWERS = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}


def _schema(answer: Json) -> str:
    name = str(answer.get("kind", "")).removeprefix("compute#")
    return name[:1].upper() + name[1:]


@pytest.mark.parametrize("name", [name for name, body in ANSWERS.items() if _schema(body) in compute().schemas])
def test_real_answers_are_valid(name: str) -> None:
    """The subset of Google's document refuses nothing that Google has answered."""
    assert compute().value({"$ref": _schema(ANSWERS[name])}, ANSWERS[name], name) == []


def test_operations_look_like_real_ones(rest: Rest) -> None:
    """A running operation has every field that a recorded one has."""
    operation = rest.call("POST", "global/routes", route()).body
    assert ANSWERS["operation-running"].keys() - operation.keys() == set()


def test_errors_look_like_real_ones(rest: Rest) -> None:
    """A 404 has the recorded shape and words."""
    text = json.dumps(ANSWERS["error-404"]).replace("cloud-custodian", "l2bridge-lab")
    assert rest.get("global/firewalls/test").body == json.loads(text)


def test_real_instances_can_be_served_and_updated(lab: Lab) -> None:
    """Recorded instances go through a whole update: what they hold is no surprise to the lab."""
    scopes = ANSWERS["instances-aggregated"]["items"].values()
    recorded = [item for scope in scopes for item in scope.get("instances", [])]
    project = recorded[0]["selfLink"].partition("projects/")[2].split("/")[0]
    lab.world.cloud("instances").extend(recorded)
    lab.world.cloud("projects").append(lab.world.cloud("projects")[0] | {"name": project, "id": "1"})
    rest = Rest(lab, project)
    for item in recorded:
        path = item["selfLink"].partition(f"{project}/")[2]
        body = rest.get(path).body | {"canIpForward": True}
        done = rest.done("PUT", path, body, mostDisruptiveAllowedAction="REFRESH")
        assert "error" not in done
        assert rest.get(path).body["canIpForward"] is True
    rest.close()
