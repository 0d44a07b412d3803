"""What the pages of Compute Engine's lists hold, if they are whole (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from l2bridge_helpers.errors import CloudError


def items_of(doing: str, pager: Any) -> list[Any]:
    """Return everything that a list's pages hold, if they are whole."""
    found: list[Any] = []
    for page in pager.pages:
        refuse_partial(doing, "", [page.warning.code])
        found += page.items
    return found


def scopes_of(doing: str, pager: Any) -> list[Any]:
    """Return the scopes (zones, regions) of an aggregated list's pages, if they are whole."""
    found: list[Any] = []
    for page in pager.pages:
        scopes = list(page.items.values())
        refuse_partial(
            doing, ", ".join(page.unreachables), [page.warning.code, *(scope.warning.code for scope in scopes)]
        )
        found += scopes
    return found


def warnings_of(answer: Mapping[str, Any]) -> list[str]:
    """Return the codes of the warnings of a page and its scopes."""
    parts = [answer, *(answer.get("items") or {}).values()]
    return [str((part.get("warning") or {}).get("code") or "") for part in parts]


def refuse_partial(doing: str, unreachable: str, warnings: list[str]) -> None:
    """Refuse a list that says itself that something is missing: what is not in it would look like gone."""
    odd = sorted({code for code in warnings if code not in ("", "NO_RESULTS_ON_PAGE")})
    if unreachable.strip('"') or odd:
        what = ", ".join(filter(None, [unreachable.strip('"'), *odd]))
        raise CloudError(f"could not {doing}: the list is not whole ({what}); run again when the cloud answers in full")


def instances_of(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a page's instances; a page with anything else in it is no page."""
    scopes = answer.get("items") or {}
    instances = [instance for scope in scopes.values() for instance in scope.get("instances") or []]
    strange = [instance for instance in instances if not isinstance(instance, dict)]
    if strange:
        raise ValueError(f"instance {strange[0]!r}")
    return instances
