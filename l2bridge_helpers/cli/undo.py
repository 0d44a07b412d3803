"""`l2bridge undo`: put back what a run has changed, in a run of its own."""

from __future__ import annotations

from pathlib import Path

import click

from l2bridge_helpers.cli.exits import refused
from l2bridge_helpers.cli.run import apply, asked, carry_out, confirm, file, merged, parameter, runs
from l2bridge_helpers.errors import L2BridgeError

_HELP = """\
Put back what a run has changed, as the journal tells it.

RUN is the name of the run's folder, see `l2bridge history`; without it: the cluster's last one that is no undo itself.
Without --apply the way back is shown, and nothing is changed. What others have changed since is left alone.

\b
  l2bridge undo 20261124T220000Z-shop-prod-gce
  l2bridge undo 20261124T220000Z-shop-prod-gce --apply --confirm shop-prod
"""


@click.command(help=_HELP)
@click.argument("run", default="")
@parameter
@file
@apply
@confirm
@runs
def undo(*, run: str, pairs: tuple[str, ...], path: Path | None, applies: bool, confirm: str, runs: str) -> None:
    """Put it back; `_HELP` is what people read."""
    given_by_options = asked(["apply"] if applies else [], confirm, runs) | ({"run": run} if run else {})
    try:
        from l2bridge_helpers.undo_choice import UNDO, check_choice

        given = merged(pairs, path, UNDO, given_by_options)
        check_choice(given)
    except L2BridgeError as err:
        raise refused(err) from err
    carry_out("undo", given)
