"""The picture of a packet's way from one pod to another, and of the answer's way back (pure).

The ends keep their sides. The packet goes down through its node, across the network, and up through the other node;
the hop that blocks it stands out, and what it does not come to any more is pale.
"""

from __future__ import annotations

from l2bridge_helpers.pictures.lanes import LEFT, MIDDLE, RIGHT, Lane, Stop, lanes_of
from l2bridge_helpers.pictures.parts import AMBER, BOX, FAINT, GREEN, GREY, INK, MARGIN, PAPER, RED, WIDTH
from l2bridge_helpers.pictures.svg import Attribute, Markup, Picture, drawing, fit, isolated, label, tag, text, wrap
from l2bridge_helpers.reachability.explanation import THERE, Explanation

_GUTTER = 34
_BOX = (WIDTH - 2 * MARGIN - 2 * _GUTTER) / 3
_PAD = 12
_RAIL = 22
"""From a node's inner edge to the packet's line."""
_HEAD = 58
"""From a lane's upper edge to its first hop."""
_FOOT = 46
"""From a lane's last hop to its lower edge: the packet crosses the network in there."""
_LEVEL = 22
"""From a lane's lower edge to the line that crosses."""
_TITLE, _LINE, _SPACE = 16, 14, 13
_NAME = 340
"""How wide a node's name may be in the title."""
_TOP = 66
_GAP = 26
_COLOURS = {"passes": GREEN, "blocked": RED, "unproven": AMBER}
_TINTS = {"blocked": "#fdf3f2", "unproven": "#fff8e6"}
_SIGNS = {"passes": "M-4 0.5l2.8 3l5 -6.5", "blocked": "M-3 -3l6 6m0 -6l-6 6"}
_TRAVELLED: dict[str, Attribute] = {"stroke": GREY, "stroke_width": 2}
_DOUBTFUL: dict[str, Attribute] = {"stroke": AMBER, "stroke_width": 2, "stroke_dasharray": "1.5 3"}
_AHEAD: dict[str, Attribute] = {"stroke": "#8c959f", "stroke_width": 1.2, "stroke_dasharray": "3 4"}


def path(way: Explanation) -> Picture:
    """Return the picture of a way: there on top, back below.

    Args:
        way: as `explain` returns it.

    """
    lanes = lanes_of(way)
    (source, _), (destination, _) = lanes[0].ends
    title = f"{way.traffic} from {isolated(source)} to {isolated(destination)}"
    short = f"{way.traffic} from {_short(source)} to {_short(destination)}"
    y, made = float(_TOP), [label(MARGIN, 32, short, size=18, font_weight="bold", width=WIDTH - 2 * MARGIN)]
    for lane in lanes:
        made += [_heading(lane, y), _drawn(lane, y + 12)]
        y += 12 + _height(lane) + _GAP + 8
    height = y - _GAP + 6
    sheet = tag("rect", width=WIDTH, height=height, rx=6, fill=PAPER)
    return Picture(drawing(WIDTH, height, title, tag("g", sheet, *made, fill=INK)), _alt(title, lanes))


def _short(name: str) -> str:
    return fit(isolated(name), _NAME, 18)


def _alt(title: str, lanes: tuple[Lane, Lane]) -> str:
    """Return the picture in a sentence or two."""
    told = " ".join(f"{lane.way.capitalize()}: {lane.spoken()}." for lane in lanes)
    return f"The way of {title}, hop by hop. {told}"


def _heading(lane: Lane, y: float) -> Markup:
    """Return what becomes of the packet, with the sign of it."""
    verdict = lane.verdict if lane.sent and lane.stops else ""
    words = f"{lane.way.capitalize()}: {lane.told()}"
    sign = [_sign(verdict, MARGIN + 8, y - 4, 8, pale=False)] if verdict else []
    x = MARGIN + (24 if verdict else 0)
    return tag("g", *sign, label(x, y, words, size=13, font_weight="bold", width=WIDTH - MARGIN - x))


def _drawn(lane: Lane, y: float) -> Markup:
    """Return a lane, its upper edge at y."""
    height = _height(lane)
    level = y + height - _LEVEL
    made = [
        tag("rect", x=_x(place), y=y, width=_BOX, height=height, rx=5, fill=BOX, stroke=FAINT)
        for place in (LEFT, MIDDLE, RIGHT)
    ]
    for place, name, pods in ((LEFT, *lane.ends[0]), (MIDDLE, "the network", ""), (RIGHT, *lane.ends[1])):
        made += _name(place, name, pods, y)
    discs: dict[int, tuple[float, float]] = {}
    words: list[Markup] = []
    for place in (LEFT, MIDDLE, RIGHT):
        for number, (stop, top) in enumerate(_column(lane, place, y + _HEAD, level)):
            discs[stop.number] = (_crossing(lane, number), level) if place == MIDDLE else (_rail(place), top + 10)
            words.append(_words(stop, top))
    made += _line(lane, discs, y + _HEAD - 8, level)
    signs = [
        _sign(stop.hop.verdict, *discs[stop.number], 10 if stop.chosen else 8, pale=stop.pale) for stop in lane.stops
    ]
    return tag("g", *made, *words, *signs)


def _column(lane: Lane, place: int, top: float, level: float) -> list[tuple[Stop, float]]:
    """Return the hops at a place from the top down, with where each begins: the receiver's are passed upwards."""
    stops = [stop for stop in lane.stops if stop.place == place]
    if place == lane.order[2]:
        stops.reverse()
    if place == MIDDLE:
        top = level + _LEVEL - _FOOT - sum(map(_room_of, stops))
    made = []
    for stop in stops:
        made.append((stop, top))
        top += _room_of(stop)
    return made


