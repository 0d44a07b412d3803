"""What the published limits and latencies force, whoever does the job: the least requests, and the least seconds.

The least requests are written down as a graph: which requests there must be, and which of them need another's answer.
Any number of clients sends them, each as soon as what it needs is known and its buckets grant it; what an answer takes
is the lab's latency. Nothing here knows how the package works.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from l2bridge_helpers.lab.limits import LIMITS
from l2bridge_helpers.lab.throttle import Bucket, Limit

READ_SECONDS, WRITE_SECONDS = 0.03, 0.08
"""What an answer takes."""
OPERATION_SECONDS = {"aws": 0.0, "gce": 1.0, "azure": 0.5}
"""What a change takes after its answer."""
PAGE = {"aws": 1000, "gce": 500, "azure": 100}
"""Resources in one page of a list at most: EC2 and Compute Engine as published, Azure as the lab does."""

_SOON = 1e-9


@dataclass(frozen=True)
class Request:
    """One request that cannot be left out.

    Attributes:
        groups: the limits that count it.
        seconds: from when it is sent until its effect is there, or its answer.
        after: the places, in the graph, of the requests whose answer or effect it needs.

    """

    groups: tuple[str, ...]
    seconds: float
    after: tuple[int, ...] = ()


Graph = Sequence[Request]


def lower_bound(platform: str, nodes: int) -> float:
    """Return the seconds that limits and latencies force for a cluster of which nothing is done yet."""
    return seconds_of(graph(platform, nodes), LIMITS[platform])


def minimum_requests(platform: str, nodes: int) -> int:
    """Return how many requests to the cloud there must be: reads, one write per node and change, a read of the end."""
    return len(graph(platform, nodes))


def graph(platform: str, nodes: int) -> Graph:
    """Return the requests that there must be, each behind those that it needs."""
    made: list[Request] = []
    _GRAPHS[platform](made, nodes)
    return made


def seconds_of(requests: Graph, limits: Mapping[str, Limit]) -> float:
    """Return when the last one is done, if each is sent as soon as it may be, those with the longest way first."""
    return max(
        (sent + one.seconds for sent, one in zip(schedule(requests, limits), requests, strict=True)), default=0.0
    )


def schedule(requests: Graph, limits: Mapping[str, Limit]) -> list[float]:
    """Return when each request is sent, in seconds from the start, where windows of the clock begin, too."""
    meters = {name: _Meter(limit) for name, limit in limits.items()}
    missing, needed_by = [len(one.after) for one in requests], _needed_by(requests)
    way = _ways(requests, needed_by)
    waiting: dict[tuple[str, ...], list[tuple[float, int]]] = defaultdict(list)
    events = [(0.0, place) for place, count in enumerate(missing) if count == 0]
    sent, now = [0.0] * len(requests), 0.0
    while events or any(waiting.values()):
        while events and events[0][0] <= now + _SOON:
            _, place = heapq.heappop(events)
            heapq.heappush(waiting[requests[place].groups], (-way[place], place))
        moments = [events[0][0]] if events else []
        for groups, queue in waiting.items():
            while queue:
                free = max((meters[name].free(now) for name in groups), default=now)
                if free > now + _SOON:
                    moments.append(free)
                    break
                _, place = heapq.heappop(queue)
                sent[place] = now
                for name in groups:
                    meters[name].take(now)
                for other in needed_by[place]:
                    missing[other] -= 1
                    if missing[other] == 0:
                        done = max(sent[one] + requests[one].seconds for one in requests[other].after)
                        heapq.heappush(events, (done, other))
                        moments.append(done)
        now = max(now, min(moments, default=now))
    return sent


def _needed_by(requests: Graph) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in requests]
    for place, one in enumerate(requests):
        for needed in one.after:
            found[needed].append(place)
    return found


def _ways(requests: Graph, needed_by: Sequence[Sequence[int]]) -> list[float]:
    """Return, for each request, what it and the longest chain of those behind it take."""
    way = [0.0] * len(requests)
    for place in reversed(range(len(requests))):
        way[place] = requests[place].seconds + max((way[other] for other in needed_by[place]), default=0.0)
    return way


class _Meter:
    """One limit, which is only ever used when it is free."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._used = 0.0
        self._since = -math.inf
        self._recent: deque[float] = deque()

    def free(self, now: float) -> float:
        """Return when one more request is granted."""
        limit = self._limit
        if isinstance(limit, Bucket):
            return now + max(0.0, (self._level(now) + 1 - limit.capacity) / limit.per_second)
        return now if self._level(now) < limit.requests else self._end()

    def take(self, now: float) -> None:
        """Count one."""
        self._used = self._level(now) + 1
        if isinstance(self._limit, Bucket) or now >= self._end() - _SOON:
            self._since = now

    def _level(self, now: float) -> float:
        limit = self._limit
        if isinstance(limit, Bucket):
            return max(0.0, self._used - (now - self._since) * limit.per_second) if self._used else 0.0
        return 0.0 if now >= self._end() - _SOON else self._used

    def _end(self) -> float:
        """Return when the window ends that was open at the last change."""
        limit = self._limit
        if isinstance(limit, Bucket) or math.isinf(self._since):
            return self._since
        if limit.aligned:
            return (math.floor(self._since / limit.seconds + _SOON) + 1) * limit.seconds
        return self._since + limit.seconds


