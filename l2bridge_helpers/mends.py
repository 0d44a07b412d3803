"""What has to be done so that a pod reaches another one: what the platform's runbook does, and what is left (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from l2bridge_helpers.explain import explain
from l2bridge_helpers.foresee import foresee
from l2bridge_helpers.plan import plan
from l2bridge_helpers.platforms import default_scope

if TYPE_CHECKING:
    from l2bridge_helpers.fabric import Fabric
    from l2bridge_helpers.reachability.explanation import Explanation, Hop

COLUMNS = ("at", "hop", "by", "mend")
BY_HAND = "you"


@dataclass(frozen=True)
class Mends:
    """The obstacles on a way, and which of them the platform's runbook takes out of it.

    Attributes:
        now: the way as it is.
        after: the same question when the runbook's plan has been applied.
        notebook: the runbook.

    """

    now: Explanation
    after: Explanation
    notebook: str

    def table(self) -> pd.DataFrame:
        """Return one row per thing to do; columns `at, hop, by, mend`."""
        rows = [
            (_each(hop.at for hop in hops), _each(hop.hop for hop in hops), self._by(hops), mend)
            for mend, hops in self._by_mend().items()
        ]
        return pd.DataFrame(rows, columns=pd.Index(COLUMNS), dtype=object)

    def summary(self) -> str:
        """Return how many things there are to do, and who does them."""
        doers = [self._by(hops) for hops in self._by_mend().values()]
        if not doers:
            return "nothing to mend"
        done = len(doers) - doers.count(BY_HAND)
        things = f"{len(doers)} thing{'' if len(doers) == 1 else 's'} to mend"
        if not done:
            return f"{things}, which no runbook does for you"
        what = "all of it" if done == len(doers) else f"{done} of them, you the rest"
        return f"{things}: {self.notebook} in apply mode does {what}"

    def _by_mend(self) -> dict[str, list[Hop]]:
        """Return the obstacles by what mends them: one command may mend several."""
        found: dict[str, list[Hop]] = {}
        for hop in self.now.obstacles:
            found.setdefault(hop.mend or f"find out: {hop.evidence}", []).append(hop)
        return found

    def _by(self, hops: Iterable[Hop]) -> str:
        left = {(hop.way, hop.hop, hop.at) for hop in self.after.obstacles}
        return BY_HAND if any((hop.way, hop.hop, hop.at) in left for hop in hops) else self.notebook


def find_mends(
    nodes: pd.DataFrame, fabric: Fabric, way: Explanation, source: str, destination: str, *, cluster: str
) -> Mends:
    """Return what mends a way.

    Args:
        nodes: as `list_nodes` returns them.
        fabric: as `Cloud.observe` returns it.
        way: what `explain` has found.
        source: what it was asked about.
        destination: the same.
        cluster: the name that marks this cluster's routes.

    """
    changes = plan(nodes, fabric, cluster=cluster, scope=default_scope(fabric.platform))
    after = explain(nodes, foresee(fabric, changes), source, destination, traffic=way.traffic, cluster=cluster)
    return Mends(way, after, f"{fabric.platform}.ipynb")


def _each(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(filter(None, words)))
