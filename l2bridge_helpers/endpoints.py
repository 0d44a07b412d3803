"""Which API endpoints are accepted: https anywhere, plain http on this machine only."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")


def endpoint_problem(endpoint: str) -> str:
    """Return why `endpoint` is refused, or "" when it is fine (empty: the cloud's public one)."""
    if not endpoint:
        return ""
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname, parts.port
    except ValueError as err:
        return f"is no URL ({err}); use https://HOST[:PORT]"
    beside = parts.username or parts.password or parts.query or parts.fragment or parts.path.strip("/")
    named = (
        host is not None and (_HOST.fullmatch(host) or ":" in host) and endpoint.isascii() and endpoint.isprintable()
    )
    if parts.scheme not in ("http", "https") or not named or port == 0 or beside:
        return "is no API endpoint; use https://HOST[:PORT], or http://127.0.0.1:PORT for the lab"
    if is_plain_http_beyond_loopback(endpoint):
        return "is plain http beyond this machine, where credentials would travel in the clear; use https"
    return ""


def without_password(url: str) -> str:
    """Return the URL as it may be shown: a user's name and password are left out, also of a malformed one."""
    return re.sub(r"(?i)(password\s*=)[^&]*", r"\1…", re.sub(r"(?s)^([^/:@]*:/*|//).*@", r"\1…@", url))


def shown_endpoint(endpoint: str, public: str) -> str:
    """Return what a run says that it talks to: the lab, the endpoint, or the public one when none is given."""
    return "this machine (practice lab, no credentials)" if is_plain_http(endpoint) else endpoint or public


def is_loopback(endpoint: str) -> bool:
    """Return whether the endpoint's host is this machine."""
    host = urlsplit(endpoint).hostname or ""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped  # Pythons differ about these
    return address.is_loopback and not mapped


def is_plain_http(endpoint: str) -> bool:
    """Return whether the endpoint is plain http: it gets no credentials."""
    return urlsplit(endpoint).scheme == "http"


def is_plain_http_beyond_loopback(endpoint: str) -> bool:
    """Return whether requests to the endpoint would leave this machine in the clear."""
    return is_plain_http(endpoint) and not is_loopback(endpoint)
