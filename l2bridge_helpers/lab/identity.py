"""Ids, fingerprints and times that are made from names: the same on every machine and every run."""

from __future__ import annotations

import base64
import hashlib

CREATED = "2026-10-01T08:00:00.000-07:00"
"""When every cloud resource was made."""

CREATED_UTC = "2026-10-01T15:05:00Z"
"""When every Kubernetes object was made."""


def number(text: str) -> str:
    """Return an unsigned 63-bit id, as text."""
    return str(int(_digest(text)[:15], 16) + 10**18)


def uid(text: str) -> str:
    """Return a Kubernetes uid."""
    digits = _digest(text)
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"


def fingerprint(text: str) -> str:
    """Return eight bytes in base64."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:8]).decode()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