def _add(made: list[Request], request: Request) -> int:
    made.append(request)
    return len(made) - 1


def _pages(made: list[Request], count: int, groups: tuple[str, ...], after: tuple[int, ...] = ()) -> list[int]:
    """Add the pages of a list: each needs the token of the one before."""
    places: list[int] = []
    for _ in range(count):
        places.append(_add(made, Request(groups, READ_SECONDS, (places[-1],) if places else after)))
    return places


def _number_of_pages(platform: str, items: int) -> int:
    return max(1, math.ceil(items / PAGE[platform]))


def _write(made: list[Request], platform: str, groups: tuple[str, ...], after: tuple[int, ...]) -> int:
    return _add(made, Request(groups, WRITE_SECONDS + OPERATION_SECONDS[platform], after))


def _aws(made: list[Request], nodes: int) -> None:
    """List the interfaces; one change for each; list them again."""
    count = _number_of_pages("aws", nodes)
    pages = _pages(made, count, ("reads",))
    writes = [
        _write(made, "aws", ("ModifyNetworkInterfaceAttribute",), (pages[node // PAGE["aws"]],))
        for node in range(nodes)
    ]
    _pages(made, count, ("reads",), tuple(writes))


def _gce(made: list[Request], nodes: int) -> None:
    """List instances (for the fingerprints) and routes; update each instance, insert each route; list both again."""
    count = _number_of_pages("gce", nodes)
    instances, routes = _pages(made, count, ("heavy_read",)), _pages(made, 1, ("list",))
    writes = [
        _write(made, "gce", ("mutate_per_region",), (instances[node // PAGE["gce"]],)) for node in range(nodes)
    ] + [_write(made, "gce", ("mutate",), (routes[-1],)) for _ in range(nodes)]
    _pages(made, count, ("heavy_read",), tuple(writes))
    _pages(made, count, ("list",), tuple(writes))


def _azure(made: list[Request], nodes: int) -> None:
    """List interfaces, tables, networks; change each interface, write the table, then the subnet; list all again."""
    reads, writes = ("reads", "network reads"), ("writes", "network writes")
    count = _number_of_pages("azure", nodes)
    pages = _pages(made, count, reads)
    around = tuple(_pages(made, 1, reads)[0] for _ in ("tables", "networks"))
    changes = [_write(made, "azure", writes, (pages[node // PAGE["azure"]],)) for node in range(nodes)]
    table = _write(made, "azure", writes, around)
    changes += [table, _write(made, "azure", writes, (table,))]
    for number in (count, 1, 1):
        _pages(made, number, reads, tuple(changes))


_GRAPHS: Mapping[str, Callable[[list[Request], int], None]] = {"aws": _aws, "gce": _gce, "azure": _azure}
