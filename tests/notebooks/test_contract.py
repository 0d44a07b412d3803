import json
from collections.abc import Callable
from pathlib import Path

import nbformat
import papermill
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.notebooks.contract import (
    COMMON,
    MOST_CELLS,
    OF_PLATFORM,
    SECTIONS,
    is_parameters,
    parameters,
    platform_problems,
    problems,
)

NOTEBOOKS = sorted(Path(__file__).parents[2].glob("notebooks/*.ipynb"))
HELP = "  # what it is for"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_notebook_keeps_the_contract(path: Path) -> None:
    """No notebook has a problem."""
    assert problems(nbformat.read(path, as_version=4)) == []


@pytest.mark.parametrize("platform", OF_PLATFORM)
def test_every_platform_has_the_same_runbook(platform: str, root: Path) -> None:
    """A runbook has the sections and parameters that all have, in their order, and its platform's."""
    notebook = nbformat.read(root / "notebooks" / f"{platform}.ipynb", as_version=4)
    assert platform_problems(notebook, platform) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_papermill_reads_every_parameter(path: Path) -> None:
    """`papermill --help-notebook` shows each parameter with its type and help."""
    inferred = papermill.inspect_notebook(path)
    assert inferred.keys() == parameters(nbformat.read(path, as_version=4)).keys()
    assert [name for name, found in inferred.items() if not found["help"]] == []
    assert {found["inferred_type_name"] for found in inferred.values()} <= {"str", "int", "float", "bool"}


def good() -> NotebookNode:
    """A small runbook without a problem."""
    lines = [f"{name}: {type(value).__name__} = {json.dumps(value)}{HELP}" for name, value in COMMON.items()]
    lines += [f'{name}: str = ""{HELP}' for name in sorted(OF_PLATFORM["gce"])]
    cell = new_code_cell("\n".join(lines), execution_count=1, metadata={"tags": ["parameters"]})
    cells = [new_markdown_cell("# GCE\n\nPods do not reach each other."), new_markdown_cell("## Needs"), cell]
    cells[2:2] = [new_markdown_cell("## Parameters")]
    cells += [new_markdown_cell(f"## {section}") for section in SECTIONS[2:]]
    cells += [new_code_cell("1 + 1", execution_count=2, outputs=[shows("2")])]
    kernel = {"name": "python3", "display_name": "Python 3"}
    notebook: NotebookNode = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    return notebook


def shows(text: str, kind: str = "text/plain") -> NotebookNode:
    """An output of the last cell."""
    result: NotebookNode = new_output("execute_result", data={kind: text}, execution_count=2)
    return result


def code(source: str) -> Callable[[NotebookNode], None]:
    """Make the last cell's source bad."""
    return lambda notebook: notebook.cells[-1].update(source=source)


def output(bad: NotebookNode) -> Callable[[NotebookNode], None]:
    """Make the last cell's output bad."""
    return lambda notebook: notebook.cells[-1].update(outputs=[bad])


def parameter(old: str, new: str) -> Callable[[NotebookNode], None]:
    """Make a parameter bad."""

    def change(notebook: NotebookNode) -> None:
        cell = next(cell for cell in notebook.cells if is_parameters(cell))
        assert old in cell.source
        cell.source = cell.source.replace(old, new)

    return change


