"""The command `l2bridge`. A subcommand is imported when it is asked for: `--help` waits for none of them."""

from __future__ import annotations

from importlib import import_module

import click

from l2bridge_helpers import __version__

_COMMANDS = {
    "run": ("run", "Run a runbook: plan, apply or check."),
    "undo": ("undo", "Put back what a run has changed."),
    "explain": ("explain", "Say why a pod on one node can or cannot reach a pod on another."),
    "list": ("runbooks", "List the runbooks, or one's parameters."),
    "show": ("runs", "Say what came of a run."),
    "history": ("runs", "List what was changed, by whom, and when."),
    "lab": ("lab", "Start an embedded cluster and cloud to practise on."),
}
"""Name -> module, and what it does in a line."""


class _Commands(click.Group):
    """The subcommands, imported one by one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return their names, in the order in which people need them."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"{__name__}.{_COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name if cmd_name != "list" else "list_runbooks")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write their names, without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in _COMMANDS.items()])


_HELP = """\
Make a cloud network carry unencapsulated Kubernetes pod traffic; practise it without a cloud.

\b
  l2bridge run gce -p project=my-project            what would be changed
  l2bridge run gce -p project=my-project --apply --confirm my-cluster
  l2bridge run gce -p project=my-project --check    for a schedule: fails on drift
  l2bridge lab gce-small                            a cluster and a cloud to practise on

Exit status: 0 as asked, 1 drift or failure, 2 bad usage, 3 something has to be settled first.
"""


@click.command(cls=_Commands, help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="l2bridge")
def main() -> None:
    """Find the subcommand; `_HELP` is what people read."""
