"""HTML in a widget that looks as it does in an output: JupyterLab styles the one, and not the other."""

from __future__ import annotations

from html import escape

from l2bridge_helpers.looks import MONO, SPACE
from l2bridge_helpers.printable import printable

_COPIED = (
    f"font-family:{MONO};font-size:90%;white-space:pre-wrap;overflow-wrap:anywhere;user-select:all;"
    f"margin:0 0 {SPACE}px {2 * SPACE}px"
)


def framed(html: str, **attributes: str) -> str:
    """Return HTML in the frame of an output.

    Args:
        html: trusted.
        attributes: of the frame, such as `role`.

    """
    more = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f'<div class="jp-RenderedHTMLCommon" style="line-height:1.5;padding:0"{more}>{html}</div>'


def copied(text: str) -> str:
    """Return lines that are selected as a whole by a click, to be copied."""
    lines = escape(printable(text, keep="\n"))
    return f'<pre style="{_COPIED}">{lines}</pre>'
