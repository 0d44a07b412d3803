"""What is said when the Lease cannot be had: who holds it, since when, and what to do (pure)."""

from __future__ import annotations

from l2bridge_helpers.lease_record import GROUP, LABEL, NAME, Record

_UNAUTHORIZED, _FORBIDDEN = 401, 403


def in_vain(name: str, found: Record | None, why: str, waited: float, duration: int) -> str:
    """Return the error when the Lease was not free in time.

    Args:
        name: of the Lease.
        found: it, with who holds it; None: unknown.
        why: what stood against it.
        waited: seconds.
        duration: seconds after which a Lease that says none falls free.

    """
    told = f"waited {waited:.0f} s for it"
    if not found:
        return f"{name} {why or 'is taken by others again and again'}; {told}; run again"
    until = f"falls free {found.seconds or duration} s after the last sign of life, without your doing"
    return (
        f"{name} {why}: another apply changes this cluster; {told}. Let it finish and run again (the plan is made anew)"
        f", or wait longer (parameter lock_timeout); if it crashed, the Lease {until}"
    )


def refusal(name: str, namespace: str, status: int, text: str) -> str:
    """Return the error when the API refuses, with its own words."""
    if status == _FORBIDDEN and "being terminated" not in text:
        todo = (
            f"the lock needs get, create and update on leases.{GROUP} in namespace {namespace!r}: apply this Role there"
            f" and bind it to the user (kubectl create rolebinding): {role(namespace)}"
        )
    elif status == _UNAUTHORIZED:
        todo = "sign in again, then run again"
    else:
        todo = f"parameter lease_namespace: {namespace!r} cannot be used; give a namespace that is there and stays"
    return f"{name} cannot be taken: {text}; {todo}"


def foreign(name: str) -> str:
    """Return the error when somebody else has made a Lease of our name."""
    return (
        f"{name} was not made by l2bridge: it has no label {LABEL}={NAME}; give another lease_namespace,"
        " or delete that Lease if nobody needs it"
    )


def role(namespace: str) -> str:
    """Return the Role that lets somebody take the lock, on one line that `kubectl apply -f -` reads (YAML)."""
    rules = (
        f"{{apiGroups: [coordination.k8s.io], resources: [leases], resourceNames: [{NAME}], verbs: [get, update]}}, "
        "{apiGroups: [coordination.k8s.io], resources: [leases], verbs: [create]}"
    )
    return (
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, "
        f"metadata: {{name: l2bridge-lock, namespace: {namespace}}}, rules: [{rules}]}}"
    )
