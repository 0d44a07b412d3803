"""The notebook contract as rules: each takes a notebook and yields what is wrong, with the cell's number."""

import ast
import json
import re
from collections.abc import Callable, Iterator

import nbformat
from nbformat import NotebookNode

Rule = Callable[[NotebookNode], Iterator[str]]

SECTIONS = ["Needs", "Parameters", "Target", "Nodes", "Findings", "Reachability now", "Plan", "Apply", "Verify", "Undo"]
COMMON: dict[str, str | int | float | bool] = {
    "kubeconfig": "",
    "context": "",
    "cluster": "",
    "mode": "plan",
    "confirm": "",
    "plan_file": "",
    "runs": "runs",
    "journal": "",
    "lease_namespace": "kube-system",
    "lock_timeout": 60,
    "max_delete_percent": 25,
    "endpoint": "",
}
OF_PLATFORM = {
    "gce": {"share", "project", "network", "open_firewall"},
    "aws": {"share", "region", "all_nics", "routes", "open_firewall"},
    "azure": {
        *("share", "subscription_id", "resource_group", "route_table"),
        *("upgrade_instances", "effective_routes", "route_limit"),
    },
    "bare_metal": {"node_prefix"},
}
MOST_CELLS = 25
MOST_LINES = 9

PARAMETER = re.compile(r"(?P<name>[a-z_]+): (?P<type>str|int|float|bool) = (?P<value>\S.*?)  # \S.*")
ABSOLUTE_PATH = re.compile(
    r"(?<![\w.:/-])/(?:home|root|Users|tmp|var|opt|usr|etc|mnt|srv|work|private)/|\b[A-Za-z]:\\\w"
)
SECRET = re.compile(
    r"-----BEGIN |\bya29\.|\bAKIA[0-9A-Z]{16}|\beyJ[\w-]{10,}\.|\bgh[ps]_\w{20}|\bBearer \S"
    r"|(?i:\b(?:password|passwd|secret|token|api_key|private_key)\b\"?\s*[=:]\s*[\"']\S)"
)
IMAGE = re.compile(r"base64,[A-Za-z0-9+/=\\n]+")
FORBIDDEN = {
    ast.FunctionDef: "def",
    ast.AsyncFunctionDef: "def",
    ast.ClassDef: "class",
    ast.For: "for",
    ast.AsyncFor: "for",
    ast.While: "while",
}


def problems(notebook: NotebookNode) -> list[str]:
    """Return everything that is wrong with the notebook, whatever platform it is for."""
    return [problem for rule in RULES for problem in rule(notebook)]


