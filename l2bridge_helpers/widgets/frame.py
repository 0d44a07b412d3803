"""HTML in a widget that looks as it does in an output: JupyterLab styles the one, and not the other."""

from __future__ import annotations


def framed(html: str, **attributes: str) -> str:
    """Return HTML in the frame of an output.

    Args:
        html: trusted.
        attributes: of the frame, such as `role`.

    """
    more = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f'<div class="jp-RenderedHTMLCommon" style="line-height:1.5;padding:0"{more}>{html}</div>'
