"""The runbook itself, without Jupyter: the code cells of its notebook, one after the other, in `apply` mode.

`python bench/tools/ours.py PLATFORM`, with the parameters as JSON on standard input.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


def main() -> None:
    """Run the cells."""
    platform, given = sys.argv[1], json.load(sys.stdin)
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in json.loads((NOTEBOOKS / f"{platform}.ipynb").read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)  # noqa: S102 - the notebook is ours
            if "parameters" in cell["metadata"].get("tags", []):
                names |= given


if __name__ == "__main__":
    main()
