"""The Kubernetes API: which cluster, and its objects as plain JSON. Only this and kube_lease.py call Kubernetes."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import urllib3
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from l2bridge_helpers.errors import KubernetesError
from l2bridge_helpers.kubeconfig import load_kubeconfig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = 500
_TIMEOUT = (5, 30)
"""Seconds to connect, seconds to read."""
_RESTARTS = 3
"""How often a list begins anew when its continue token has expired."""


class Kube:
    """A connection to one cluster's API that reads nodes and ConfigMaps; the lock (lease.py) is held through it, too.

    Needs `nodes: list` and `configmaps: get`. Opening it sends nothing.

    Raises:
        KubernetesError: the kubeconfig is missing or broken, or has no such context.

    """

    def __init__(self, kubeconfig: str = "", context: str = "") -> None:
        """Load `kubeconfig` (empty: the usual loading rules, then in-cluster) and choose `context` (empty: current)."""
        configuration = client.Configuration()
        configuration.retries = urllib3.Retry(
            total=3,
            backoff_factor=0.3,
            backoff_jitter=0.2,
            status_forcelist=(429, 500, 502, 503, 504),
            allowed_methods=("GET",),
            raise_on_status=False,
        )
        self.target = load_kubeconfig(kubeconfig, context, configuration)
        self._configuration = configuration
        self._api = client.CoreV1Api(client.ApiClient(configuration))

    def list_nodes(self) -> list[dict[str, Any]]:
        """Return every Node object, read in pages from one consistent list.

        Raises:
            KubernetesError: the API cannot be reached, refuses, or answers with something that is no node list.

        """
        for _ in range(_RESTARTS):
            try:
                return [node for page in self._node_pages() for node in page]
            except _ExpiredError:
                continue
        raise KubernetesError(
            f"{self.name}: the node list changed faster than it could be read ({_RESTARTS} times 410 Gone); run again"
        )

    def config_map(self, namespace: str, name: str) -> dict[str, Any] | None:
        """Return the ConfigMap's data, or None when there is none.

        Raises:
            KubernetesError: the API cannot be reached or refuses.

        """
        try:
            answer = self._get(self._api.read_namespaced_config_map, name=name, namespace=namespace)
        except _NotFoundError:
            return None
        data = answer.get("data")
        return data if isinstance(data, dict) else {}

    def without_retries(self) -> client.ApiClient:
        """Return a client that sends every request once, with the same credentials: who writes looks before it retries.

        A copy that is shallow: what renews a token renews it for both.
        """
        configuration = copy.copy(self._configuration)
        configuration.retries = urllib3.Retry(0, redirect=0, raise_on_status=False)
        return client.ApiClient(configuration)

    @property
    def name(self) -> str:
        """The API in an error: its address and the context that it was chosen by."""
        return f"Kubernetes API {self.target.server} (context {self.target.context or 'in-cluster'})"

    def _node_pages(self) -> Iterator[list[dict[str, Any]]]:
        token, seen = "", {""}
        while True:
            more = {"_continue": token} if token else {}
            try:
                answer = self._get(self._api.list_node, limit=PAGE, **more)
            except _NotFoundError as err:
                raise KubernetesError(f"{err}; is this server a Kubernetes API?") from err
            items, token = self._page(answer)
            yield items
            if not token:
                return
            if token in seen:
                raise KubernetesError(f"{self.name}: sends the same page of nodes again and again; is there a proxy?")
            seen.add(token)

    def _page(self, answer: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
        """Return a page's nodes, and the token of the next page ("" for none)."""
        items, metadata = answer.get("items"), answer.get("metadata", {})
        if answer.get("kind") != "NodeList" or not isinstance(items, list) or not isinstance(metadata, dict):
            raise KubernetesError(
                f"{self.name}: the answer ({answer.get('kind')!r}) is no whole NodeList; is this a Kubernetes API?"
            )
        return items, metadata.get("continue") or ""

    def _get(self, call: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
        try:
            response = call(**arguments, _preload_content=False, _request_timeout=_TIMEOUT)
            answer = json.loads(response.data)
        except ApiException as err:
            raise self._explain(err) from err
        except urllib3.exceptions.HTTPError as err:
            raise KubernetesError(
                f"{self.name} does not answer: {root_of(err)}; check the address, VPN and firewall, then run again"
            ) from err
        except (ValueError, RecursionError) as err:
            raise KubernetesError(f"{self.name}: the answer is not JSON ({err}); is this a Kubernetes API?") from err
        if not isinstance(answer, dict):
            raise KubernetesError(
                f"{self.name}: the answer is a {type(answer).__name__}, not an object; is this a Kubernetes API?"
            )
        return answer

    def _explain(self, err: ApiException) -> KubernetesError:
        if err.status == 410:  # noqa: PLR2004 - HTTP Gone
            return _ExpiredError(str(err.reason))
        message = status_message(err)
        if err.status == 404:  # noqa: PLR2004 - HTTP Not Found
            return _NotFoundError(f"{self.name}: {message}")
        if err.status in (401, 403):
            todo = "sign in again" if err.status == 401 else "grant nodes list and configmaps get"  # noqa: PLR2004
            return KubernetesError(f"{self.name} refuses: {message}; {todo}, then run again")
        return KubernetesError(f"{self.name} fails with {err.status}: {message}; run again later")


class _ExpiredError(KubernetesError):
    """410 Gone: the list has to begin anew."""


class _NotFoundError(KubernetesError):
    """404: no such object."""


def status_message(err: ApiException) -> str:
    """Return the API's own words for a refusal."""
    try:
        return str(json.loads(err.body or "")["message"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return f"{err.status} {err.reason}"


def root_of(err: BaseException) -> str:
    """Return the innermost reason of a chained client error, on one line."""
    reason = getattr(err, "reason", None)
    inner = reason if isinstance(reason, BaseException) else err
    return " ".join(str(inner).split(": ", 1)[-1].split())
