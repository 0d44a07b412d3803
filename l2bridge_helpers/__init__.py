"""Make a cloud network carry Kubernetes pods without encapsulation: what the runbooks in `notebooks/` are made of.

One way, no loops::

    Kubernetes --list_nodes--> nodes --+
                                       +--> check --> findings
    cloud ------observe------> fabric -+--> plan ---> changes --apply--> results --observe again--> prove
                                       +--> reach --> who reaches whom: now, and by `foresee` after the plan

`check`, `plan`, `reach`, `explain`, `foresee`, `verify` and the pictures are pure. Only a cloud's adapter and the
Kubernetes reader do I/O.
"""

from l2bridge_helpers.apply import apply
from l2bridge_helpers.checks import check
from l2bridge_helpers.errors import L2BridgeError
from l2bridge_helpers.explain import explain
from l2bridge_helpers.foresee import foresee
from l2bridge_helpers.nodes import list_nodes
from l2bridge_helpers.pictures import matrix, topology
from l2bridge_helpers.plan import plan
from l2bridge_helpers.prove import prove
from l2bridge_helpers.reach import reach
from l2bridge_helpers.verify import verify

__version__ = "0.1.0"
__all__ = [
    "L2BridgeError",
    "apply",
    "check",
    "explain",
    "foresee",
    "list_nodes",
    "matrix",
    "plan",
    "prove",
    "reach",
    "topology",
    "verify",
]
