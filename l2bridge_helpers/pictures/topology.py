"""The network as a picture: nodes in their subnets, what leads to their pods, and what is in the way (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.pictures.card import CARD, card, card_height
from l2bridge_helpers.pictures.nodes import NOWHERE, Seen, judged, see
from l2bridge_helpers.pictures.panel import PANEL, Panel, draw_panel, panel_height, panels_of
from l2bridge_helpers.pictures.parts import (
    AMBER,
    BOX,
    FAINT,
    GREY,
    MARGIN,
    RED,
    TOP,
    WIDTH,
    Key,
    causes_in_short,
    causes_list,
    counted,
    distinct,
    keys_of,
    line,
    mark,
    page,
    patterns,
)
from l2bridge_helpers.pictures.routes import asked_tables, states_of
from l2bridge_helpers.pictures.sites import Site, sites_of
from l2bridge_helpers.pictures.svg import Markup, Picture, label, tag
from l2bridge_helpers.placement import place

if TYPE_CHECKING:
    import pandas as pd

    from l2bridge_helpers.fabric import Fabric
    from l2bridge_helpers.reachability.result import Cause, Reachability

_BOX = 632
"""How wide the box of a subnet is; two cards, and the trunk between them."""
_INSET = 14
_TRUNK = MARGIN + _BOX / 2
_GUTTER = MARGIN + _BOX + 19
_PANEL_AT = WIDTH - MARGIN - PANEL
_HEAD = 52
"""Height of a box's head, where the trunk leaves it."""
_GAP = 12
_SAMPLES = (
    (MARGIN + 480, "blocked", "blocked here"),
    (MARGIN + 610, "unproven", "unproven"),
    (MARGIN + 730, "", "nothing in the way here"),
)
_ZONE = 20
_BORDERS = {"blocked": RED, "unproven": AMBER, "": FAINT}


def topology(nodes: pd.DataFrame, fabric: Fabric, reachability: Reachability) -> Picture:
    """Return the network as a picture; of more than a few nodes those that look alike are drawn as one.

    Args:
        nodes: as `list_nodes` returns them.
        fabric: as `Cloud.observe` returns it.
        reachability: what `reach` says of both.

    """
    placement = place(nodes, fabric)
    asked = asked_tables(placement.placed, fabric)
    seen = judged(see(nodes, fabric, placement, states_of(asked)), reachability)
    sites = sites_of(seen, fabric)
    drawn = [subnet for site in sites if len(site.subnets) == 1 for subnet in site.subnets]
    scene = _Scene(reachability.causes, keys_of(reachability.causes))
    listed, y = scene.listed(TOP)
    made, y = scene.blocks(panels_of(asked, drawn, fabric), sites, y)
    subnets = len({one.looks[0].site for one in seen} - {NOWHERE})
    size = f"{counted(len(seen), 'node')} in {counted(subnets, 'subnet')}"
    title = f"Network: {reachability.summary()}"
    moment = reachability.moment.capitalize()
    under = f"{moment} · {dialect_of(fabric.platform).title} · {size}"
    svg = page(title, under, reachability, [*patterns(scene.keys), *listed, *made], y + 8)
    return Picture(svg, f"{moment}: {size}; {reachability.summary()}; {causes_in_short(reachability.causes)}")


