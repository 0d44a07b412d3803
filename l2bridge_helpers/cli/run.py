"""`l2bridge run`: one run of a platform's runbook, and how it ended as an exit status."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from l2bridge_helpers.cli.exits import Refused, refused, status_of
from l2bridge_helpers.cli.measured import measured
from l2bridge_helpers.errors import L2BridgeError, ParameterError

if TYPE_CHECKING:
    from l2bridge_helpers.job import Ended
    from l2bridge_helpers.parameters import Parameter

_TOLD = 3
"""So many of the things that an error names stand in its line."""
PLATFORMS = ("gce", "aws", "azure", "bare_metal")
parameter = click.option(
    "-p", "--parameter", "pairs", multiple=True, metavar="NAME=VALUE", help="A parameter; see `l2bridge list RUNBOOK`."
)
file = click.option(
    "-f", "--file", "path", type=click.Path(path_type=Path), help="YAML file of parameters; -p goes before it."
)
runs = click.option("--runs", default="", metavar="FOLDER", help="Where runs are kept; default: runs.")
apply = click.option("--apply", "applies", is_flag=True, help="Make the changes; needs --confirm.")
confirm = click.option("--confirm", default="", metavar="CLUSTER", help="The cluster's name, to change it.")
metrics = click.option(
    "--metrics", type=click.Path(path_type=Path), help="Write how it ended for Prometheus, to a file NAME.prom."
)

_HELP = """\
Run a platform's runbook: gce, aws, azure or bare_metal.

Without --apply and --check it makes a plan, and changes nothing. The executed notebook and the report are kept in a
new folder below `runs`. Parameters are those of the notebook (l2bridge list RUNBOOK); an unknown one, or one of
another type, is refused before anything is read.

\b
  l2bridge run aws -p region=eu-west-1 -p routes=true
  l2bridge run gce -f production.yaml --apply --confirm shop-prod

Exit status: 0 as asked, 1 drift or failure, 2 bad usage, 3 something has to be settled first (a finding, a
permission, another run that applies now, a network that does not answer).
"""


@click.command(help=_HELP)
@click.argument("runbook", type=click.Choice(PLATFORMS), metavar="RUNBOOK")
@parameter
@file
@apply
@click.option("--check", "checks", is_flag=True, help="Change nothing, and fail when anything is out of place.")
@confirm
@runs
@metrics
def run(  # noqa: PLR0913 - each is an option
    *,
    runbook: str,
    pairs: tuple[str, ...],
    path: Path | None,
    applies: bool,
    checks: bool,
    confirm: str,
    runs: str,
    metrics: Path | None,
) -> None:
    """Run it; `_HELP` is what people read."""
    modes = [mode for mode, given in (("apply", applies), ("check", checks)) if given]
    own = asked(modes, confirm, runs)
    with measured(runbook, metrics) as (know, told):
        try:
            from l2bridge_helpers.parameters import PARAMETERS, check_parameters

            given = merged(pairs, path, PARAMETERS[runbook], own)
            know(given)
            check_parameters(runbook, given)
        except L2BridgeError as err:
            raise refused(err) from err
        carry_out(runbook, given, told)


def asked(modes: list[str], confirm: str, runs: str) -> dict[str, Any]:
    """Return the parameters that options of their own set.

    Raises:
        click.UsageError: two of them contradict each other.

    """
    if len(modes) > 1:
        raise click.UsageError("--apply and --check: give one of them")
    given = {"mode": "".join(modes), "confirm": confirm, "runs": runs}
    return {name: value for name, value in given.items() if value}


def merged(
    pairs: tuple[str, ...], path: Path | None, known: Sequence[Parameter], own: Mapping[str, Any]
) -> dict[str, Any]:
    """Return all parameters: defaults, then the file's, then those of -p, then those of options.

    Raises:
        ParameterError: one is unknown, of another type, or given twice.

    """
    from l2bridge_helpers.cli.given import from_file, from_options

    options = from_options(pairs, known)
    twice = [name for name in own if name in options]
    if twice:
        raise ParameterError(f"parameter {', '.join(twice)}: given by -p and by an option of its own; give one of them")
    defaults = {one.name: one.default for one in known}
    return {**defaults, **(from_file(path, known) if path else {}), **options, **own}


def carry_out(runbook: str, given: Mapping[str, Any], told: Callable[[Ended], None] | None = None) -> None:
    """Run the notebook, tell how it ended, and leave with the status for that."""
    from l2bridge_helpers.job import run_job

    try:
        ended = run_job(runbook, given, said=sys.stdout)
    except L2BridgeError as err:
        raise refused(err) from err
    if told:
        told(ended)
    if ended.executed:
        click.echo(f"notebook: {ended.executed}")
    if ended.error:
        raise Refused(f"{ended.error}: {_in_a_line(ended)}", status_of(ended.error))


def _in_a_line(ended: Ended) -> str:
    """Return the error so that an alert can carry it: what it says of the first few things, and where the rest is."""
    parts = ended.text.split(" | ")
    where = f"all in {ended.folder / 'report.html'}" if ended.folder else "that is all that is known"
    more = f" | and {len(parts) - _TOLD} more, {where}" if len(parts) > _TOLD else ""
    return " ".join((" | ".join(parts[:_TOLD]) + more).split())
