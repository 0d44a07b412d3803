"""Embedded clusters and clouds to practise and test on: real HTTP APIs on loopback, no account, no network.

>>> with Lab(world("gce-small")) as lab:
...     lab.parameters["cluster"]
'lab'

A lab keeps a log (`lab.requests`, `lab.writes`) and tells the state of its world as text (`lab.snapshot()`).
It can be told

- to be slow: `lab.cloud.latency`, `read_latency`, `write_latency`, `operation_seconds`;
- to throttle as the cloud does: `lab.limit()`, all by `lab.clock`, whose `speed` may be more than 1;
- to make trouble: `lab.trouble("throttled", times=3)`, see `l2bridge_helpers.lab.troubles`; `fail_operations`;
- to show old news: `lab.cloud.lag = 3`;
- to change machines under a run: `lab.replace_machine`, `lab.delete_machine`;
- to stop at each change: `lab.on_boundary(callback)`.
"""

from l2bridge_helpers.lab.catalogue import world, worlds
from l2bridge_helpers.lab.errors import LabError
from l2bridge_helpers.lab.lab import Lab
from l2bridge_helpers.lab.record import Request
from l2bridge_helpers.lab.world import World
from l2bridge_helpers.lab.worlds.aws_load import load_aws_world, load_bare_metal_world
from l2bridge_helpers.lab.worlds.azure_load import load_azure_world
from l2bridge_helpers.lab.worlds.load import load_gce_world

__all__ = [
    "Lab",
    "LabError",
    "Request",
    "World",
    "load_aws_world",
    "load_azure_world",
    "load_bare_metal_world",
    "load_gce_world",
    "world",
    "worlds",
]
