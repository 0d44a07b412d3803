"""Crash and disturb runs at random, for some minutes: ``python -m tests.soak [MINUTES] [SEED]``, or ``make soak``.

Each round has a seed, which makes the same world, crashes and troubles again. The first violation ends it with an
error and the command that repeats the round. With many lanes threads decide on the order: then repeat it some times.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from functools import cache
from random import Random
from typing import Any

from tests.crashes.child import OURS
from tests.crashes.nursery import nursery
from tests.crashes.scenarios import SCENARIOS, Scenario
from tests.crashes.walk import KILLED, MOMENTS, Killer, Site, site

PATIENCE = 0.5
"""Seconds that a client waits for an answer here."""
_MOST_NODES, _MOST_CHANGES, _MOST_CRASHES = 12, 16, 3
_WORLDS: tuple[Scenario, ...] = (
    *SCENARIOS.values(),
    Scenario("gce-dual-stack"),
    Scenario("gce-shared-vpc"),
    Scenario("aws-two-subnets", {"routes": True}),
    Scenario("azure-dual-stack"),
)
_SECONDS = {"slow": 0.1, "timeout": 1.5, "timeout after": 1.5}
_REFUSED = ("throttled", "unavailable", "server error", "bad gateway", "gateway timeout")
_LOST = ("reset", "reset after", "hang up", "hang up after", "cut off", "half", "html", "empty")
_TROUBLES = (*_SECONDS, *_REFUSED, *_LOST)


def main(minutes: float = 10.0, seed: int = 0) -> int:
    """Make rounds until time is up, one at least; return the exit status."""
    seed = seed or time.time_ns() % 1_000_000_000
    end, rounds = time.monotonic() + 60 * minutes, 0
    with ExitStack() as stack:
        nurseries = cache(lambda platform: stack.enter_context(nursery(platform)))
        while not rounds or time.monotonic() < end:
            random = Random(seed)  # noqa: S311 - nothing secret hangs on it
            scenario = _scenario(random)
            try:
                with site(scenario, nurseries(scenario.platform)) as here:
                    story, problems = _round(here, random)
            except (AssertionError, TimeoutError) as err:
                story, problems = "broke off", [str(err)]
            print(f"seed {seed}: {scenario.world}: {story}: {'ok' if not problems else 'VIOLATION'}", flush=True)
            if problems:
                print("\n".join(problems))
                print(f"again: make soak MINUTES=0 SEED={seed}", flush=True)
                return 1
            rounds, seed = rounds + 1, seed + 1
    print(f"{rounds} rounds, no violation")
    return 0


def _scenario(random: Random) -> Scenario:
    """Return a world: one of a few, or one of any size."""
    if random.random() < 0.6:
        return random.choice(_WORLDS)
    platform, size = random.choice(("gce", "aws", "azure")), random.randint(1, _MOST_NODES)
    return Scenario(f"{platform}-{size}", {"routes": random.random() < 0.7} if platform == "aws" else {})


def _round(here: Site, random: Random) -> tuple[str, list[str]]:
    """Crash and disturb some runs and undos, then let one finish; return what was done, and what is wrong."""
    story: list[str] = []
    problems: list[str] = []
    for _ in range(random.randint(1, _MOST_CRASHES)):
        story.append(_disturbed(here, random))
        problems += here.unnamed()
    if random.random() < 0.7:
        story.append("finish")
        problems += here.finish()
    story.append("undo all")
    problems += here.put_back()
    return ", ".join(story), problems


def _disturbed(here: Site, random: Random) -> str:
    """Make one run or undo that is killed, disturbed, or both; return what happened."""
    known = here.runs()
    undoes = random.choice(known) if known and random.random() < 0.3 else None
    lanes = random.choice((1, 0))
    killer = Killer(random.randint(1, _MOST_CHANGES), random.choice(MOMENTS))
    troubles = [random.choice(_TROUBLES) for _ in range(random.choice((0, 0, 1, 2)))]
    for kind in troubles:
        more: dict[str, Any] = {"seconds": _SECONDS[kind]} if kind in _SECONDS else {}
        here.lab.trouble(kind, times=random.randint(1, 3), skip=random.randint(0, 40), **more)
    kills = not troubles or random.random() < 0.5
    if kills:
        here.lab.on_boundary(killer)
    child = here.run(undoes=undoes, lanes=lanes, patience=PATIENCE)
    killer.aim(child)
    status = child.wait()
    killer.settle()
    here.lab.on_boundary(None)
    here.lab.cloud.faults.clear()
    assert status in ((KILLED,) if killer.at else (0, OURS)), f"status {status}: {child.said()[-2000:]}"
    what = f"undo of {undoes}" if undoes else "run"
    how = f"killed {killer.moment} change {killer.number} ({killer.at})" if killer.at else f"status {status}"
    return f"{what} with {lanes or 'many'} lanes{' and '.join(['', *troubles])} {how}"


if __name__ == "__main__":
    _minutes, _seed = ([*sys.argv[1:], "", ""])[:2]
    sys.exit(main(float(_minutes or 10), int(_seed or 0)))
