"""The lab: a world, served."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from werkzeug import Response

from l2bridge_helpers.lab.clock import Clock
from l2bridge_helpers.lab.faults import Fault, Match
from l2bridge_helpers.lab.gce.api import Api as GceApi
from l2bridge_helpers.lab.gce.state import State as GceState
from l2bridge_helpers.lab.hooks import Hooks
from l2bridge_helpers.lab.kube.api import KubeApi
from l2bridge_helpers.lab.kube.state import KubeState
from l2bridge_helpers.lab.kubeconfig import CONTEXT, write_kubeconfig
from l2bridge_helpers.lab.limits import LIMITS
from l2bridge_helpers.lab.machines import delete_machine, replace_machine
from l2bridge_helpers.lab.record import Record, Request
from l2bridge_helpers.lab.server import Server
from l2bridge_helpers.lab.service import Api, Boundaries, Boundary, Service
from l2bridge_helpers.lab.snapshot import snapshot
from l2bridge_helpers.lab.throttle import Throttle
from l2bridge_helpers.lab.troubles import trouble, usual_match
from l2bridge_helpers.lab.world import World

if TYPE_CHECKING:
    from l2bridge_helpers.lab.aws.state import State as AwsState
    from l2bridge_helpers.lab.azure.state import State as AzureState


class Lab:
    """Serves a world's Kubernetes API and cloud API on loopback, until it is closed.

    Attributes:
        endpoint: the cloud API's URL.
        kubeconfig: a file for kubectl and the Kubernetes clients.
        platform: the world's.
        clock: what limits, latencies and operations go by; `clock.speed = 20` lets it run faster than real time.
        gce, aws, azure: hooks of that platform's API: faults, latency, lag, denied_permissions or denied_actions, ...
        kubernetes: hooks of the Kubernetes API: faults, latency, denied, expire_continue().

    """

    aws: AwsState
    azure: AzureState

    def __init__(
        self,
        world: World,
        *,
        folder: Path | str | None = None,
        port: int = 0,
        kubernetes_port: int = 0,
        on_request: Callable[[Request], None] | None = None,
    ) -> None:
        """Start to serve a copy of this world.

        Args:
            world: what to serve.
            folder: where to write the kubeconfig; None: a temporary folder that goes when the lab is closed.
            port: of the cloud API; 0: any free one.
            kubernetes_port: of the Kubernetes API; 0: any free one.
            on_request: called with each request after it was answered.

        Raises:
            LabError: a port cannot be used.

        """
        live = world.copy()
        self.platform = live.platform
        self.clock = Clock()
        self._live = live
        self._boundaries = Boundaries()
        self.gce = GceState(live, clock=self.clock)
        self.kubernetes = KubeState(live, lock=self.gce.lock, clock=self.clock)
        self._record = Record(on_request)
        with ExitStack() as stack:
            place = Path(folder) if folder else Path(stack.enter_context(TemporaryDirectory(prefix="l2bridge-lab-")))
            self.endpoint = self._serve_cloud(stack, port)
            server = self._serve(stack, "kubernetes", KubeApi(self.kubernetes), self.kubernetes, kubernetes_port)
            self.kubeconfig = write_kubeconfig(place, server=server, cluster=live.cluster)
            self._stack = stack.pop_all()

    def _serve_cloud(self, stack: ExitStack, port: int) -> str:
        """Serve the cloud API of the world's platform; return its URL, "" where there is no cloud."""
        if self.platform == "gce":
            return self._serve(stack, "gce", GceApi(self.gce), self.gce, port)
        if self.platform == "aws":
            return self._serve_aws(stack, port)
        return self._serve_azure(stack, port) if self.platform == "azure" else ""

    def _serve_aws(self, stack: ExitStack, port: int) -> str:
        from l2bridge_helpers.lab.aws import api, state  # botocore is of no use to the other platforms

        self.aws = state.State(self._live, lock=self.gce.lock, clock=self.clock)
        return self._serve(stack, "aws", api.Api(self.aws), self.aws, port, api.trouble)

    def _serve_azure(self, stack: ExitStack, port: int) -> str:
        from l2bridge_helpers.lab.azure import api, state  # nor are Azure's models

        self.azure = state.State(self._live, lock=self.gce.lock, clock=self.clock)
        served = api.Api(self.azure)
        return self._serve(stack, "azure", served, self.azure, port, served.trouble)

    @property
    def world(self) -> World:
        """The live world: what is changed here is changed for every client."""
        (self.azure if self.platform == "azure" else self.gce).settle()
        return self._live

    def snapshot(self, counters: bool = True) -> str:  # noqa: FBT001, FBT002 - a question with an obvious answer
        """Return the state of the world as JSON text, the same text for the same state.

        Args:
            counters: also what the cloud renews by itself with each write: ETags, fingerprints, resource versions, and
                ids and creation times of routes and firewall rules. Without them, a world that was changed and put
                back reads like the one before.

        Operations whose time has not come have not happened.

        """
        with self.gce.lock:
            world = self.world
            if self.platform == "azure":
                self.azure.refresh()
            return snapshot(world, counters=counters)

    @property
    def parameters(self) -> dict[str, str]:
        """Parameters for the notebook."""
        return {
            "kubeconfig": str(self.kubeconfig),
            "context": CONTEXT,
            "cluster": self._live.cluster,
            **self._live.parameters,
            "endpoint": self.endpoint,
        }

    @property
    def cloud(self) -> Hooks:
        """Hooks of the cloud API of this world's platform; of Kubernetes where there is no cloud."""
        found: Hooks = getattr(self, self.platform, self.kubernetes)
        return found

    def limit(self, *, from_now: bool = False) -> None:
        """Throttle as the cloud publishes it (see `l2bridge_helpers.lab.limits`), from full buckets on.

        Args:
            from_now: minutes begin now, not with those of the clock, so that two runs can be compared.

        """
        hooks = self.cloud
        origin = self.clock.now() if from_now else 0.0
        hooks.throttle = Throttle(LIMITS.get(self.platform, {}), self.clock.now, origin)

    def trouble(self, kind: str, match: Match | None = None, *, service: str = "", **more: Any) -> Fault:
        """Make trouble of a kind, in the service's own form.

        Args:
            kind: see `l2bridge_helpers.lab.troubles`, e.g. "throttled", "reset after", "expired credentials".
            match: which requests; a function of the `Request`, or a method and a regular expression to search in the
                path ("": any). None: all, or for "expired page" those that ask for a later page.
            service: "kubernetes"; "": the cloud of the world's platform.
            more: arguments of `Faults.add`, e.g. `times` (1; None: always), `skip`, `seconds`.

        Raises:
            LabError: the service has no such trouble.

        """
        name = service or (self.platform if hasattr(self, self.platform) else "kubernetes")
        hooks: Hooks = getattr(self, name)
        return hooks.faults.add(match or usual_match(kind), **{**trouble(name, kind), **more})

    def delete_machine(self, node: str) -> None:
        """Remove a node and its machine; use it as a fault's `do` to let it happen at a request."""
        with self.gce.lock:
            delete_machine(self._live, node)

    def replace_machine(self, node: str) -> None:
        """Put another machine of the same name and addresses in a node's place, nothing done to it yet."""
        with self.gce.lock:
            replace_machine(self._live, node)

    def on_boundary(self, callback: Boundary | None) -> None:
        """Call back on both sides of each change that a client asks for, on all servers; None: no more.

        The callback gets the request, and "before" (nothing is done yet) or "after" (the work is done, the client does
        not know). It runs in the thread of the request: it may wait, or kill a process. If it returns True, the client
        is hung up on.
        """
        self._boundaries.callback = callback

    @property
    def requests(self) -> list[Request]:
        """Every request until now, in the order of arrival."""
        return self._record.snapshot()

    @property
    def writes(self) -> list[Request]:
        """The requests that change something, whether they were granted or not."""
        return [request for request in self.requests if request.mutates]

    def close(self) -> None:
        """Stop both servers and remove the temporary folder. Closing twice does no harm."""
        self.clock.stop()
        self._stack.close()

    def __enter__(self) -> Self:
        """Return the lab."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def _serve(
        self,
        stack: ExitStack,
        name: str,
        api: Api,
        hooks: Hooks,
        port: int,
        trouble: Callable[[Fault], Response] | None = None,
    ) -> str:
        service = Service(name, api, hooks, self._record, self._boundaries, trouble=trouble)
        server = Server(service, port=port)
        stack.callback(server.close)
        return server.url
