"""`l2bridge explain`: why one pod reaches another, or does not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from l2bridge_helpers.cli.exits import refused
from l2bridge_helpers.cli.run import carry_out, file, merged, parameter, runs
from l2bridge_helpers.errors import L2BridgeError

if TYPE_CHECKING:
    from l2bridge_helpers.job import Ended

_HELP = """\
Say, hop by hop, whether a packet from SOURCE arrives at DESTINATION: nodes, pod CIDRs, or addresses of pods.

\b
  l2bridge explain node-1 win-2 -p platform=gce -p project=my-project
  l2bridge explain 10.42.0.7 10.42.5.3 --run 20261124T220000Z-shop-prod-gce

With --run, what an earlier run has read is asked, without a cluster or a cloud.
"""


@click.command(help=_HELP)
@click.argument("source")
@click.argument("destination")
@click.option("--run", default="", metavar="RUN", help="Folder of an earlier run, path or name below runs.")
@parameter
@file
@runs
def explain(*, source: str, destination: str, run: str, pairs: tuple[str, ...], path: Path | None, runs: str) -> None:
    """Explain it; `_HELP` is what people read."""
    own = {"source": source, "destination": destination, "run": run, "runs": runs}
    try:
        from l2bridge_helpers.question import QUESTION, check_question

        given = merged(pairs, path, QUESTION, {name: value for name, value in own.items() if value})
        check_question(given)
    except L2BridgeError as err:
        raise refused(err) from err
    carry_out("explain", given, _tell)


def _tell(ended: Ended) -> None:
    """Print the hops, a line each."""
    from l2bridge_helpers.show import text_table

    rows = [
        [str(hop[name]) for name in ("verdict", "way", "hop", "at", "evidence")] for hop in ended.result.get("hops", ())
    ]
    if rows:
        click.echo(text_table(rows, ("verdict", "way", "hop", "at", "evidence")))
