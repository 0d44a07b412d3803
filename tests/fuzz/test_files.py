"""Files of ours that were truncated, edited, nested without end, or are none: each is refused with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from l2bridge_helpers.changes import Plan
from l2bridge_helpers.errors import DataError, ParameterError
from l2bridge_helpers.plan import plan
from l2bridge_helpers.saved_run import open_run
from l2bridge_helpers.state import load_state, save_state
from tests.builders import CLUSTER, numbered_fabric, numbered_nodes
from tests.fuzz.oddities import VALUES

Load = Callable[[Path], object]
LOADERS: dict[str, Load] = {"plan.json": Plan.load, "state.json": load_state}
fuzzed = settings(
    derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@cache
def whole(name: str) -> bytes:
    """Return a file as a run leaves it."""
    import tempfile

    nodes, fabric = numbered_nodes(3), numbered_fabric(3)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        if name == "plan.json":
            plan(nodes, fabric, cluster=CLUSTER).save(path)
        else:
            save_state(path, "gce", nodes, fabric)
        return path.read_bytes()


def refused(name: str, content: bytes, folder: Path) -> str:
    """Return why a file with this content is refused."""
    path = folder / name
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        LOADERS[name](path)
    return str(caught.value)


BROKEN = {
    "empty": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "null": b"null",
    "a number": b"7",
    "a text": b'"plan"',
    "nested": b"[" * 100_000,
    "nested objects": b'{"a":' * 100_000,
    "no UTF-8": b"\xff\xfe{}",
    "NUL": b"\x00" * 64,
    "a number without end": b'{"schema": ' + b"9" * 10_000 + b"}",
    "UTF-16": '{"schema": 1}'.encode("utf-16"),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("name", LOADERS)
def test_what_is_no_file_of_ours_is_refused_by_name(name: str, content: bytes, tmp_path: Path) -> None:
    """The error names the file."""
    assert name in refused(name, content, tmp_path)


@pytest.mark.parametrize("name", LOADERS)
def test_a_folder_is_no_file(name: str, tmp_path: Path) -> None:
    """Nor is what is not there."""
    (tmp_path / name).mkdir()
    with pytest.raises(DataError, match=name):
        LOADERS[name](tmp_path / name)
    with pytest.raises(DataError, match=name):
        LOADERS[name](tmp_path / "missing" / name)


@pytest.mark.parametrize("name", LOADERS)
@fuzzed
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_part_of_a_file_is_refused(name: str, share: float, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A disk that was full, or a copy that broke off, is never taken for the whole."""
    content = whole(name).rstrip()
    assert name in refused(name, content[: int(share * len(content))], tmp_path_factory.mktemp("part"))


@pytest.mark.parametrize("name", LOADERS)
@fuzzed
@given(data=st.data())
def test_an_edited_file_is_refused(name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever value is changed, taken out or put in."""
    document = json.loads(whole(name))
    holder, key = data.draw(st.sampled_from(places(document)))
    old = json.dumps(holder[key])
    value = data.draw(st.sampled_from([one for one in VALUES if json.dumps(one) != old]))
    if data.draw(st.booleans()):
        holder[key] = value
    else:
        del holder[key]
    assert name in refused(name, json.dumps(document).encode(), tmp_path_factory.mktemp("edited"))


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return the holder and the key of everything in a document."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    return [place for key in keys for place in [(value, key), *places(value[key])]]


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_run_without_a_result_can_be_asked(content: bytes, tmp_path: Path) -> None:
    """What a run says of itself is no condition for what it saw."""
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / "state.json").write_bytes(whole("state.json"))
    (folder / "result.json").write_bytes(content)
    assert open_run("one", str(tmp_path), "last").cluster == ""
    (folder / "result.json").unlink()
    (folder / "result.json").mkdir()
    assert open_run("one", str(tmp_path), "last").cluster == ""


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:20])
def test_a_result_with_odd_values_can_be_asked(value: object, tmp_path: Path) -> None:
    """It is shown as it is."""
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / "state.json").write_bytes(whole("state.json"))
    names = ("cluster", "mode", "started", "target")
    (folder / "result.json").write_text(json.dumps(dict.fromkeys(names, value)), encoding="utf-8")
    run = open_run("one", str(tmp_path), "last")
    assert isinstance(run.cluster, str)
    assert all(isinstance(one, str) for one in run.target().values())


@pytest.mark.parametrize("name", [one for one in VALUES if isinstance(one, str)], ids=lambda value: repr(value)[:20])
def test_a_run_with_an_odd_name_is_refused(name: str, tmp_path: Path) -> None:
    """No name of a folder leads to a traceback, however long it is."""
    with pytest.raises(ParameterError, match="parameter run"):
        open_run(name, str(tmp_path / "runs"), "last")