def code_cells(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    """Give the code cells, with their numbers as a reader counts them."""
    return ((n, cell) for n, cell in enumerate(notebook.cells, 1) if cell.cell_type == "code")


def is_valid(notebook: NotebookNode) -> Iterator[str]:
    """The file follows the notebook format, with an id for each cell."""
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as err:
        yield f"is no valid notebook: {err.message}"


def starts_with_title(notebook: NotebookNode) -> Iterator[str]:
    """The first cell is the title and the purpose."""
    first = notebook.cells[0] if notebook.cells else None
    if not first or first.cell_type != "markdown" or not re.match(r"# \S.*\n+\S", first.source):
        yield "cell 1: must be text: a title, then what the notebook is for"


def is_short(notebook: NotebookNode) -> Iterator[str]:
    """A notebook is read at night."""
    if len(notebook.cells) > MOST_CELLS:
        yield f"has {len(notebook.cells)} cells, more than {MOST_CELLS}"
    for number, cell in code_cells(notebook):
        lines = len(cell.source.splitlines())
        if lines > MOST_LINES and not is_parameters(cell):
            yield f"cell {number}: has {lines} lines, more than {MOST_LINES}"


def holds_no_logic(notebook: NotebookNode) -> Iterator[str]:
    """Logic lives in the package, where it has tests; magics and shell lines run only here."""
    for number, cell in code_cells(notebook):
        try:
            tree = ast.parse(cell.source)
        except SyntaxError:
            yield f"cell {number}: is no plain Python; magics and shell lines are not allowed"
            continue
        names = sorted({FORBIDDEN[type(node)] for node in ast.walk(tree) if type(node) in FORBIDDEN})
        yield from (f"cell {number}: has a {name!r}; put it into the package" for name in names)
        if "get_ipython" in cell.source:
            yield f"cell {number}: magics and shell lines are not allowed"


def is_parameters(cell: NotebookNode) -> bool:
    """Tell whether papermill will put its parameters after this cell."""
    return "parameters" in cell.metadata.get("tags", [])


def has_one_parameters_cell(notebook: NotebookNode) -> Iterator[str]:
    """Papermill looks for one cell with this tag, and fails over nothing when there is none."""
    count = sum(is_parameters(cell) for _, cell in code_cells(notebook))
    if count != 1:
        yield f"has {count} code cells tagged 'parameters', not 1"


def parameters_are_literals(notebook: NotebookNode) -> Iterator[str]:
    """`name: type = value  # help`, nothing else: people read it, and machines rewrite it."""
    for number, cell in code_cells(notebook):
        if is_parameters(cell):
            for line in cell.source.splitlines():
                if not _is_parameter(line):
                    yield f"cell {number}: {line!r} is not 'name: str|int|float|bool = literal  # help'"


def _is_parameter(line: str) -> bool:
    match = PARAMETER.fullmatch(line)
    try:
        return match is not None and type(ast.literal_eval(match["value"])).__name__ == match["type"]
    except (ValueError, SyntaxError):
        return False


def parameters(notebook: NotebookNode) -> dict[str, object]:
    """Return the parameters with their defaults."""
    cells = [cell for _, cell in code_cells(notebook) if is_parameters(cell)]
    lines = cells[0].source.splitlines() if cells else []
    matches = [match for match in map(PARAMETER.fullmatch, lines) if match]
    return {match["name"]: ast.literal_eval(match["value"]) for match in matches}


def tells_no_secrets(notebook: NotebookNode) -> Iterator[str]:
    """What is committed is public."""
    for number, text in _texts(notebook):
        if SECRET.search(text):
            yield f"cell {number}: holds what looks like a secret"


def tells_no_paths(notebook: NotebookNode) -> Iterator[str]:
    """An absolute path is of one machine only."""
    for number, text in _texts(notebook):
        found = ABSOLUTE_PATH.search(text)
        if found:
            yield f"cell {number}: holds an absolute path: {text[found.start() :][:40]!r}"


def _texts(notebook: NotebookNode) -> Iterator[tuple[int, str]]:
    """Give each cell's source and outputs, pictures left out."""
    for number, cell in enumerate(notebook.cells, 1):
        yield number, cell.source
        for output in cell.get("outputs", []):
            shown = output.get("text") or output.get("traceback") or list(output.get("data", {}).values())
            text = shown if isinstance(shown, str) else "\n".join(map(_text, shown))
            yield number, IMAGE.sub("", text)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def was_run_in_order(notebook: NotebookNode) -> Iterator[str]:
    """The outputs are those of one run from top to bottom."""
    counts = [cell.execution_count for _, cell in code_cells(notebook)]
    if counts != list(range(1, len(counts) + 1)):
        yield f"was not run from top to bottom: execution counts {counts}"


def ended_well(notebook: NotebookNode) -> Iterator[str]:
    """Nobody learns from an error that only its author saw."""
    for number, cell in code_cells(notebook):
        kinds = {output.get("name", output.output_type) for output in cell.outputs}
        yield from (f"cell {number}: has {kind} output" for kind in sorted(kinds & {"error", "stderr"}))


def is_compared(notebook: NotebookNode) -> Iterator[str]:
    """All outputs are compared but the last, which names the run's folder and so the time."""
    for number, cell in list(code_cells(notebook))[:-1]:
        tags = [tag for tag in cell.metadata.get("tags", []) if tag.startswith("nbval-") or tag == "raises-exception"]
        if tags or "NBVAL_" in cell.source:
            yield f"cell {number}: its output is not compared; only the last cell's may be left out"


def is_plain(notebook: NotebookNode) -> Iterator[str]:
    """Widgets and scripts show nothing in an untrusted notebook; a progress bar differs on each run."""
    if "widgets" in notebook.metadata:
        yield "holds widget state"
    for number, cell in code_cells(notebook):
        data = [output.get("data", {}) for output in cell.outputs]
        if any(kind.startswith("application/vnd.jupyter.widget") for kinds in data for kind in kinds):
            yield f"cell {number}: shows a widget"
        if any("<script" in "".join(kinds.get("text/html", "")) for kinds in data):
            yield f"cell {number}: shows a script"


def uses_python3(notebook: NotebookNode) -> Iterator[str]:
    """Every Jupyter has a kernel of this name."""
    name = notebook.metadata.get("kernelspec", {}).get("name")
    if name != "python3":
        yield f"is for kernel {name!r}, not 'python3'"


RULES: list[Rule] = [
    is_valid,
    starts_with_title,
    is_short,
    holds_no_logic,
    has_one_parameters_cell,
    parameters_are_literals,
    tells_no_secrets,
    tells_no_paths,
    was_run_in_order,
    ended_well,
    is_compared,
    is_plain,
    uses_python3,
]


def platform_problems(notebook: NotebookNode, platform: str) -> list[str]:
    """Return what is wrong with a platform's runbook beyond `problems`: its sections and its parameters."""
    return [*_section_problems(notebook), *_parameter_problems(notebook, platform)]


def sections(notebook: NotebookNode) -> list[str]:
    """Return the headings of the second level, in order."""
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return [line[3:].strip() for text in texts for line in text.splitlines() if line.startswith("## ")]


def _section_problems(notebook: NotebookNode) -> Iterator[str]:
    found = sections(notebook)
    if found != SECTIONS:
        yield f"has the sections {found}, not {SECTIONS}"


def _parameter_problems(notebook: NotebookNode, platform: str) -> Iterator[str]:
    found, names = parameters(notebook), COMMON.keys() | OF_PLATFORM[platform]
    for name in sorted(names ^ found.keys()):
        yield f"{'lacks' if name in names else 'has a'} parameter {name}"
    for name, default in COMMON.items():
        if found.get(name, default) != default:
            yield f"parameter {name} is {found[name]!r} by default, not {default!r}"
