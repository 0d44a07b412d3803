"""Make a cloud network carry Kubernetes pods without encapsulation: what the runbooks in `notebooks/` are made of.

One way, no loops::

    Kubernetes --list_nodes--> nodes --+
                                       +--> check --> findings
    cloud ------observe------> fabric -+--> plan ---> changes --apply--> results --observe again--> prove
                                       +--> reach --> who reaches whom: now, and by `foresee` after the plan

`check`, `plan`, `reach`, `explain`, `foresee`, `verify` and the pictures are pure. Only a cloud's adapter and the
Kubernetes reader do I/O.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from l2bridge_helpers.apply import apply
    from l2bridge_helpers.checks import check
    from l2bridge_helpers.errors import L2BridgeError
    from l2bridge_helpers.explain import explain
    from l2bridge_helpers.foresee import foresee
    from l2bridge_helpers.nodes import list_nodes
    from l2bridge_helpers.pictures.matrix import matrix
    from l2bridge_helpers.pictures.topology import topology
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

_WHERE = {
    "apply": "apply",
    "check": "checks",
    "L2BridgeError": "errors",
    "explain": "explain",
    "foresee": "foresee",
    "list_nodes": "nodes",
    "matrix": "pictures",
    "topology": "pictures",
    "plan": "plan",
    "prove": "prove",
    "reach": "reach",
    "verify": "verify",
}
"""What the package gives -> the module that has it."""


class _Package(ModuleType):
    """The package, which imports what it gives when it is asked for it: `l2bridge --help` waits for none of it.

    Some modules are called like their function. The function is what the package gives, so the module that the import
    system would set under that name is not set.
    """

    def __getattr__(self, name: str) -> object:
        if name not in _WHERE:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{self.__name__}.{_WHERE[name]}"), name)

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _WHERE and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
# An optional grammar of jsonschema's that nobody needs here. To build it takes longer than all else that a run imports:
# papermill comes with jsonschema, and so does the Kubernetes client where kubernetes-validate is installed.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
