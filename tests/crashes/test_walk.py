"""A run is killed at every boundary of every change that it asks for: before the work, and before the answer."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from tests.crashes.nursery import Nursery
from tests.crashes.scenarios import SCENARIOS
from tests.crashes.walk import MOMENTS, Moment, site

Nurseries = Callable[[str], Nursery]
_LEASE = 2
"""Changes that every run asks for, besides its own: the Lease is taken, and given back."""
LANES = (1, 0)
"""Changes that are under way at once: one, and as many as the platform bears."""
NAMES = [pytest.param(name, marks=pytest.mark.xdist_group(f"crash {one.platform}")) for name, one in SCENARIOS.items()]


def boundaries() -> Iterator[tuple[int, Moment, int, bool]]:
    """Give every boundary: its number, the moment, how many lanes, and what follows, taking turns."""
    for number in count(1):
        for turn, moment in enumerate(MOMENTS):
            yield number, moment, LANES[(number // 2 + turn) % 2], (number + turn) % 2 == 0


@pytest.mark.parametrize("name", NAMES)
def test_killed_anywhere_a_run_is_finished_or_undone(name: str, nurseries: Nurseries) -> None:
    """The journal names all that a killed run has changed; a run finishes its work; undo gives the world back."""
    scenario = SCENARIOS[name]
    with site(scenario, nurseries(scenario.platform)) as here:
        for number, moment, lanes, finish in boundaries():
            here.begin()
            at = here.kill(number, moment, lanes=lanes)
            problems = list(here.unnamed())
            if finish:
                problems += here.finish()
            problems += here.put_back()
            assert problems == [], f"killed {moment} change {number}, {at}, {lanes or 'many'} lanes"
            if not at:
                break
    assert number > 1 + _LEASE


@pytest.mark.parametrize("name", NAMES)
def test_killed_anywhere_an_undo_is_made_again(name: str, nurseries: Nurseries) -> None:
    """The journal names all that a killed undo has changed; made again, it gives the world back."""
    scenario = SCENARIOS[name]
    with site(scenario, nurseries(scenario.platform)) as here:
        for number in count(1):
            here.begin()
            run = here.whole()
            moment, lanes = MOMENTS[number % 2], LANES[number // 2 % 2]
            at = here.kill(number, moment, lanes=lanes, undoes=run)
            problems = [*here.unnamed(), *here.put_back([run] if at else [])]
            assert problems == [], f"killed {moment} change {number}, {at}, {lanes or 'many'} lanes"
            if not at:
                break
    assert number > 1 + _LEASE
