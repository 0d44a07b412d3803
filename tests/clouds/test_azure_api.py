"""What the connection to ARM does and does not do, whatever the plan."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from azure.core.credentials import AccessToken
from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.rest import HttpRequest
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy
from werkzeug import Request, Response

from l2bridge_helpers.clouds.azure_api import AzureApi
from l2bridge_helpers.clouds.azure_client import OnlyThere, client_options
from l2bridge_helpers.errors import CloudError
from l2bridge_helpers.lab.server import Server
from l2bridge_helpers.pace import Pace
from l2bridge_helpers.pace_limits import AZURE

SEEN: list[str] = []


def _arm(link: str) -> Iterator[Server]:
    def answer(request: Request) -> Response:
        SEEN.append(request.path)
        headers = {"Location": link, "Azure-AsyncOperation": link}
        if request.method == "PUT":
            return Response("{}", 201, headers, content_type="application/json")
        return Response(json.dumps({"value": [], "nextLink": link}), content_type="application/json")

    SEEN.clear()
    server = Server(answer)
    yield server
    server.close()


@pytest.fixture
def elsewhere() -> Iterator[Server]:
    """A server whose answers lead to another one."""
    yield from _arm("http://localhost:1/next")


@pytest.mark.parametrize("read", ["interfaces", "scale_sets"])
def test_a_next_page_on_another_host_is_not_asked_for(elsewhere: Server, read: str) -> None:
    """A token would travel there."""
    with pytest.raises(CloudError, match=r"leads to localhost:1, which is not asked"):
        getattr(AzureApi("sub", elsewhere.url), read)("rg")
    assert len(SEEN) == 1


def test_an_operation_on_another_host_is_not_asked_for(elsewhere: Server) -> None:
    """Nor is it taken for done."""
    with pytest.raises(CloudError, match=r"leads to localhost:1, which is not asked"):
        AzureApi("sub", elsewhere.url).put_interface("rg", "nic", {"etag": "1"})
    assert {path.rpartition("/")[2] for path in SEEN} == {"nic"}


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    """An answer that leads elsewhere is an error."""
    hits: list[str] = []

    def answer(request: Request) -> Response:
        hits.append(request.path)
        return Response("", status, {"Location": "/elsewhere"})

    server = Server(answer)
    with pytest.raises(CloudError):
        AzureApi("sub", server.url).interface("rg", "nic")
    server.close()
    assert len(hits) == 1


def test_no_provider_is_registered_behind_our_back() -> None:
    """The SDK's usual pipeline answers such a refusal by a write."""
    hits: list[str] = []

    def answer(request: Request) -> Response:
        hits.append(f"{request.method} {request.path}")
        error = {"code": "MissingSubscriptionRegistration", "message": "The subscription is not registered"}
        return Response(json.dumps({"error": error}), 409, content_type="application/json")

    server = Server(answer)
    with pytest.raises(CloudError, match="MissingSubscriptionRegistration"):
        AzureApi("sub", server.url).interfaces("rg")
    server.close()
    assert [hit.partition(" ")[0] for hit in hits] == ["GET"]


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"value": 7}', b'{"value": [7]}', b'"text"', b""])
def test_an_answer_of_another_form_is_one_line_of_ours(body: bytes) -> None:
    """Whatever stands in the way of Azure."""
    server = Server(lambda _: Response(body, content_type="application/json"))
    with pytest.raises(CloudError, match="could not list network interfaces of group rg") as caught:
        AzureApi("sub", server.url).interfaces("rg")
    server.close()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/x",
        r"https://evil.example\@management.azure.com/x",
        r"https://evil.example\.management.azure.com/x",
        "https://management.azure.com@evil.example/x",
        "https://me@management.azure.com/x",
        "http://management.azure.com/x",
        "https://management.azure.com:8443/x",
        "https://management.azure.com.evil.example/x",
        "https://evilmanagement.azure.com/x",
        "https://evil.example#@management.azure.com/x",
        "https://evil.example?@management.azure.com/x",
    ],
)
def test_no_way_of_writing_an_address_leads_elsewhere(link: str) -> None:
    """What is asked is what the guard has read: both parse with the same parser."""
    guard = OnlyThere("https://management.azure.com")
    with pytest.raises(CloudError, match="which is not asked"):
        guard.on_request(PipelineRequest(HttpRequest("GET", link), PipelineContext(None)))


def test_the_endpoint_and_its_regions_are_asked() -> None:
    """ARM's operations may live in a region: nothing of these is refused."""
    guard, asked = OnlyThere("https://management.azure.com"), []
    for link in ("https://management.azure.com/x?a=b", "https://westeurope.management.azure.com/x"):
        guard.on_request(PipelineRequest(HttpRequest("GET", link), PipelineContext(None)))
        asked.append(link)
    assert len(asked) == 2


@pytest.mark.parametrize("etag", [{}, {"etag": ""}, {"etag": None}])
def test_nothing_is_written_without_an_etag(etag: dict[str, object]) -> None:
    """Somebody's change could be overwritten."""
    with pytest.raises(CloudError, match="no ETag"):
        AzureApi("sub", "http://127.0.0.1:9").put_interface("rg", "nic", {"id": "x", **etag})
    with pytest.raises(CloudError, match="no ETag"):
        AzureApi("sub", "http://127.0.0.1:9").put_subnet("rg", "vnet", "subnet", {"id": "x", **etag})
    with pytest.raises(CloudError, match="no ETag"):
        AzureApi("sub", "http://127.0.0.1:9").put_route_table("rg", "table", {"id": "x", **etag})


@pytest.mark.parametrize(
    ("endpoint", "scope"),
    [
        ("https://management.azure.com", "https://management.azure.com/.default"),
        ("https://management.usgovcloudapi.net", "https://management.core.usgovcloudapi.net/.default"),
        ("https://management.chinacloudapi.cn", "https://management.chinacloudapi.cn/.default"),
        ("https://management.local.azurestack.external", "https://management.local.azurestack.external/.default"),
    ],
)
def test_each_cloud_is_asked_with_a_token_for_it(endpoint: str, scope: str) -> None:
    """A token of one cloud is no use in another."""
    asked: list[str] = []

    class Credential:
        """Notes what it is asked for."""

        def get_token(self, *scopes: str, **_: object) -> AccessToken:
            asked.extend(scopes)
            return AccessToken("token", 2**31)

    request = PipelineRequest(HttpRequest("GET", f"{endpoint}/x"), PipelineContext(None))
    for policy in client_options(endpoint, Credential(), Pace(AZURE))["policies"]:
        if isinstance(policy, ARMChallengeAuthenticationPolicy):
            policy.on_request(request)
    assert asked == [scope]
    assert request.http_request.headers["Authorization"] == "Bearer token"
