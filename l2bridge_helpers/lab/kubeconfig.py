"""The kubeconfig of a lab: one cluster, one context, no credentials."""

from __future__ import annotations

import json
from pathlib import Path

CONTEXT = "lab"


def write_kubeconfig(folder: Path, *, server: str, cluster: str) -> Path:
    """Write `kubeconfig` (JSON, which is YAML too) in a folder; return the file."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": cluster, "cluster": {"server": server}}],
        "users": [{"name": CONTEXT, "user": {}}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": cluster, "user": CONTEXT}}],
        "current-context": CONTEXT,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "kubeconfig"
    path.write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    return path
