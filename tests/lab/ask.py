"""One plain read and one plain change for each platform's small world."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

import requests

from l2bridge_helpers.lab import Lab, world

PLATFORMS = ("gce", "aws", "azure")
_AWS = {"Version": "2016-11-15"}


@dataclass(frozen=True)
class Ask:
    """Plain HTTP to a lab's cloud API."""

    lab: Lab
    session: requests.Session

    def read(self, timeout: float = 20.0) -> requests.Response:
        """Read the first machine's interface, or instance."""
        return self._send("GET", timeout=timeout)

    def change(self, timeout: float = 20.0) -> requests.Response:
        """Turn the forwarding of that one round."""
        return self._send("PUT", timeout=timeout)

    def list(self, **query: str) -> requests.Response:
        """Read all of them; `query`: what to ask beside that."""
        return self._send("LIST", query)

    def forwards(self) -> bool:
        """Return whether a read shows that it forwards."""
        found = self.read()
        if self.lab.platform == "aws":
            return "<sourceDestCheck>false" in found.text
        body = found.json()
        return bool(body["canIpForward"] if self.lab.platform == "gce" else body["properties"]["enableIPForwarding"])

    def _send(self, what: str, query: dict[str, str] | None = None, *, timeout: float = 20.0) -> requests.Response:
        method, url, more = getattr(self, f"_{self.lab.platform}")(what)
        if query and "data" in more:
            more["data"] += "&" + urlencode(query)
        return self.session.request(method, url, timeout=timeout, params=query if "data" not in more else None, **more)

    def _gce(self, what: str) -> tuple[str, str, dict[str, object]]:
        item = self.lab.world.cloud("instances")[0]
        path = item["selfLink"].partition("/compute/v1/")[2]
        url = f"{self.lab.endpoint}/compute/v1/{path if what != 'LIST' else path.rpartition('/')[0]}"
        if what != "PUT":
            return "GET", url, {}
        body = item | {"canIpForward": not item["canIpForward"]}
        return "PUT", f"{url}?mostDisruptiveAllowedAction=REFRESH", {"json": body}

    def _aws(self, what: str) -> tuple[str, str, dict[str, object]]:
        nic = self.lab.world.cloud("NetworkInterfaces")[0]
        asked = {"Action": "DescribeNetworkInterfaces"}
        if what == "GET":
            asked |= {"NetworkInterfaceId.1": nic["NetworkInterfaceId"]}
        if what == "PUT":
            check = str(not nic["SourceDestCheck"]).lower()
            own = {"NetworkInterfaceId": nic["NetworkInterfaceId"], "SourceDestCheck.Value": check}
            asked = {"Action": "ModifyNetworkInterfaceAttribute", **own}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return "POST", f"{self.lab.endpoint}/", {"data": urlencode(_AWS | asked), "headers": headers}

    def _azure(self, what: str) -> tuple[str, str, dict[str, object]]:
        nic = self.lab.world.cloud("networkInterfaces")[0]
        path = nic["id"].rpartition("/")[0] if what == "LIST" else nic["id"]
        url = f"{self.lab.endpoint}{path}?api-version=2026-03-01"
        if what != "PUT":
            return "GET", url, {}
        turned = not nic["properties"]["enableIPForwarding"]
        return "PUT", url, {"json": nic | {"properties": nic["properties"] | {"enableIPForwarding": turned}}}


@contextmanager
def asking(platform: str) -> Iterator[Ask]:
    """Serve a platform's small world, its operations done at once, and ask it."""
    with Lab(world(f"{platform}-small")) as lab, requests.Session() as session:
        lab.gce.operation_seconds = 0.0
        yield Ask(lab, session)
