"""How long it takes to judge all pairs: `python bench/reach.py [NODES ...]`, one line per size.

`seconds` is the whole of `reach`, the matrix of all pairs included; `extra_mb` is what it takes at most beyond its
inputs; `explain_ms` is one pair explained, the median of 200. The yardstick from the same run, `walk_s`, is how long it
would take to explain every pair, one by one.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import pandas as pd

from l2bridge_helpers.clouds.gce_dialect import instance_path
from l2bridge_helpers.explain import Explainer
from l2bridge_helpers.fabric import Fabric, Instance, Nic, Route, RouteTable, Subnet
from l2bridge_helpers.filters import FIREWALL, Rule
from l2bridge_helpers.nodes import COLUMNS, NodeRow
from l2bridge_helpers.reach import reach

PROJECT, ZONE = "bench-project", "europe-west1-b"
NETWORK = f"projects/{PROJECT}/global/networks/main"
SUBNET = f"projects/{PROJECT}/regions/europe-west1/subnetworks/nodes"
SAMPLES = 200
MB = 1 << 20
_Value = TypeVar("_Value")


def main() -> None:
    """Print one line per size."""
    for word in sys.argv[1:] or ["100", "1000", "5000"]:
        print(_line(*_world(int(word))))


def _line(nodes: pd.DataFrame, fabric: Fabric) -> str:
    seconds, pairs = _timed(lambda: _matrix(nodes, fabric))
    extra = _extra_mb(lambda: _matrix(nodes, fabric))
    explainer = Explainer(nodes, fabric)
    dice = random.Random(len(nodes))  # noqa: S311 - the same pairs each time, not a secret
    asked = [dice.sample(list(nodes["nodeName"]), 2) for _ in range(SAMPLES)]
    explained = statistics.median(_timed(partial(explainer.explain, *pair))[0] for pair in asked)
    return (
        f"reach nodes={len(nodes)} pairs={pairs} seconds={seconds:.2f} extra_mb={extra:.0f} "
        f"explain_ms={1000 * explained:.2f} walk_s={explained * pairs:.0f}"
    )


def _matrix(nodes: pd.DataFrame, fabric: Fabric) -> int:
    """Judge all pairs, and make the whole matrix; return how many there are."""
    found = reach(nodes, fabric, cluster="bench")
    for family in found.families:
        family.matrix()
    return found.pairs


def _world(count: int) -> tuple[pd.DataFrame, Fabric]:
    """Return a network of GCE in which one of everything is wrong at some nodes: flags, routes, rules."""
    rows, machines, routes = [], [], []
    for number in range(count):
        name = f"node-{number}"
        ip = f"10.{128 + number // 65536}.{number // 256 % 256}.{number % 256}"
        cidr = f"100.{64 + number // 256}.{number % 256}.0/24"
        path = instance_path(PROJECT, ZONE, name)
        rows.append(NodeRow(name, ip, cidr, "linux", True, f"gce://{PROJECT}/{ZONE}/{name}", ip, "host-gw"))  # noqa: FBT003
        tags = ("guarded",) if number % 50 == 0 else ()
        nic = Nic(f"{path}/nic0", (f"{ip}/32",), SUBNET, NETWORK, forwarding=number % 7 != 0)
        machines.append(Instance(path, str(number), name, "RUNNING", (nic,), tags))
        if number % 5:
            hop = path if number % 11 else instance_path(PROJECT, ZONE, "node-1")
            routes.append(Route(f"r-{number}", cidr, hop, NETWORK))
    nodes = pd.DataFrame([[getattr(row, column) for column in COLUMNS] for row in rows], columns=list(COLUMNS))
    rules = (
        Rule(FIREWALL, NETWORK, "allow-pods", 1000, allow=True, inbound=True, sources=("100.64.0.0/10",)),
        Rule(
            FIREWALL,
            NETWORK,
            "deny-some",
            900,
            allow=False,
            inbound=True,
            sources=("100.64.3.0/24", "100.64.8.0/21"),
            on=("guarded",),
        ),
    )
    table = RouteTable(NETWORK, tuple(routes))
    subnet = Subnet(SUBNET, ("10.128.0.0/12",), NETWORK)
    return nodes, Fabric("gce", NETWORK, tuple(machines), (subnet,), (table,), rules=rules)


def _timed(work: Callable[[], _Value]) -> tuple[float, _Value]:
    start = time.perf_counter()
    value = work()
    return time.perf_counter() - start, value


def _extra_mb(work: Callable[[], object]) -> float:
    tracemalloc.start()
    work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / MB


if __name__ == "__main__":
    main()
