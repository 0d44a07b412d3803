"""What an earlier run saw, found by the name of its folder: the state that it saved, and what it says of itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from l2bridge_helpers.errors import ParameterError
from l2bridge_helpers.paths import home_path, is_folder
from l2bridge_helpers.state import load_state

if TYPE_CHECKING:
    import pandas as pd

    from l2bridge_helpers.fabric import Fabric

FIRST, LAST = "state.json", "state-after.json"
"""What a run saw before its changes, and after them."""
_LISTED = 5


@dataclass(frozen=True)
class SavedRun:
    """A run's folder, and one of the states in it.

    Attributes:
        folder: where it is.
        seen: the nodes and the fabric.
        after: whether that was after the run's changes.
        result: its `result.json`; empty while it goes on, or when that cannot be read.

    """

    folder: Path
    seen: tuple[pd.DataFrame, Fabric]
    after: bool
    result: dict[str, Any]

    @property
    def platform(self) -> str:
        """The cloud."""
        return self.seen[1].platform

    @property
    def cluster(self) -> str:
        """The cluster's name, where the run says it."""
        return str(self.result.get("cluster", ""))

    def nodes(self) -> pd.DataFrame:
        """Return the nodes that were seen."""
        return self.seen[0]

    def fabric(self, _nodes: pd.DataFrame) -> Fabric:
        """Return the network that was seen with them."""
        return self.seen[1]

    def target(self) -> dict[str, str]:
        """Return what is looked at, as label -> value."""
        said: dict[str, str] = {label: str(self.result[label]) for label in ("mode", "started") if label in self.result}
        where = self.result.get("target")
        kept = where if isinstance(where, dict) else {}
        return {
            "run": self.folder.resolve().name,
            **said,
            "seen": "after its changes" if self.after else "when it read the network, before any change",
            **{str(label): str(value) for label, value in kept.items() if label != "mode"},
        }


def open_run(run: str, runs: str, moment: str) -> SavedRun:
    """Return the run with this folder, which is a path or a name below `runs`.

    Raises:
        ParameterError: there is no such folder, or the run in it saved nothing; names some that did.
        DataError: its saved state cannot be used.

    """
    folders = [path for path in (home_path(run), Path(runs) / run) if is_folder(path)]
    states = [path / name for path in folders for name in _names(moment) if (path / name).is_file()]
    if not states:
        what = "holds no state that a run has saved" if folders else "is no folder of a run"
        raise ParameterError(f"parameter run: {run!r} {what}; {_others(Path(runs))}")
    folder = states[0].parent
    return SavedRun(folder, load_state(states[0]), states[0].name == LAST, _result(folder))


def _names(moment: str) -> tuple[str, ...]:
    """Return the files that hold what was seen at the moment; a run that made no change has seen it once."""
    return (LAST, FIRST) if moment == "last" else (FIRST,)


def _others(runs: Path) -> str:
    names = sorted(_saved(runs), reverse=True)[:_LISTED]
    return f"the newest in {str(runs)!r}: {', '.join(names)}" if names else f"nor does any other in {str(runs)!r}"


def _saved(runs: Path) -> Iterator[str]:
    return (path.parent.name for path in (runs.glob(f"*/{FIRST}") if is_folder(runs) else ()))


def _result(folder: Path) -> dict[str, Any]:
    try:
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return result if isinstance(result, dict) else {}
