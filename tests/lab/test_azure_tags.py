import pytest

from l2bridge_helpers.lab import Lab

from .clients import Arm, Json, network_path

TAGS = "providers/Microsoft.Resources/tags/default"


def path(lab: Lab, table: str = "rt-hub") -> str:
    """Return the path of a table's tags."""
    return f"{network_path(lab, f'routeTables/{table}')}/{TAGS}"


def held(lab: Lab) -> Json:
    """Return the table as the world has it."""
    return lab.world.cloud("routeTables")[0]


BEFORE = {"owner": "network-team", "env": "prod"}


@pytest.mark.parametrize(
    ("operation", "tags", "after"),
    [
        ("Merge", {"a": "b", "ENV": "test"}, {"owner": "network-team", "env": "test", "a": "b"}),
        ("Replace", {"a": "b"}, {"a": "b"}),
        ("Delete", {"OWNER": "network-team", "env": "test"}, {"env": "prod"}),
        ("Delete", {"owner": "", "env": ""}, None),
    ],
)
def test_tags_are_changed_by_themselves(
    messy: Lab, arm: Arm, operation: str, tags: dict[str, str], after: dict[str, str] | None
) -> None:
    """Merged, replaced, or removed by name or by name and value; all else of the resource stays."""
    routes, etag = held(messy)["properties"]["routes"], held(messy)["etag"]
    assert arm.get(path(messy)).body["properties"]["tags"] == BEFORE
    found = arm.call("PATCH", path(messy), {"operation": operation, "properties": {"tags": tags}})
    assert (found.status, found.body["properties"]["tags"]) == (200, after or {})
    assert held(messy).get("tags") == after
    assert held(messy)["properties"]["routes"] == routes
    assert held(messy)["etag"] != etag


def test_all_tags_can_be_written_or_removed(messy: Lab, arm: Arm) -> None:
    """PUT replaces them, DELETE leaves none."""
    assert arm.put(path(messy), {"properties": {"tags": {"a": "b"}}}).status == 200
    assert held(messy)["tags"] == {"a": "b"}
    assert arm.call("DELETE", path(messy)).status == 200
    assert "tags" not in held(messy)


def test_bad_tags_are_refused(messy: Lab, arm: Arm) -> None:
    """As with the resource itself; so is an operation that is none."""
    many = {f"tag-{number}": "" for number in range(50)}
    merge = {"operation": "Merge", "properties": {"tags": many}}
    assert arm.call("PATCH", path(messy), merge).error == (400, "TooManyTags")
    for bad in ({"operation": "Add", "properties": {"tags": {}}}, {"operation": "Merge", "properties": "a=b"}):
        assert arm.call("PATCH", path(messy), bad).error == (400, "InvalidRequestContent")
    assert held(messy)["tags"] == BEFORE


def test_tags_need_a_permission_of_their_own(messy: Lab, arm: Arm) -> None:
    """Not that of the resource."""
    messy.azure.denied_actions = {"Microsoft.Network/routeTables/write"}
    merge = {"operation": "Merge", "properties": {"tags": {"a": "b"}}}
    assert arm.call("PATCH", path(messy), merge).status == 200
    messy.azure.denied_actions = {"Microsoft.Resources/tags/write"}
    refused = arm.call("PATCH", path(messy), merge)
    assert refused.error == (403, "AuthorizationFailed")
    assert "'Microsoft.Resources/tags/write' over scope" in refused.message


def test_tags_are_of_something(messy: Lab, arm: Arm) -> None:
    """Of a resource that is there, and that nobody is writing."""
    assert arm.get(path(messy, "none")).error == (404, "ResourceNotFound")
    messy.azure.operation_seconds = 5
    assert arm.put(held(messy)["id"], held(messy)).status == 200
    assert arm.call("DELETE", path(messy)).detail == "RetryableErrorDueToAnotherOperation"
