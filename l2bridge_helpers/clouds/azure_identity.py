"""Who Azure takes us for: what the token says that the requests need anyway. The token itself is kept nowhere."""

from __future__ import annotations

import base64
import json
from typing import Any

from azure.core.credentials import TokenCredential

from l2bridge_helpers.clouds.identity import LAB, or_unknown
from l2bridge_helpers.endpoints import is_plain_http

_NAMES = ("upn", "unique_name", "preferred_username", "xms_mirid")
"""Claims that name a user, or a managed identity's resource, best first (Microsoft Entra, access tokens)."""


def azure_identity(credential: TokenCredential, scope: str, endpoint: str) -> str:
    """Return the user, managed identity or application that the token is for; never raises.

    Args:
        credential: as requests use it; it has the token still.
        scope: what the token is for.
        endpoint: ARM's; on a plain-http one we are nobody, and nothing is asked.

    """
    if is_plain_http(endpoint):
        return LAB
    return or_unknown(lambda: _name(_claims(credential.get_token(scope).token)))


def _claims(token: str) -> dict[str, Any]:
    """Return what a token says. Nobody checks its signature here: nothing is granted by it."""
    payload = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


def _name(claims: dict[str, Any]) -> str:
    named = next((str(claims[name]) for name in _NAMES if claims.get(name)), "")
    application, object_id = (str(claims.get(name) or "") for name in ("appid", "oid"))
    if named or not (application or object_id):
        return named
    return f"application {application or 'unknown'}, object {object_id or 'unknown'}"
