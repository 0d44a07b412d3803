"""Whether a person is at the other end of the cell that runs now."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Mapping
from typing import Any

from IPython.core.getipython import get_ipython


def person() -> bool:
    """Return whether a person's front end asked for this cell, and widgets can be shown there.

    JupyterLab names the cell in the metadata of what it asks the kernel; papermill, nbval and
    nbconvert do not. So a notebook that papermill runs from within JupyterLab counts as headless, too, and so does
    what a widget has started beside the cells.
    """
    if threading.current_thread() is not threading.main_thread():
        return False
    return "cellId" in _asked() and importlib.util.find_spec("ipywidgets") is not None


def namespace() -> Mapping[str, Any]:
    """Return the notebook's own variables as they are now; none outside of a notebook."""
    shell = get_ipython()
    return shell.user_ns if shell is not None else {}


def _asked() -> Mapping[str, Any]:
    """Return the metadata of what the kernel was asked last."""
    kernel = getattr(get_ipython(), "kernel", None)
    parent = kernel.get_parent() if kernel is not None else None
    return parent.get("metadata", {}) if isinstance(parent, Mapping) else {}
