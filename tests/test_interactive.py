"""Whether a person has asked for a cell: told by a real kernel, asked as front ends and as papermill ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from l2bridge_helpers.interactive import namespace, person

pytestmark = pytest.mark.xdist_group("kernel")
SECONDS = 60
ASK = "from l2bridge_helpers.interactive import person\nprint(person())"
IN_A_THREAD = """
import threading
from l2bridge_helpers.interactive import person
found = []
thread = threading.Thread(target=lambda: found.append(person()))
thread.start(); thread.join()
print(found[0])
"""
WITHOUT_WIDGETS = """
import importlib.util
from l2bridge_helpers.interactive import person
real = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name == "ipywidgets" else real(name)
print(person())
importlib.util.find_spec = real
"""


@pytest.fixture(scope="module")
def client() -> Iterator[BlockingKernelClient]:
    """A kernel for all tests."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=SECONDS)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def _printed(client: BlockingKernelClient, code: str, metadata: dict[str, Any]) -> str:
    """Run code as a front end does that sends this along, and return what it prints."""
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
    message = client.session.msg("execute_request", content, metadata=metadata)
    client.shell_channel.send(message)
    said = ""
    while True:
        answer = client.get_iopub_msg(timeout=SECONDS)
        if answer["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            continue
        if answer["msg_type"] == "stream":
            said += answer["content"]["text"]
        if answer["msg_type"] == "error":
            raise AssertionError("\n".join(answer["content"]["traceback"]))
        if answer["msg_type"] == "status" and answer["content"]["execution_state"] == "idle":
            return said.strip()


def test_a_front_end_names_its_cell(client: BlockingKernelClient) -> None:
    """JupyterLab sends the id of the cell along."""
    assert _printed(client, ASK, {"cellId": "1", "deletedCells": [], "recordTiming": False}) == "True"


def test_papermill_names_none(client: BlockingKernelClient) -> None:
    """Nbclient, which papermill and nbval stand on, sends nothing along, also after a front end has been there."""
    assert _printed(client, ASK, {"cellId": "1"}) == "True"
    assert _printed(client, ASK, {}) == "False"


def test_what_runs_beside_the_cells_asks_nobody(client: BlockingKernelClient) -> None:
    """A run that a click began shows no choosers and no review."""
    assert _printed(client, IN_A_THREAD, {"cellId": "1"}) == "False"


def test_without_widgets_there_is_nobody_to_show_them(client: BlockingKernelClient) -> None:
    """The runbooks are to work the same where ipywidgets is not installed."""
    assert _printed(client, WITHOUT_WIDGETS, {"cellId": "1"}) == "False"


def test_plain_python_is_no_notebook() -> None:
    """A test, a script, the command line."""
    assert not person()
    assert namespace() == {}
