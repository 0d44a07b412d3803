"""Run one notebook without a screen, apart from what its user has configured for Jupyter and IPython."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import nbformat
import papermill
from papermill.exceptions import PapermillExecutionError

LOOPBACK = "127.0.0.1,localhost,::1"
_UNWANTED = ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "JUPYTER_TOKEN", "PYTHONSTARTUP")


class NotebookError(Exception):
    """The notebook ended in an error; the text is that error's own, without traceback.

    Attributes:
        name: the error's class.
        text: what it says.

    """

    def __init__(self, name: str, text: str) -> None:
        """Keep both."""
        super().__init__(f"{name}: {text}")
        self.name = name
        self.text = text


# Else each kernel says on stderr that it talks over TCP (on loopback, signed) and that it was asked to end.
_KERNEL_CONFIG = "c.IPKernelApp.log_level = 50\n"


def jupyter_environment(folder: Path) -> dict[str, str]:
    """Return variables with which Jupyter finds this Python and nothing of its user's; set up `folder`."""
    profile = folder / "ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.py").write_text(_KERNEL_CONFIG, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if name not in _UNWANTED}
    no_proxy = ",".join(filter(None, (os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), LOOPBACK)))
    wanted = {
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_PLATFORM_DIRS": "1",
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
        # Else the debugger, which nobody uses here, warns on stderr about frozen modules.
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        # The lab is on this machine.
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
    }
    return kept | wanted


@contextmanager
def private_folder() -> Iterator[Path]:
    """Give a new folder, which goes at the end."""
    with tempfile.TemporaryDirectory(prefix="l2bridge-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def jupyter_apart(**extra: str) -> Iterator[None]:
    """Run the block, and the kernels that it starts, in `jupyter_environment` with `extra` variables."""
    before = dict(os.environ)
    with private_folder() as folder:
        wanted = jupyter_environment(folder) | extra
        for name in before.keys() - wanted.keys():
            del os.environ[name]
        os.environ.update(wanted)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def run_notebook(source: Path, executed: Path, parameters: Mapping[str, object], *, said: TextIO | None = None) -> None:
    """Execute `source` with papermill and save it as `executed`, also when it fails.

    Args:
        source: the notebook.
        executed: where it is saved.
        parameters: its parameters.
        said: where the lines go that cells print, as they are printed; None: nowhere.

    Raises:
        NotebookError: a cell ended in an error.

    """
    logging.getLogger("papermill").setLevel(logging.ERROR)
    try:
        papermill.execute_notebook(
            source,
            executed,
            dict(parameters),
            kernel_name="python3",
            progress_bar=False,
            stdout_file=said,
            # Saving once, at the end, saves a second; an interrupted notebook is of no use to anybody.
            request_save_on_cell_execute=False,
        )
    except PapermillExecutionError as err:
        raise NotebookError(err.ename, err.evalue) from err


def hide_paths(executed: Path, name: str) -> None:
    """Rewrite an executed notebook so that it tells nothing about the machine: no path, no user's name."""
    notebook = nbformat.read(executed, as_version=4)
    notebook.metadata.papermill.update(input_path=f"notebooks/{name}", output_path=name)
    text = nbformat.writes(notebook) + "\n"
    for folder in (Path.cwd(), Path(sys.prefix), Path.home()):
        text = text.replace(f"{folder}{os.sep}", "") if folder != Path(folder.anchor) else text
    executed.write_text(text, encoding="utf-8")
