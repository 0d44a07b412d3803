"""How a report looks: on light, on dark, and on paper, where everything that is folded is open (pure)."""

from __future__ import annotations

from l2bridge_helpers import looks

_LIGHT = {"paper": looks.PAPER, "ink": looks.INK, "grey": looks.GREY, "line": looks.LINE, "box": looks.BOX}
_DARK = {
    "paper": looks.DARK_PAPER,
    "ink": looks.DARK_INK,
    "grey": looks.DARK_GREY,
    "line": looks.DARK_LINE,
    "box": looks.DARK_BOX,
}


def style() -> str:
    """Return the style sheet."""
    light = _LIGHT | {look.name: look.fill for look in looks.LOOKS}
    dark = _DARK | {look.name: look.dark for look in looks.LOOKS}
    badges = "".join(f".b-{look.name}{{background:{look.fill}}}" for look in looks.LOOKS)
    verdicts = "".join(f".v-{look.name}{{--tone:var(--{look.name})}}" for look in looks.LOOKS)
    return (
        f":root{{color-scheme:light dark;{_variables(light)}}}"
        f"@media (prefers-color-scheme:dark){{:root{{{_variables(dark)}}}img{{filter:brightness(.9)}}}}"
        f"{_RULES}{badges}{verdicts}@media print{{:root{{{_variables(light)}}}{_PRINT}}}"
    )


def _variables(colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())


_RULES = f"""
*{{box-sizing:border-box}}
body{{font:15px/1.5 {looks.SANS};color:var(--ink);background:var(--paper);max-width:84rem;margin:0 auto;padding:24px}}
h1{{font-size:20px;line-height:1.3;margin:0 0 16px;overflow-wrap:anywhere}}
h2{{font-size:17px;margin:40px 0 8px;padding-top:12px;border-top:1px solid var(--line)}}
p{{margin:8px 0;overflow-wrap:anywhere}}
a{{color:var(--change)}}
.kind,.note{{color:var(--grey);font-size:13px;margin:0}}
.verdict{{border:1px solid var(--line);border-left:6px solid var(--tone);border-radius:4px;padding:12px 16px;
background:var(--box)}}
.verdict strong{{display:block;font-size:22px;line-height:1.3;color:var(--tone);margin-bottom:4px}}
.verdict ul{{margin:8px 0 0;padding-left:20px}}
.verdict li{{overflow-wrap:anywhere}}
.figures{{display:flex;flex-wrap:wrap;gap:8px 32px;margin:16px 0}}
.figures div{{display:flex;flex-direction:column-reverse}}
.figures dt{{color:var(--grey);font-size:13px}}
.figures dd{{margin:0;font-size:22px;line-height:1.3;font-variant-numeric:tabular-nums}}
.figures dd[class]{{color:var(--tone)}}
nav ol{{display:flex;flex-wrap:wrap;gap:4px 16px;list-style:none;margin:0;padding:0}}
section{{overflow-x:auto}}
table{{font-size:13px;line-height:1.4;border-collapse:collapse;margin:4px 0 8px}}
th,td{{text-align:left;vertical-align:top;padding:4px 12px 4px 0;border-bottom:1px solid var(--line);max-width:40em;
overflow-wrap:break-word;font-variant-numeric:tabular-nums}}
th{{color:var(--grey);font-weight:600;white-space:nowrap}}
.n{{white-space:nowrap}}
.d td,.d th{{white-space:nowrap}}
.d .w{{white-space:normal}}
.b{{color:{looks.WHITE};border-radius:3px;padding:0 6px;white-space:nowrap;
-webkit-print-color-adjust:exact;print-color-adjust:exact}}
pre{{font:12px/1.5 {looks.MONO};white-space:pre-wrap;overflow-wrap:anywhere;background:var(--box);
border:1px solid var(--line);border-radius:4px;padding:8px 12px;margin:4px 0 8px}}
summary{{cursor:pointer;color:var(--change);width:fit-content}}
summary:focus-visible,a:focus-visible{{outline:2px solid var(--change);outline-offset:2px}}
img{{max-width:100%;height:auto;display:block;margin:8px 0}}
"""
_PRINT = """
@page{margin:14mm}
body{font-size:10pt;max-width:none;padding:0}
table{font-size:8pt} pre{font-size:7.5pt}
nav{display:none}
section{overflow:visible}
details::details-content{content-visibility:visible!important;display:block!important;block-size:auto!important}
summary{list-style:none;color:inherit}
th,td,.n,.d td,.d th{white-space:normal;overflow-wrap:anywhere;padding-right:8pt}
table:not(:has(th:nth-child(11))) :is(th,td){min-width:5.6em}
table:not(:has(th:nth-child(8))) :is(th,td){min-width:6.2em}
.d td{padding:1pt 8pt 1pt 0;line-height:1.25}
tr,img,.verdict,.figures{break-inside:avoid}
h2,summary{break-after:avoid}
img{filter:none;max-height:240mm}
"""
