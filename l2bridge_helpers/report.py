"""The report of a run: one HTML file that needs no network and tells someone who was not there what happened (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from l2bridge_helpers import looks
from l2bridge_helpers.alike import merged
from l2bridge_helpers.printable import printable
from l2bridge_helpers.report_head import Figure, Head, parts_of
from l2bridge_helpers.report_style import style
from l2bridge_helpers.tabular import BROKEN, CELL, DENSE, UNBROKEN, closed, lines, plain, prose

_LISTED = 10
"""So many things that are wrong stand at the top."""
_CONTENTS = 3
"""From so many sections on there is a table of contents."""
_COMMANDS = re.compile(r"<pre.*?</pre>", re.DOTALL)
_SHORT = {
    f'<td style="{CELL}">': "<td>",
    f'<td style="{UNBROKEN}">': '<td class="n">',
    f'<td style="{BROKEN}">': '<td class="w">',
    f'<th scope="col" style="{CELL}">': '<th scope="col">',
    f'<table style="{DENSE}">': '<table class="d">',
    **{f'<span style="{looks.badge_style(look)}">': f'<span class="b b-{look.name}">' for look in looks.LOOKS},
}
"""What a notebook needs in every cell is said here once, in the style sheet: a thousand rows take a third of the room.
Text from outside is escaped, so it never looks like a tag."""


def report(head: Head, sections: Sequence[tuple[str, str]]) -> str:
    """Return the page.

    Args:
        head: what stands at its top.
        sections: heading and HTML, which is trusted: make it with `show`.

    """
    title = escape(printable(head.title))
    parts = _told_once([_short(html) for _, html in sections])
    body = "".join(
        f'<section id="s{place}"><h2>{escape(heading)}</h2>{html}</section>'
        for place, ((heading, _), html) in enumerate(zip(sections, parts, strict=True), start=1)
    )
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{style()}</style></head><body>"
        f'<header><p class="kind">Report of a run</p><h1>{title}</h1></header><main>'
        f"{_verdict(head)}{_figures(head)}{_next(head)}{_contents([heading for heading, _ in sections])}"
        f'<section id="s0"><h2>Who and when</h2>{_facts(head)}</section>{body}</main></body></html>\n'
    )


def _verdict(head: Head) -> str:
    lead, items = parts_of(printable(head.verdict))
    things = [_thing(some) for some in merged([("", item) for item in items])]
    first, rest = things[:_LISTED], things[_LISTED:]
    listed = _items(first) + (closed(f"{len(rest):,} more", _items(rest)) if rest else "")
    strong = f"<strong>{head.look.sign} {escape(head.headline)}</strong>"
    return f'<div class="verdict v-{head.look.name}">{strong}{prose(lead)}{listed}</div>'


def _thing(alike: Sequence[Sequence[str]]) -> str:
    """Return a thing that is wrong; one for many that are alike."""
    first, *others = (prose(item) for _, item in alike)
    return f"{first}{closed(f'and {len(others):,} like it', _items(others)) if others else ''}"


def _items(items: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>" if items else ""


def _figures(head: Head) -> str:
    each = "".join(f"<div><dt>{escape(figure.label)}</dt>{_number(figure)}</div>" for figure in head.figures)
    return f'<dl class="figures">{each}</dl>' if each else ""


def _number(figure: Figure) -> str:
    if figure.look is None:
        return f"<dd>{escape(figure.number)}</dd>"
    return f'<dd class="v-{figure.look.name}">{figure.look.sign} {escape(figure.number)}</dd>'


def _next(head: Head) -> str:
    todo = f"<p><b>Next:</b> {escape(printable(head.todo))}</p>" if head.todo else ""
    return todo + (f"<p><b>To put it back</b>, look at this first:</p>{lines([head.back])}" if head.back else "")


def _contents(headings: Sequence[str]) -> str:
    if len(headings) < _CONTENTS:
        return ""
    each = "".join(f'<li><a href="#s{place}">{escape(name)}</a></li>' for place, name in enumerate(headings, start=1))
    return f'<nav aria-label="Contents"><ol>{each}</ol></nav>'


def _facts(head: Head) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(label)}</th><td>{prose(plain(value))}</td></tr>'
        for label, value in head.facts.items()
    )
    return f'<table class="facts"><tbody>{rows}</tbody></table>'


def _told_once(parts: Sequence[str]) -> list[str]:
    """Return the sections, without the commands that a later one tells as well: there is a link to them instead."""
    found = [set(_COMMANDS.findall(html)) for html in parts]
    made = []
    for place, html in enumerate(parts):
        for block in found[place]:
            later = [other for other in range(place + 1, len(parts)) if block in found[other]]
            link = f'<p>These are the commands of <a href="#s{later[0] + 1}">the plan</a>.</p>' if later else block
            html = html.replace(block, link)  # noqa: PLW2901 - one after the other
        made.append(html)
    return made


def _short(html: str) -> str:
    for long, short in _SHORT.items():
        html = html.replace(long, short)
    return html
