"""`l2bridge list`: the runbooks, and what each of them takes."""

from __future__ import annotations

import shutil

import click

from l2bridge_helpers.cli.exits import refused
from l2bridge_helpers.errors import L2BridgeError
from l2bridge_helpers.notebooks import NAMES, notebook, parameters, title


@click.command(name="list")
@click.argument("runbook", default="", type=click.Choice(["", *NAMES]), metavar="[RUNBOOK]")
def list_runbooks(*, runbook: str) -> None:
    """List the runbooks; or the parameters of RUNBOOK, with their types, defaults and meanings."""
    try:
        if not runbook:
            rows = [(name, title(name)) for name in NAMES]
        else:
            click.echo(f"{notebook(runbook)}\n")
            rows = [(f"{line.name}: {line.type} = {line.default}", line.help) for line in parameters(runbook)]
    except L2BridgeError as err:
        raise refused(err) from err
    formatter = click.HelpFormatter(width=shutil.get_terminal_size((120, 40)).columns)
    formatter.write_dl(rows)
    click.echo(formatter.getvalue().rstrip())
