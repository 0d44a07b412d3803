"""The report of a run: one HTML file that needs no network and tells someone who was not there what happened (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from l2bridge_helpers.show import html_table

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 90em; margin: 2em auto; padding: 0 1.5em; }
h1 { font-size: 1.5em; margin-bottom: .2em; } h2 { font-size: 1.15em; margin-top: 1.8em; }
table { font-size: 13px; border-collapse: collapse; } th { opacity: .75; }
th, td { padding: 3px 10px; vertical-align: top; border-bottom: 1px solid #8884; max-width: 44em; }
 pre { font-size: 12px; white-space: pre-wrap; overflow-wrap: anywhere; }
.ok, .failed { border-left: 6px solid #146c2e; padding: .4em 1em; background: #146c2e22; }
.failed { border-color: #b3261e; background: #b3261e22; }
@media print { details { display: block; } body { margin: 0; } }
"""


def report(
    title: str, *, verdict: str, failed: bool, facts: Mapping[str, object], sections: Sequence[tuple[str, str]]
) -> str:
    """Return the page.

    Args:
        title: its heading.
        verdict: what came of the run, in a sentence or a few.
        failed: whether it is bad news.
        facts: label -> value, shown as a table.
        sections: heading and HTML, which is trusted: make it with `show`.

    """
    body = "".join(f"<section><h2>{escape(heading)}</h2>{html}</section>" for heading, html in sections)
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1>"
        f'<p class="{"failed" if failed else "ok"}">{escape(verdict)}</p>'
        f"{html_table(list(facts.items()), ('what', 'value'))}{body}</body></html>\n"
    )
