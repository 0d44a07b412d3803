"""The text around the tables of RESULTS.md."""

from __future__ import annotations

from collections.abc import Iterable

from bench.lower_bound import OPERATION_SECONDS, READ_SECONDS, WRITE_SECONDS
from bench.runners import Tool

_HOW = """\
Each run has a cluster of which nothing is done yet, on a lab of its own, in a process of its own. The lab grants what
the clouds publish (`l2bridge_helpers/lab/limits.py`; windows of a minute begin with the run) and takes {read:.0f} ms to
answer a read, {write:.0f} ms to answer a write, and then {gce:.1f} s (GCE) or {azure:.1f} s (Azure) for the operation.

*Real time*: the lab's clock could run faster, but the tools wait in real time between their attempts, and by the
seconds that an answer tells them; on a faster clock they would wait too long, each in its own way.

*Seconds* are those of the whole process, from its start to its end, with the import of an SDK and, for a loop with a
command line, the start of each command. *First answer* tells how many of them passed before the cloud or Kubernetes
gave the first answer. Nothing else is taken off for anybody.

*Requests* are those to the cloud, as the lab has logged them, with refused ones and with asking for operations;
requests to Kubernetes are not limited here, and not counted. *Throttled*: refused for the published limits.
*Failed*: changes that were refused for another reason, or got no answer, counted by attempt. *Right end state*: in the
lab's world every interface of a node forwards, the route to each pod CIDR leads to its node (GCE, Azure), the subnet
has the table (Azure), and nothing else has changed.
"""

BOUND = """\
What nobody can do without, computed from the published limits and the latencies alone (`bench/lower_bound.py`): any
number of clients sends the least set of requests, each as soon as what it needs is known and the limits grant it.

- AWS: list the interfaces; one change for each node's interface; list them again.
- GCE: list instances and routes; update each instance, insert each route; list both again.
- Azure: list interfaces, tables and networks; write each interface, the one table, then the subnet; list all again.

Pages of one list are asked for one after the other (1,000 interfaces of EC2, 500 resources of GCE, 100 of Azure);
everything that does not need another answer goes out at once. Reading the nodes from Kubernetes is not in it.
On GCE the methods of zones have quotas of their own, beside those of global methods, so 1,000 updates and 1,000 inserts
fit into one minute; were they counted together, 1,000 nodes would take 60 s.\
"""


def about(tools: Iterable[Tool]) -> str:
    """Return what was measured, and what each tool is."""
    how = _HOW.format(
        read=1000 * READ_SECONDS,
        write=1000 * WRITE_SECONDS,
        gce=OPERATION_SECONDS["gce"],
        azure=OPERATION_SECONDS["azure"],
    )
    kinds = [f"- **{tool.name}**: {tool.about}{_only(tool)}" for tool in tools]
    return "\n".join([how, "The tools:", "", *kinds])


def _only(tool: Tool) -> str:
    clouds = "" if len(tool.platforms) > 1 else f"; {tool.platforms[0]} only"
    return f"{clouds}; only up to {tool.most} nodes, since it is slow" if tool.most < 1000 else clouds  # noqa: PLR2004
