"""One node, or a group of nodes, as a card in the picture of a network (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from l2bridge_helpers.pictures.nodes import Look, Seen
from l2bridge_helpers.pictures.parts import FAINT, GREY, INK, PAPER, RED, Key, badge, mark
from l2bridge_helpers.pictures.routes import ELSEWHERE, ROUTED
from l2bridge_helpers.pictures.svg import Markup, isolated, label, tag, width_of, wrap

CARD = 274
_PAD = 10
_ROW = 16
_CIDRS = 2
"""So many pod CIDRs of a node are drawn."""
_CIDR = 152
"""Where beside a pod CIDR it says whether tables lead to it."""
_BADGES = 6
_SYSTEMS = {"linux": "Linux", "windows": "Windows"}


def card_height(seen: Seen) -> float:
    """Return how high the card is."""
    return 3 * _PAD + _ROW * sum(1 for _ in _rows(seen, []))


def card(seen: Seen, x: float, y: float, height: float, keys: Sequence[Key], colour: str) -> Markup:
    """Return the card of a node at (x, y), its border in the colour; of a group as a pile of cards."""
    several = len(seen.names) > 1
    pile = [_sheet(x + 4, y + 4, height, FAINT)] if several else []
    made = [*pile, _sheet(x, y, height, colour), *_head(seen, x, y + _PAD + 11)]
    for place, row in enumerate(_rows(seen, _badges(seen, keys)), start=1):
        base = y + _PAD + 11 + _ROW * place
        made += [_moved(part, x + _PAD, base) for part in row]
    return tag("g", *made)


def name_of(names: Sequence[str]) -> str:
    """Return the names of a group: `win-1 … win-20` only where they are all that lie between, else the first."""
    if len(names) == 1:
        return isolated(names[0])
    if len(names) == 2:  # noqa: PLR2004 - both are named
        return ", ".join(map(isolated, names))
    numbered = re.fullmatch(r"(.*?)([1-9][0-9]{0,8})", names[0], re.DOTALL)
    if numbered and all(name == f"{numbered[1]}{place}" for place, name in enumerate(names, int(numbered[2]))):
        return f"{isolated(names[0])} … {isolated(names[-1])}"
    return f"{isolated(names[0])} and {len(names) - 1:,} more"


def _sheet(x: float, y: float, height: float, colour: str) -> Markup:
    return tag("rect", x=x, y=y, width=CARD, height=height, rx=5, fill=PAPER, stroke=colour)


def _moved(part: Markup, x: float, y: float) -> Markup:
    return tag("g", part, transform=f"translate({x:g} {y:g})")


def _head(seen: Seen, x: float, y: float) -> list[Markup]:
    """Return the line with the name, and on its right the operating system and how many they are."""
    systems = {_SYSTEMS.get(look.os, look.os or "unknown system") for look in seen.looks}
    side = systems.pop() if len(systems) == 1 else "nodes"
    if len(seen.names) > 1:
        side = f"{len(seen.names):,} {side}"
    room = CARD - 2 * _PAD - min(86, width_of(side, 11)) - 8
    name = label(x + _PAD, y, name_of(seen.names), size=13, width=room, font_weight="bold")
    return [name, label(x + CARD - _PAD, y, side, size=11, width=86, fill=GREY, text_anchor="end")]


def _rows(seen: Seen, badges: list[Markup]) -> Iterator[list[Markup]]:
    """Give the lines under the name, each with its base line at 0."""
    look = seen.looks[0]
    if len(seen.looks) == 1:
        yield from _cidr_rows(seen, look)
        yield from _problem_rows(look)
    yield [*_state(seen), *badges]
    for told in seen.told_flows() or ["counts in no address family"]:
        room = CARD - 2 * _PAD
        short = told if width_of(told, 11) <= room else told.replace("sends to", "to").replace("receives from", "from")
        yield [label(0, 0, short, size=11, width=room, fill=GREY)]


def _cidr_rows(seen: Seen, look: Look) -> Iterator[list[Markup]]:
    for place, cidr in enumerate(seen.cidrs[0][:_CIDRS]):
        told = f"{isolated(cidr)} …" if len(seen.names) > 1 else isolated(cidr)
        yield [label(0, 0, told, size=11, width=_CIDR - 6), *_led(look.routes[place])]
    if len(seen.cidrs[0]) > _CIDRS:
        yield [label(0, 0, f"and {len(seen.cidrs[0]) - _CIDRS} more pod CIDRs", size=11, fill=GREY)]


def _led(state: str) -> list[Markup]:
    if not state:
        return []
    sign = {ROUTED: "yes", ELSEWHERE: "elsewhere"}.get(state, "no")
    words = label(_CIDR + 15, 0, state, size=11, width=CARD - 2 * _PAD - _CIDR - 15)
    return [mark(sign, _CIDR, 0), words]


def _problem_rows(look: Look) -> Iterator[list[Markup]]:
    for words in wrap(look.problem, CARD - 2 * _PAD, 11, 2) if look.problem else []:
        yield [label(0, 0, words, size=11, fill=RED)]


def _state(seen: Seen) -> list[Markup]:
    """Return whether the machine runs and its interface forwards."""
    room = CARD - 2 * _PAD - 18 * min(len(seen.causes), _BADGES) - 20
    if len(seen.looks) > 1:
        return [label(0, 0, f"{len(seen.looks)} kinds, summed up", size=11, width=room)]
    (look,) = seen.looks
    if look.machine:
        return [mark("stopped", 0, 0), label(15, 0, f"machine stopped ({look.machine})", size=11, width=room)]
    if look.forwarding:
        return [mark(look.forwarding, 0, 0), label(15, 0, f"forwarding {look.forwarding}", size=11, width=room)]
    return []


def _badges(seen: Seen, keys: Sequence[Key]) -> list[Markup]:
    """Return the badges of the causes at it, from the right; the last one counts those that have no room."""
    shown = list(dict.fromkeys(keys[cause] for cause in seen.causes))
    right = CARD - 2 * _PAD - 8
    if len(shown) <= _BADGES:
        return [badge(right - 18 * place, -4, key) for place, key in enumerate(reversed(shown))]
    kept = shown[: _BADGES - 1]
    more = label(right + 8, 0, f"+{len(shown) - len(kept)}", size=11, text_anchor="end", fill=INK)
    return [*(badge(right - 8 - 18 * (len(kept) - place), -4, key) for place, key in enumerate(kept)), more]