BAD: dict[str, tuple[Callable[[NotebookNode], object], str]] = {
    "invalid": (lambda nb: nb.cells[0].update(attachments=3), "no valid notebook"),
    "no title": (lambda nb: nb.cells.pop(0), "cell 1: must be text"),
    "title alone": (lambda nb: nb.cells[0].update(source="# GCE"), "cell 1: must be text"),
    "many cells": (
        lambda nb: nb.cells.extend(new_markdown_cell("more") for _ in range(MOST_CELLS)),
        "cells, more",
    ),
    "long cell": (code("1\n" * 10), "has 10 lines"),
    "def": (code("def f(): ..."), "has a 'def'"),
    "class": (code("class C: ..."), "has a 'class'"),
    "for": (code("for n in []: ..."), "has a 'for'"),
    "while": (code("while False: ..."), "has a 'while'"),
    "magic": (code("%time 1"), "no plain Python"),
    "shell": (code("!ls"), "no plain Python"),
    "shell in disguise": (code("get_ipython().system('ls')"), "magics and shell lines"),
    "no tag": (lambda nb: nb.cells[3].metadata.pop("tags"), "has 0 code cells tagged"),
    "two tags": (
        lambda nb: nb.cells[-1].update(metadata={"tags": ["parameters"]}),
        "has 2 code cells tagged",
    ),
    "no help": (parameter(f'cluster: str = ""{HELP}', 'cluster: str = ""'), "is not 'name:"),
    "no type": (parameter("cluster: str =", "cluster ="), "is not 'name:"),
    "optional": (parameter("cluster: str =", "cluster: str | None ="), "is not 'name:"),
    "wrong type": (parameter("cluster: str =", "cluster: int ="), "is not 'name:"),
    "no literal": (parameter('= "runs"', "= str(1)"), "is not 'name:"),
    "secret": (code('password = "hunter2"'), "looks like a secret"),
    "key": (output(shows("-----BEGIN PRIVATE KEY-----")), "looks like a secret"),
    "token": (output(shows("ya29.a0AfH6SMB")), "looks like a secret"),
    "path": (code('"/home/me/x"'), "absolute path"),
    "path shown": (output(shows("wrote /tmp/x/plan.json")), "absolute path"),
    "path on Windows": (code(r'"C:\Users"'), "absolute path"),
    "not run": (lambda nb: nb.cells[-1].update(execution_count=None), "execution counts [1, None]"),
    "run twice": (lambda nb: nb.cells[-1].update(execution_count=7), "execution counts [1, 7]"),
    "error": (output(new_output("error", ename="E", evalue="", traceback=[])), "has error output"),
    "stderr": (output(new_output("stream", name="stderr", text="warning")), "has stderr output"),
    "not compared": (lambda nb: nb.cells[3].metadata.tags.append("nbval-ignore-output"), "is not compared"),
    "not compared, by comment": (parameter(HELP, f"{HELP} # NBVAL_IGNORE_OUTPUT"), "is not compared"),
    "widget state": (lambda nb: nb.metadata.update(widgets={}), "widget state"),
    "widget": (output(shows("x", "application/vnd.jupyter.widget-view+json")), "shows a widget"),
    "script": (output(shows("<script>1</script>", "text/html")), "shows a script"),
    "kernel": (lambda nb: nb.metadata.kernelspec.update(name="my-env"), "is for kernel 'my-env'"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_notebook_is_caught(case: str) -> None:
    """Each rule finds what it is there for, and says which cell."""
    spoil, complaint = BAD[case]
    notebook = good()
    spoil(notebook)
    assert complaint in "\n".join(problems(notebook))


BAD_RUNBOOK: dict[str, tuple[Callable[[NotebookNode], object], str]] = {
    "order": (lambda nb: nb.cells.insert(1, nb.cells.pop(2)), "has the sections ['Parameters', 'Needs'"),
    "missing section": (lambda nb: nb.cells.pop(4), "has the sections"),
    "missing parameter": (parameter(f'runs: str = "runs"{HELP}\n', ""), "lacks parameter runs"),
    "unknown parameter": (parameter("runs: str", "folder: str"), "has a parameter folder"),
    "other default": (parameter("= 25", "= 100"), "parameter max_delete_percent is 100"),
    "dangerous default": (parameter('= "plan"', '= "apply"'), "parameter mode is 'apply'"),
}


@pytest.mark.parametrize("case", BAD_RUNBOOK)
def test_a_bad_runbook_is_caught(case: str) -> None:
    """Sections, parameters and defaults are the same everywhere."""
    spoil, complaint = BAD_RUNBOOK[case]
    notebook = good()
    spoil(notebook)
    assert complaint in "\n".join(platform_problems(notebook, "gce"))


def test_a_good_notebook_has_no_problem() -> None:
    """The rules find nothing where nothing is wrong."""
    assert [*problems(good()), *platform_problems(good(), "gce")] == []
