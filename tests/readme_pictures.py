"""What the README shows of reachability, made anew on the lab by `python -m tests.readme_pictures`."""

from __future__ import annotations

import os
from pathlib import Path

from l2bridge_helpers.explain import explain
from l2bridge_helpers.pictures import matrix, path, topology
from l2bridge_helpers.reach import reach
from l2bridge_helpers.show import shown
from tests.lab_worlds import seen

WORLD, SMALL = "gce-messy", "gce-small"
FOLDER = Path("docs")


def pictures() -> dict[str, str]:
    """Return the file's name -> its SVG."""
    found = seen(WORLD)
    now = reach(found.nodes, found.fabric, cluster=found.cluster)
    small = seen(SMALL)
    way = explain(small.nodes, small.fabric, "node-1", "win-2", cluster=small.cluster)
    return {
        "topology.svg": topology(found.nodes, found.fabric, now).svg,
        "matrix.svg": matrix(now).svg,
        "path.svg": path(way).svg,
    }


def told() -> str:
    """Return what the same run says of it in words."""
    found = seen(WORLD)
    return shown(reach(found.nodes, found.fabric, cluster=found.cluster)).text


def main() -> None:
    """Write them."""
    for name, svg in pictures().items():
        (FOLDER / name).write_text(svg, encoding="utf-8")
        print(f"{FOLDER / name}: is new")


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[1])
    main()
