"""What axe-core has against what we show: labels, contrast, alternative texts, roles, order of headings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

OUTPUTS = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output"
"""What our cells show; the rest of JupyterLab is JupyterLab's."""
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page, include: str = "") -> list[str]:
    """Return what axe finds, one line per rule with the first offenders; in a part of the page, or in all of it."""
    from axe_playwright_python.sync_playwright import Axe

    options: dict[str, Any] = {"runOnly": _TAGS, "resultTypes": ["violations"]}
    context = {"include": [[include]]} if include else None
    found = Axe().run(page, context=context, options=options).response["violations"]
    return [f"{rule['id']}: {rule['help']}; {_offenders(rule['nodes'])}" for rule in found]


def _offenders(nodes: list[dict[str, Any]]) -> str:
    shown = " | ".join(f"{node['target'][-1]} {node['html'][:120]}" for node in nodes[:3])
    return f"{len(nodes)}: {shown}"