def _height(lane: Lane) -> float:
    columns = [sum(_room_of(stop) for stop in lane.stops if stop.place == place) for place in (LEFT, MIDDLE, RIGHT)]
    return _HEAD + max(columns) + _FOOT


def _room_of(stop: Stop) -> float:
    """Return how high the words of a hop are, with the space below them."""
    return _TITLE + _LINE * len(_evidence(stop)) + _SPACE


def _evidence(stop: Stop) -> list[str]:
    """Return what was read in lines: the more it matters, the more of it."""
    most = 7 if stop.chosen else 2 if stop.hop.verdict == "passes" else 5 if stop.place == MIDDLE else 4
    return wrap(stop.hop.evidence, _width(stop.place), 11, most) if stop.hop.evidence else []


def _x(place: int) -> float:
    return MARGIN + place * (_BOX + _GUTTER)


def _rail(place: int) -> float:
    """Return where the packet goes up or down in a node: on the side of the network."""
    return _x(place) + (_BOX - _RAIL if place == LEFT else _RAIL)


def _crossing(lane: Lane, number: int) -> float:
    """Return where on the line a hop of the network is."""
    count = sum(stop.place == MIDDLE for stop in lane.stops)
    passed = number if lane.way == THERE else count - 1 - number
    return _x(MIDDLE) + _BOX * (passed + 1) / (count + 1)


def _left(place: int) -> float:
    """Return where words begin."""
    return _x(place) + (_RAIL + 20 if place == RIGHT else _PAD)


def _width(place: int) -> float:
    """Return how much room words have."""
    return _BOX - 2 * _PAD if place == MIDDLE else _BOX - _PAD - _RAIL - 20


def _name(place: int, name: str, pods: str, y: float) -> list[Markup]:
    x, width = _x(place) + _PAD, _BOX - 2 * _PAD + 4
    return [
        label(x, y + 20, isolated(name), size=13, width=width, font_weight="bold"),
        label(x, y + 36, isolated(pods), size=11, width=width, fill=GREY),
    ]


def _words(stop: Stop, y: float) -> Markup:
    """Return what is said of a hop; the whole of it is in the title."""
    x, width, hop = _left(stop.place), _width(stop.place), stop.hop
    ink = GREY if stop.pale else INK
    colour = GREY if stop.pale and hop.verdict == "passes" else _COLOURS.get(hop.verdict, INK)
    weight = "normal" if stop.pale else "bold"
    name = f"{stop.number}  {hop.hop}{f' at {isolated(stop.node)}' if stop.node else ''}"
    made = [tag("title", text(f"{stop.number} {stop.name}: {hop.verdict}: {hop.evidence}"))]
    if stop.chosen:
        high = _room_of(stop) - 3
        tint, edge = _TINTS.get(hop.verdict, BOX), _COLOURS.get(hop.verdict, INK)
        made.append(tag("rect", x=x - 7, y=y - 4, width=width + 12, height=high, rx=4, fill=tint, stroke=edge))
    made.append(label(x, y + 14, name, size=12, width=width - 62, fill=ink, font_weight=weight))
    made.append(label(x + width, y + 14, hop.verdict, size=11, fill=colour, text_anchor="end", font_weight=weight))
    for row, line in enumerate(_evidence(stop), 1):
        made.append(label(x, y + 15 + _LINE * row, line, size=11, fill=INK if stop.chosen else GREY))
    return tag("g", *made)


def _sign(verdict: str, x: float, y: float, radius: float, *, pale: bool) -> Markup:
    """Return the sign of a verdict: filled where the packet comes to it, hollow where it does not."""
    colour = GREY if pale and verdict == "passes" else _COLOURS.get(verdict, INK)
    ink, fill = (colour, PAPER) if pale else (PAPER, colour)
    disc = tag("circle", r=radius, fill=fill, stroke=colour, stroke_width=1.5)
    if verdict in _SIGNS:
        sign = tag("path", d=_SIGNS[verdict], fill="none", stroke=ink, stroke_width=2)
    else:
        sign = label(0, 4.5, "!", size=13, fill=ink, font_weight="bold", text_anchor="middle")
    return tag("g", disc, sign, transform=f"translate({x:g} {y:g})")


def _line(lane: Lane, discs: dict[int, tuple[float, float]], top: float, level: float) -> list[Markup]:
    """Return the packet's line from pod to pod, drawn as far as it is known to come."""
    sender, _, receiver = lane.order
    points = [(_rail(sender), top), (_rail(sender), level), (_rail(receiver), level), (_rail(receiver), top - 2)]
    if not lane.sent or not lane.stops:
        split, here = 0, points[0]
    elif lane.chosen is None:
        split, here = len(points), points[-1]
    else:
        split, here = lane.order.index(lane.chosen.place) + 1, discs[lane.chosen.number]
    rest = _DOUBTFUL if lane.sent and lane.verdict == "unproven" else _AHEAD
    made = [tag("circle", cx=points[0][0], cy=top, r=3.5, fill=GREY)]
    made += [tag("path", d=_through([*points[:split], here]), fill="none", **_TRAVELLED)] if split else []
    made += [tag("path", d=_through([here, *points[split:]]), fill="none", **rest)] if split < len(points) else []
    (x, y), arrives = points[-1], split == len(points)
    tip = f"M{x - 5:g} {y + 3:g}l5 -8l5 8z"
    stroke = AMBER if rest is _DOUBTFUL else GREY
    return [*made, tag("path", d=tip, fill=GREY if arrives else BOX, stroke=stroke, stroke_width=1)]


def _through(points: list[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
