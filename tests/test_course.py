"""The course that a click runs: its steps are the cells' own, in their order."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from l2bridge_helpers.course import carry_out, put_back
from l2bridge_helpers.parameters import PARAMETERS
from l2bridge_helpers.reachability.result import PLANNED

_NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
_UNLIKE = {"PLANNED": repr(PLANNED), "run.review(changes, planned, findings)": "run.check_plan_file(changes)"}
"""What the two write differently: a name of the package, and the review, of which a click has had its part."""


def _statements(tree: ast.AST) -> Iterator[str]:
    """Give what is done inside of steps, each behind its step's name."""
    for block in ast.walk(tree):
        if isinstance(block, ast.With):
            yield ast.unparse(block.items[0].context_expr)
            yield from map(ast.unparse, block.body)


def _cells(name: str, variable: str) -> list[str]:
    cells = nbformat.read(_NOTEBOOKS / f"{name}.ipynb", as_version=4).cells
    sources = [cell.source for cell in cells if cell.cell_type == "code"]
    lines = [line for source in sources for line in _statements(ast.parse(source))]
    return [_plain(line.replace(f"{variable}.", "run.")) for line in lines]


def _course(function: Callable[[Any], None]) -> list[str]:
    return [_plain(line) for line in _statements(ast.parse(inspect.getsource(function)))]


def _plain(line: str) -> str:
    for one, other in _UNLIKE.items():
        line = line.replace(one, other)
    return line.replace("proof = ", "").replace("step.show(proof)", "")


def _joined(lines: list[str]) -> list[str]:
    """Return the lines as they are when a value is shown where it is made."""
    text = "\n".join(lines).replace("prove(changes, results, run.cloud, nodes, fabric)\n", "PROOF\n")
    return text.replace("step.show(prove(changes, results, run.cloud, nodes, fabric))", "PROOF\n").split("\n")


@pytest.mark.parametrize("platform", [name for name in PARAMETERS if name != "bare_metal"])  # it changes nothing
def test_a_click_does_what_the_cells_do(platform: str) -> None:
    """Whoever adds a step to a notebook adds it to the course, too."""
    assert _joined(_cells(platform, "run")) == _joined(_course(carry_out))


def test_an_undo_by_a_click_does_what_the_cells_do() -> None:
    """The same for the way back."""
    cells = [
        line.replace("run.review(changes, planned)", "run.check_plan_file(changes)")
        for line in _cells("undo", "undoing")
    ]
    assert cells == _course(put_back)
