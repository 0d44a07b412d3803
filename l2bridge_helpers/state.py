"""Nodes and network as one file: what a run saw can be asked again, later and elsewhere, without a permission.

Every decision is the same on what is loaded as on what was saved. The resources' raw properties and the tags of
others stay out: instance metadata holds start-up scripts and keys, and nothing is decided by them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pandas as pd

from l2bridge_helpers.errors import DataError
from l2bridge_helpers.fabric import Fabric, Nic, RouteTable
from l2bridge_helpers.files import write_file
from l2bridge_helpers.flannel import NetConf
from l2bridge_helpers.nodes import COLUMNS, NodeRow, net_conf, node_prefixes, node_rows, rows_table
from l2bridge_helpers.observed import Template
from l2bridge_helpers.plain_values import fields_of, value_of

SCHEMA = 1
_KEPT: Mapping[type, tuple[str, ...]] = {Nic: ("id",), Template: ("primaryConfiguration",)}
"""The raw properties that commands are made of; no others are saved."""
_MARKS = ("l2bridge:", "l2bridge-claim:")
"""How the names of a table's tags begin by which routes are known as a cluster's, this one's or another's."""


def save_state(path: Path, platform: str, nodes: pd.DataFrame, fabric: Fabric) -> None:
    """Write what was read of a cluster and its network, without raw properties and without others' tags.

    Args:
        path: the file.
        platform: the cloud.
        nodes: as `list_nodes` returns them.
        fabric: as `Cloud.observe` returns it.

    """

    def plain(value: object) -> dict[str, Any]:
        told = fields_of(value)
        if "properties" in told:
            kept = _KEPT.get(type(value), ())
            told["properties"] = {name: raw for name, raw in told["properties"].items() if name in kept}
        if isinstance(value, RouteTable):
            told["marks"] = {name: text for name, text in value.marks.items() if name.startswith(_MARKS)}
        return told

    state = {
        "platform": platform,
        "rows": [astuple(row) for row in node_rows(nodes)],
        "flannel": net_conf(nodes),
        "prefixes": node_prefixes(nodes),
        "fabric": fabric,
    }
    text = json.dumps(state, default=plain)
    head = json.dumps({"schema": SCHEMA, "hash": _hash(text)})
    write_file(path, f"{head[:-1]}, {text[1:]}\n")


def load_state(path: Path) -> tuple[pd.DataFrame, Fabric]:
    """Return the nodes and the fabric that `save_state` wrote.

    Raises:
        DataError: the file is missing, is no saved state, or was edited: its content does not fit its hash.

    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        schema, written = document.pop("schema"), document.pop("hash")
        if schema == SCHEMA and written == _hash(json.dumps(document)):
            return _nodes(document), value_of(Fabric, document["fabric"])
    except FileNotFoundError as err:
        raise DataError(
            f"saved state {path}: there is no such file; give the folder of a run that has read the network"
        ) from err
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as err:
        raise DataError(
            f"saved state {path}: cannot be read as one ({type(err).__name__}: {err}); run the runbook again"
        ) from err
    if schema != SCHEMA:
        raise DataError(
            f"saved state {path}: it has the schema {schema!r}, and this version reads {SCHEMA}; run the runbook again"
        )
    raise DataError(f"saved state {path}: it was edited, its content does not fit its hash; run the runbook again")


def _nodes(document: Mapping[str, Any]) -> pd.DataFrame:
    rows = [value_of(NodeRow, dict(zip(COLUMNS, row, strict=True))) for row in document["rows"]]
    return rows_table(rows, value_of(NetConf, document["flannel"]), value_of(dict[str, int], document["prefixes"]))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
