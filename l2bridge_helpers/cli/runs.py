"""`l2bridge show` and `l2bridge history`: what runs came to, and what they have changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from l2bridge_helpers.cli.exits import Refused, refused
from l2bridge_helpers.errors import L2BridgeError
from l2bridge_helpers.printable import printable

_NEWEST = 20
runs = click.option("--runs", default="runs", metavar="FOLDER", help="Where runs are kept.", show_default=True)


@click.command()
@click.argument("run", default="")
@runs
def show(*, run: str, runs: str) -> None:
    """Say what came of RUN, the name of its folder; without it, list the newest runs."""
    if run:
        found = _read(Path(run) if Path(run).is_dir() else Path(runs) / run)
        click.echo("\n".join(f"{label + ':':10} {value}" for label, value in _told(found).items()))
        return
    folders = sorted((path.parent for path in Path(runs).glob("*/result.json")), reverse=True)
    if not folders:
        click.echo(f"no runs below {runs}")
    for folder in folders[:_NEWEST]:
        found = _read(folder)
        click.echo(f"{folder.name}  {found.get('mode', ''):6} {found['status']:7} {_in_short(found)}")
    if len(folders) > _NEWEST:
        click.echo(f"and {len(folders) - _NEWEST} older ones")


@click.command()
@click.option("--cluster", default="", help="Only of this cluster.")
@click.option("--node", default="", help="Only at this node.")
@click.option("--journal", default="", metavar="URL", help="SQLAlchemy URL of the journal; default: sqlite in runs.")
@runs
def history(*, cluster: str, node: str, journal: str, runs: str) -> None:
    """List what was changed, by whom, and when: the newest last."""
    from l2bridge_helpers.journal import history as read_history
    from l2bridge_helpers.journal_url import journal_url
    from l2bridge_helpers.show import text_table

    try:
        table = read_history(journal_url(journal, runs), cluster=cluster, node=node)
    except L2BridgeError as err:
        raise refused(err) from err
    if table.empty:
        click.echo("nothing was changed")
        return
    columns = ["intended", "run", "action", "kind", "resource", "node", "outcome", "user"]
    click.echo(text_table(table[columns].astype(str).to_numpy().tolist(), columns))


def _read(folder: Path) -> dict[str, Any]:
    path = folder / "result.json"
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        told = printable(f"{path} cannot be read ({err})")
        raise Refused(f"run {folder.name!r}: {told}; `l2bridge show` lists the runs") from err
    return found


def _in_short(found: dict[str, Any]) -> str:
    counts = found.get("counts", {})
    told = ", ".join(f"{number} {name}" for name, number in counts.items() if number)
    return told or str(found.get("verdict", "")) or "nothing to do"


def _told(found: dict[str, Any]) -> dict[str, Any]:
    target = {name: value for name, value in found.get("target", {}).items() if name != "mode"}
    facts = {
        "runbook": found.get("runbook"),
        "mode": found.get("mode"),
        **target,
        "started": found.get("started"),
        "finished": found.get("finished"),
        "status": found.get("status"),
        "came to": _in_short(found),
        "plan hash": found.get("plan_hash"),
        "error": found.get("error"),
    }
    return {label: value for label, value in facts.items() if value}
