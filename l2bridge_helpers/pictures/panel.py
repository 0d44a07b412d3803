"""What leads to pods, beside the subnets in the picture of a network: a route table, or the segment itself (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.pictures.parts import FAINT, GREY, INK, PAPER, RED, Key, badge, counted, mark
from l2bridge_helpers.pictures.routes import ELSEWHERE, MISSING, ROUTED, Asked
from l2bridge_helpers.pictures.svg import Markup, isolated, label, tag, wrap

if TYPE_CHECKING:
    from l2bridge_helpers.fabric import Fabric
    from l2bridge_helpers.pictures.routes import Pod

PANEL = 250
_PAD = 10
_ROW = 15
_EACH = 4
"""So many pods that are led nowhere or elsewhere are listed one by one."""
_SEGMENT = "One layer-2 segment"


@dataclass(frozen=True)
class Panel:
    """A route table, or what is there instead of one.

    Attributes:
        title: what it is.
        subnets: the subnets whose packets ask it.
        lines: (sign, text); a line without a sign belongs to the one before.
        broken: whether it leads no pod to its node.

    """

    title: str
    subnets: tuple[str, ...]
    lines: tuple[tuple[str, str], ...]
    broken: bool = False


def panels_of(asked: Sequence[Asked], subnets: Sequence[str], fabric: Fabric) -> list[Panel]:
    """Return one panel for each table that is asked, and one for each subnet that asks none."""
    straight = dialect_of(fabric.platform).one_segment
    panels = [_table(one, straight=straight) for one in asked]
    asking = {subnet for one in asked for subnet in one.subnets}
    others = [subnet for subnet in subnets if subnet not in asking]
    return panels + [_segment(subnet, alone=len(subnets) == 1, fabric=fabric) for subnet in others]


def panel_height(panel: Panel) -> float:
    """Return how high the panel is."""
    return 2 * _PAD + 14 + _ROW * sum(1 for _ in _written(panel))


def draw_panel(panel: Panel, x: float, y: float, keys: Sequence[Key]) -> Markup:
    """Return the panel at (x, y), with the badges of the causes that are at no single node."""
    border = RED if panel.broken else FAINT
    box = tag("rect", x=x, y=y, width=PANEL, height=panel_height(panel), rx=5, fill=PAPER, stroke=border)
    room = PANEL - 2 * _PAD - 18 * len(keys)
    made = [box, label(x + _PAD, y + _PAD + 11, panel.title, size=13, width=room, font_weight="bold")]
    made += [badge(x + PANEL - _PAD - 8 - 18 * place, y + _PAD + 7, key) for place, key in enumerate(reversed(keys))]
    for place, (sign, words, colour) in enumerate(_written(panel), start=1):
        base = y + _PAD + 12 + _ROW * place
        made += [mark(sign, x + _PAD, base)] if sign else []
        made.append(label(x + _PAD + 16, base, words, size=11, fill=colour))
    return tag("g", *made)


def _written(panel: Panel) -> Iterator[tuple[str, str, str]]:
    """Give the lines as they fit: sign, text and colour."""
    for sign, words in panel.lines:
        for place, part in enumerate(wrap(words, PANEL - 2 * _PAD - 16, 11, 3 if sign else 1)):
            yield sign if place == 0 else "", part, INK if sign else GREY


def _table(asked: Asked, *, straight: bool) -> Panel:
    lines = [("yes", "inside a subnet packets go straight")] if straight else []
    right = asked.pods(ROUTED)
    lines += [("yes", f"{counted(len(right), 'pod CIDR')} led to the right node")] if right else []
    lines += _listed("no", "without a route", asked.pods(MISSING), asked)
    lines += _listed("elsewhere", "led elsewhere", asked.pods(ELSEWHERE), asked)
    name = isolated(asked.table.rpartition("/")[2])
    title = f"Route table {name}" if asked.table else "No route table"
    return Panel(title, asked.subnets, tuple(lines), broken=not right)


def _listed(sign: str, words: str, pods: Sequence[Pod], asked: Asked) -> list[tuple[str, str]]:
    if not pods:
        return []
    each = pods if len(pods) <= _EACH + 1 else pods[:_EACH]
    lines = [(sign, f"{counted(len(pods), 'pod CIDR')} {words}")]
    lines += [("", _pod(pod, asked.hops[pod])) for pod in each]
    return lines + ([("", f"and {len(pods) - len(each):,} more")] if len(each) < len(pods) else [])


def _pod(pod: Pod, hop: str) -> str:
    name, cidr = map(isolated, pod)
    return f"{cidr} → {isolated(hop)}" if hop else f"{cidr} ({name})"


def _segment(subnet: str, *, alone: bool, fabric: Fabric) -> Panel:
    lines = [("yes", "pod packets go straight from node to node; no route table is asked")]
    if not alone and not dialect_of(fabric.platform).routes_pods:
        lines.append(("no", "nothing is known to lead pod packets to the other segments"))
    return Panel(_SEGMENT, (subnet,), tuple(lines))
