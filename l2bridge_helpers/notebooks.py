"""The runbooks' notebooks: where they are, and what their parameters cells say."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from pathlib import Path

from l2bridge_helpers.errors import DataError

NAMES = ("gce", "aws", "azure", "bare_metal", "undo", "explain")
"""In the order in which people look for theirs."""
_HERE = Path(__file__).resolve().parent
FOLDERS = (_HERE.parent / "notebooks", _HERE / "notebooks")
"""In the repository; and where the package is installed, which brings them along."""


@dataclass(frozen=True)
class Line:
    """One line of a parameters cell: `name: type = default  # help`."""

    name: str
    type: str
    default: str
    help: str


def notebook(name: str) -> Path:
    """Return a runbook's notebook.

    Raises:
        DataError: it is not there.

    """
    for folder in FOLDERS:
        path = folder / f"{name}.ipynb"
        if path.is_file():
            return path
    raise DataError(f"runbook {name}: there is no {name}.ipynb in {' or '.join(map(str, FOLDERS))}; install again")


def title(name: str) -> str:
    """Return a runbook's heading."""
    first = _source(notebook(name), 0)
    return first.splitlines()[0].lstrip("# ").strip()


def parameters(name: str) -> list[Line]:
    """Return the lines of a runbook's parameters cell."""
    lines = _source(notebook(name), None).splitlines()
    return [_line(text) for text in lines if text.strip()]


def _line(text: str) -> Line:
    (node,) = ast.parse(text).body
    if not isinstance(node, ast.AnnAssign) or node.value is None:
        raise DataError(f"a parameters cell has the line {text!r}, which sets no parameter")
    told = text.partition("  # ")[2]
    return Line(ast.unparse(node.target), ast.unparse(node.annotation), ast.unparse(node.value), told)


def _source(path: Path, place: int | None) -> str:
    """Return the source of a cell by its place, or of the parameters cell."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    tagged = (cell for cell in cells if "parameters" in cell["metadata"].get("tags", []))
    return "".join((cells[place] if place is not None else next(tagged))["source"])
