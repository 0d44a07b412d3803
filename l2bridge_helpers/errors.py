"""What ends a run: one tree of errors, each with a text that says what to do next.

::

    L2BridgeError
    ├── ParameterError       a parameter is refused before the first call
    ├── KubernetesError      the kubeconfig or the Kubernetes API cannot be read
    ├── CloudError           the cloud refused a call, or failed it
    │   ├── UnreachableError     the cloud does not answer, or keeps failing
    │   ├── CredentialsError     no credentials, or expired ones
    │   ├── AccessDeniedError    the credentials lack a permission (named)
    │   ├── PolicyError          an organization policy forbids the change
    │   └── QuotaError           the cloud's limit for this resource is reached
    ├── BlockedError         findings or conflicts forbid `apply`; nothing was sent
    ├── LockError            another `apply` holds this cluster's Lease, or ours was lost
    ├── JournalError         the journal cannot be opened, read or written
    ├── ApplyError           some changes failed; the others were made
    ├── VerifyError          a fresh read does not show what was asked for
    ├── DriftError           `check` found something out of place
    └── DataError            a file of ours (plan, saved state) cannot be used
"""

from __future__ import annotations

from l2bridge_helpers.printable import printable


class L2BridgeError(Exception):
    """Base of every error of this package. Its text is complete: what, which, and what to do."""

    def __init__(self, text: str = "") -> None:
        """Keep the text, with control characters written out: names from outside must not forge lines of a log."""
        super().__init__(printable(text))

    def _render_traceback_(self, *_args: object) -> list[str]:
        """Show the text alone in notebooks: the frames of an SDK help nobody at night (IPython protocol)."""
        return [f"{type(self).__name__}: {self}"]


class ParameterError(L2BridgeError):
    """A parameter's value is refused before the first call."""


class KubernetesError(L2BridgeError):
    """The kubeconfig or the Kubernetes API cannot be read."""


class CloudError(L2BridgeError):
    """The cloud refused a call, or failed it.

    Attributes:
        refused: whether this very request is known to have changed nothing, whatever stands there now.

    """

    refused: bool = False


class UnreachableError(CloudError):
    """The cloud does not answer, or keeps failing: what is asked next will fare no better."""


class CredentialsError(CloudError):
    """There are no credentials, or they have expired."""


class AccessDeniedError(CloudError):
    """The credentials lack a permission; the text names it."""


class PolicyError(CloudError):
    """An organization policy forbids the change; the text names it."""


class QuotaError(CloudError):
    """The cloud's limit for a resource is reached."""


class BlockedError(L2BridgeError):
    """Findings or conflicts forbid `apply`; nothing was sent."""


class LockError(L2BridgeError):
    """Another `apply` holds this cluster's Lease, or the Lease cannot be taken; nothing was sent."""


class JournalError(L2BridgeError):
    """The journal cannot be opened, read or written; what cannot be written down is not sent."""


class ApplyError(L2BridgeError):
    """Some changes failed, or some nodes could not be served; everything else was done."""


class VerifyError(L2BridgeError):
    """A fresh read does not show what was asked for."""


class DriftError(L2BridgeError):
    """`check` found something out of place."""


class DataError(L2BridgeError):
    """A file of ours cannot be read as what it should be."""