@dataclass(frozen=True)
class _Scene:
    """The causes, and their keys."""

    causes: Sequence[Cause]
    keys: Sequence[Key]

    @property
    def everywhere(self) -> list[int]:
        """The causes that are at no single node."""
        return [number for number, cause in enumerate(self.causes) if not cause.nodes]

    def blocks(self, panels: Sequence[Panel], sites: Sequence[Site], y: float) -> tuple[list[Markup], float]:
        """Return each panel with its sites, then the sites without one; and where they end."""
        made: list[Markup] = []
        panel_of = {subnet: panel for panel in panels for subnet in panel.subnets}
        left = list(sites)
        while left:
            panel = panel_of.get(left[0].subnets[0]) if len(left[0].subnets) == 1 else None
            own = [site for site in left if panel and len(site.subnets) == 1 and panel_of.get(site.subnets[0]) is panel]
            block, y = self._block(panel, own or left[:1], y)
            made += block
            left = [site for site in left if site not in (own or left[:1])]
        return made, y

    def listed(self, y: float) -> tuple[list[Markup], float]:
        """Return the causes, in two columns, or that there are none; and where they end."""
        if not self.causes:
            sign, words = mark("yes", MARGIN, y + 10), label(MARGIN + 18, y + 10, "Nothing is in the way.", size=13)
            return [sign, words], y + 28
        made = [label(MARGIN, y + 10, "In the way", size=14, font_weight="bold")]
        for at, verdict, told in _SAMPLES:
            made += [line(f"M{at} {y + 6:g}h26", verdict), label(at + 32, y + 10, told, size=11, fill=GREY)]
        keys = distinct(self.keys)
        half = (len(keys) + 1) // 2
        left, end = self._listed(keys[:half], MARGIN, y + 24)
        right, other = self._listed(keys[half:], WIDTH / 2 + 8, y + 24)
        return [*made, *left, *right], max(end, other) + 4

    def _listed(self, keys: Sequence[Key], x: float, y: float) -> tuple[list[Markup], float]:
        own = [(cause, key) for cause, key in zip(self.causes, self.keys, strict=True) if key in keys]
        causes, marks = [cause for cause, _ in own], [key for _, key in own]
        return causes_list(causes, marks, x, y, WIDTH / 2 - MARGIN - 8)

    def _block(self, panel: Panel | None, sites: Sequence[Site], y: float) -> tuple[list[Markup], float]:
        made: list[Markup] = []
        links: list[float] = []
        top = y
        for site in sites:
            links.append(y + _HEAD - 10)
            box, bottom = self._site(site, y, linked=panel is not None)
            made += box
            y = bottom + _GAP
        if not panel:
            return made, y
        joined = [f"M{_TRUNK:g} {link:g}H{_GUTTER:g}V{before:g}" for before, link in pairwise(links)]
        made.append(line(f"M{_TRUNK:g} {links[0]:g}H{_PANEL_AT}{''.join(joined)}", self._way(panel)))
        keys = list(dict.fromkeys(self.keys[number] for number in self.everywhere))
        return [*made, draw_panel(panel, _PANEL_AT, top, keys)], max(y, top + panel_height(panel) + _GAP)

    def _way(self, panel: Panel) -> str:
        verdicts = {self.causes[number].verdict for number in self.everywhere}
        return "blocked" if panel.broken or "blocked" in verdicts else "unproven" if verdicts else ""

    def _site(self, site: Site, y: float, *, linked: bool) -> tuple[list[Markup], float]:
        """Return a box with its zones and cards, and where it ends."""
        made: list[Markup] = []
        end = bottom = y + _HEAD
        for zone, cards in site.zones:
            if zone:
                made.append(label(MARGIN + _INSET, bottom + 11, f"zone {zone}", size=11, fill=GREY, width=CARD))
                bottom += _ZONE
            for start in range(0, len(cards), 2):
                pair = cards[start : start + 2]
                end = bottom + max(map(card_height, pair)) / 2
                made += self._row(pair, bottom, end, linked=linked)
                bottom += max(map(card_height, pair)) + _GAP
        lost: dict[str, str | float] = {"stroke": RED, "stroke_dasharray": "5 3"}
        frame = {"stroke": FAINT} if site.subnets else lost
        box = tag("rect", x=MARGIN, y=y, width=_BOX, height=bottom - y, rx=6, fill=BOX, **frame)
        title = label(MARGIN + _INSET, y + 20, site.title, size=13, font_weight="bold", width=_BOX - 2 * _INSET)
        under = label(MARGIN + _INSET, y + 36, site.subtitle, size=11, fill=GREY, width=_BOX - 2 * _INSET)
        trunk = [line(f"M{_TRUNK:g} {y + _HEAD - 10:g}V{end:g}", "")] if linked else []
        return [box, title, under, *trunk, *made], bottom

    def _row(self, cards: Sequence[Seen], y: float, middle: float, *, linked: bool) -> list[Markup]:
        """Return one or two cards beside the trunk, and the links to it."""
        made: list[Markup] = []
        for seen, x in zip(cards, (MARGIN + _INSET, MARGIN + _BOX - _INSET - CARD), strict=False):
            verdict = self._verdict(seen)
            edge = x + CARD if x < _TRUNK else x
            height = card_height(seen)
            level = min(middle, y + height - 10)
            made += [line(f"M{edge:g} {level:g}H{_TRUNK:g}", verdict)] if linked else []
            made.append(card(seen, x, y, height, self.keys, _BORDERS[verdict]))
        return made

    def _verdict(self, seen: Seen) -> str:
        verdicts = {self.causes[number].verdict for number in seen.causes}
        return "blocked" if "blocked" in verdicts else "unproven" if verdicts else ""
