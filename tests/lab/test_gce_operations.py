import time
import uuid

import pytest

from l2bridge_helpers.lab import Lab

from .clients import ZONE, Rest
from .test_gce_routes import route

PATH = f"zones/{ZONE}/instances/node-1"


def test_a_change_happens_when_its_operation_is_done(lab: Lab, rest: Rest) -> None:
    """The answer to an insert is a running operation; the route is there after it."""
    lab.gce.operation_seconds = 0.2
    operation = rest.call("POST", "global/routes", route()).body
    assert (operation["status"], operation["operationType"]) == ("RUNNING", "insert")
    assert rest.get("global/routes/r1").status == 404
    waited = rest.call("POST", f"global/operations/{operation['name']}/wait").body
    assert (waited["status"], waited["progress"]) == ("DONE", 100)
    assert rest.get("global/routes/r1").status == 200


def test_operations_are_done_without_anybody_waiting(lab: Lab, rest: Rest) -> None:
    """Time alone finishes an operation, also for who looks at the world directly."""
    lab.gce.operation_seconds = 0.05
    rest.call("POST", "global/routes", route())
    time.sleep(0.06)
    assert "r1" in [item["name"] for item in lab.world.cloud("routes")]


def test_operations_of_instances_are_zonal(rest: Rest) -> None:
    """An instance's operation is found in its zone, and not globally."""
    body = rest.get(PATH).body
    operation = rest.call("PUT", PATH, body, mostDisruptiveAllowedAction="REFRESH").body
    assert operation["zone"].endswith(f"/zones/{ZONE}")
    assert rest.get(f"zones/{ZONE}/operations/{operation['name']}").status == 200
    assert rest.get(f"global/operations/{operation['name']}").status == 404
    assert len(rest.get(f"zones/{ZONE}/operations").body["items"]) == 1


def test_the_same_request_id_is_the_same_operation(lab: Lab, rest: Rest) -> None:
    """A repeated request, after a lost answer, is answered as the first one, and done once."""
    request_id = str(uuid.UUID(int=7))
    lab.gce.faults.add(("POST", "routes$"), drop=True, when="after")
    with pytest.raises(OSError, match="aborted"):
        rest.call("POST", "global/routes", route(), requestId=request_id)
    first = rest.call("POST", "global/routes", route(), requestId=request_id).body
    second = rest.call("POST", "global/routes", route(), requestId=request_id.upper()).body
    assert first["name"] == second["name"]
    assert "error" not in rest.call("POST", f"global/operations/{first['name']}/wait").body


def test_a_request_id_is_for_one_request(rest: Rest) -> None:
    """The same id with other content is a mistake."""
    request_id = str(uuid.UUID(int=7))
    rest.done("POST", "global/routes", route(), requestId=request_id)
    assert rest.call("POST", "global/routes", route(name="r2"), requestId=request_id).status == 400


@pytest.mark.parametrize("request_id", ["7", str(uuid.UUID(int=0)), "g" * 36, uuid.UUID(int=7).hex])
def test_a_request_id_is_a_uuid(rest: Rest, request_id: str) -> None:
    """What is no UUID, or is zero, is refused."""
    answer = rest.call("POST", "global/routes", route(), requestId=request_id)
    assert answer.status == 400
    assert "requestId" in answer.message


def test_one_change_at_a_time(lab: Lab, rest: Rest) -> None:
    """While an instance is being updated, a second update is refused, not lost."""
    lab.gce.operation_seconds = 0.3
    body = rest.get(PATH).body | {"canIpForward": True}
    assert rest.call("PUT", PATH, body, mostDisruptiveAllowedAction="REFRESH").status == 200
    answer = rest.call("PUT", PATH, body, mostDisruptiveAllowedAction="REFRESH")
    assert (answer.status, answer.reason) == (400, "resourceNotReady")


def test_a_name_is_taken_while_its_insert_runs(lab: Lab, rest: Rest) -> None:
    """Two inserts of one name: the second is refused although the first is not done."""
    lab.gce.operation_seconds = 0.3
    assert rest.call("POST", "global/routes", route()).status == 200
    assert rest.call("POST", "global/routes", route()).status == 409


def test_unknown_operations_are_not_found(rest: Rest) -> None:
    """An operation that nobody has started is 404."""
    assert rest.get("global/operations/operation-1").status == 404
