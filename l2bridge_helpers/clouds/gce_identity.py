"""Who Google takes us for: what the credentials say of themselves, without a request."""

from __future__ import annotations

from collections.abc import Callable

from google.auth.credentials import AnonymousCredentials, Credentials

from l2bridge_helpers.clouds.identity import LAB, or_unknown

_MACHINE = "default"
"""What a machine's service account is called until its first token has come."""


def gce_identity(credentials: Callable[[], Credentials]) -> str:
    """Return the e-mail address of the service account or user that the credentials are for; never raises."""
    return or_unknown(lambda: _name(credentials()))


def _name(credentials: Credentials) -> str:
    if isinstance(credentials, AnonymousCredentials):
        return LAB
    account = getattr(credentials, "service_account_email", None) or getattr(credentials, "account", None) or ""
    return "the default service account of this machine" if account == _MACHINE else str(account)
