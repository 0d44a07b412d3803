import pytest
from google.api_core import exceptions

from l2bridge_helpers.lab import Lab

from .clients import PROJECT, ZONE, Rest, sdk
from .test_gce_routes import route

INSTANCE = f"zones/{ZONE}/instances/node-1"


@pytest.mark.parametrize(
    ("permission", "method", "path", "resource"),
    [
        ("compute.instances.list", "GET", "aggregated/instances", f"projects/{PROJECT}"),
        ("compute.instances.get", "GET", INSTANCE, f"projects/{PROJECT}/{INSTANCE}"),
        ("compute.instances.update", "PUT", INSTANCE, f"projects/{PROJECT}/{INSTANCE}"),
        ("compute.routes.list", "GET", "global/routes", f"projects/{PROJECT}"),
        ("compute.routes.create", "POST", "global/routes", f"projects/{PROJECT}/global/routes/r1"),
        ("compute.routes.delete", "DELETE", "global/routes/r1", f"projects/{PROJECT}/global/routes/r1"),
        ("compute.networks.updatePolicy", "POST", "global/routes", f"projects/{PROJECT}/global/networks/cluster-net"),
        ("compute.instances.use", "POST", "global/routes", f"projects/{PROJECT}/{INSTANCE}"),
        (
            "compute.networks.get",
            "GET",
            "global/networks/cluster-net",
            f"projects/{PROJECT}/global/networks/cluster-net",
        ),
        ("compute.projects.get", "GET", "", f"projects/{PROJECT}"),
        ("compute.instanceTemplates.list", "GET", "aggregated/instanceTemplates", f"projects/{PROJECT}"),
        (
            "compute.globalOperations.get",
            "POST",
            "global/operations/o-1/wait",
            f"projects/{PROJECT}/global/operations/o-1",
        ),
    ],
)
def test_a_missing_permission_is_named(
    lab: Lab, rest: Rest, permission: str, method: str, path: str, resource: str
) -> None:
    """403 forbidden, in Google's words, with the permission and the resource."""
    lab.gce.denied_permissions = {permission}
    answer = rest.call(method, path, route() if method == "POST" and path == "global/routes" else None)
    assert (answer.status, answer.reason) == (403, "forbidden")
    assert answer.message == f"Required '{permission}' permission for '{resource}'"


def test_the_sdk_says_forbidden(lab: Lab) -> None:
    """google-cloud-compute turns it into its own exception."""
    lab.gce.denied_permissions = {"compute.routes.list"}
    with pytest.raises(exceptions.Forbidden, match=r"compute\.routes\.list"):
        list(sdk(lab, "RoutesClient").list(project=PROJECT))


def test_an_unknown_project_is_not_found(lab: Lab) -> None:
    """404, with the project."""
    rest = Rest(lab, "no-such-project")
    answer = rest.get("global/routes")
    rest.close()
    assert (answer.status, answer.reason) == (404, "notFound")
    assert "projects/no-such-project" in answer.message


@pytest.mark.parametrize("path", ["global/unicorns", "global/routes/", "zones/b/instances/x/y", "global/routes/a/b"])
def test_unknown_paths_are_not_found(rest: Rest, path: str) -> None:
    """What the API does not have is 404."""
    assert rest.call("PATCH", path).status == 404


def test_methods_that_do_not_exist_are_not_found(rest: Rest) -> None:
    """Routes cannot be updated, only made and deleted."""
    assert rest.call("PUT", "global/routes/r1", route()).status == 404


@pytest.mark.parametrize("query", [{"colour": "red"}, {"requestId": "x"}, {"mostDisruptiveAllowedAction": "REFRESH"}])
def test_unknown_query_parameters_are_refused(rest: Rest, query: dict[str, str]) -> None:
    """Also those that other methods have."""
    answer = rest.get("global/routes", **query)
    assert answer.status == 400
    assert f'Unknown name "{next(iter(query))}"' in answer.message


@pytest.mark.parametrize("value", ["SOFT", "refresh", "INVALID"])
def test_actions_are_from_the_list(rest: Rest, value: str) -> None:
    """MostDisruptiveAllowedAction is NO_EFFECT, REFRESH or RESTART."""
    answer = rest.call("PUT", INSTANCE, rest.get(INSTANCE).body, mostDisruptiveAllowedAction=value)
    assert answer.status == 400
    assert "mostDisruptiveAllowedAction" in answer.message


def test_a_body_that_is_no_object_is_refused(rest: Rest) -> None:
    """JSON that is a list, or no JSON at all, is 400."""
    assert rest.call("POST", "global/routes", [route()]).status == 400
    assert rest.call("POST", "global/routes", "text").status == 400


def test_names_in_paths_are_checked(rest: Rest) -> None:
    """A name that cannot exist is 400, not 404."""
    assert rest.get("global/routes/Upper").status == 400


def test_quotas_refill_with_the_minute(lab: Lab, rest: Rest) -> None:
    """Each group has so many requests a minute of the clock; over it is 403 rateLimitExceeded."""
    now = 600.0
    lab.gce.throttle.clock = lambda: now
    lab.gce.throttle.limits = {"list": 2}
    answers = [rest.get("global/routes") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 403]
    assert answers[2].reason == "rateLimitExceeded"
    assert rest.get("").status == 200
    now = 659.9
    assert rest.get("global/routes").status == 403
    now = 660.0
    assert rest.get("global/routes").status == 200


def test_operation_reads_have_their_own_quota(lab: Lab, rest: Rest) -> None:
    """Polling costs quota, apart from changes."""
    lab.gce.throttle.limits = {"operation_read": 0}
    operation = rest.call("POST", "global/routes", route())
    assert operation.status == 200
    assert rest.get(f"global/operations/{operation.body['name']}").reason == "rateLimitExceeded"
