"""`--metrics FILE`: what Prometheus is told of a run, however it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from l2bridge_helpers.cli.exits import FAILED, OK, refused
from l2bridge_helpers.errors import L2BridgeError

if TYPE_CHECKING:
    from l2bridge_helpers.job import Ended

Know = Callable[[Mapping[str, Any]], None]
Tell = Callable[["Ended"], None]


@contextmanager
def measured(runbook: str, path: Path | None) -> Iterator[tuple[Know, Tell]]:
    """Write the file at the end of the block; give what takes the run's parameters, and how it ended.

    Args:
        runbook: the platform's name.
        path: the file; None: nothing is written.

    Raises:
        Refused: the file cannot be written, and the run itself was fine.

    """
    if path is None:
        yield lambda _: None, lambda _: None
        return
    from l2bridge_helpers.metrics import Measured, check_file, write_metrics

    run = Measured(runbook, status=FAILED)
    try:
        check_file(path)
    except L2BridgeError as err:
        raise refused(err) from err
    try:
        yield (
            lambda given: setattr(run, "cluster", given["cluster"]),
            lambda ended: setattr(run, "result", ended.result),
        )
        run.status = OK
    except click.ClickException as err:
        run.status = err.exit_code
        raise
    finally:
        try:
            write_metrics(path, run)
        except L2BridgeError as err:
            if run.status == OK:
                raise refused(err) from err
            click.echo(str(err), err=True)
