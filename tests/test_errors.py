import inspect
import re

import pytest

from l2bridge_helpers import errors
from l2bridge_helpers.errors import L2BridgeError

ALL = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if cls.__module__ == errors.__name__]


def drawn_tree() -> dict[str, str]:
    """Return error -> base, as the module's docstring draws it."""
    bases, tree = ["Exception"], {}
    for indent, name in re.findall(r"^    ([│├└─ ]*)(\w+Error)\b", errors.__doc__ or "", re.MULTILINE):
        depth = len(indent) // 4
        tree[name] = bases[depth]
        bases[depth + 1 :] = [name]
    return tree


def test_tree_is_the_one_that_the_docstring_draws() -> None:
    """Every error is drawn, under the one that it derives from."""
    assert drawn_tree() == {cls.__name__: cls.__mro__[1].__name__ for cls in ALL}


@pytest.mark.parametrize("cls", ALL)
def test_every_error_has_the_one_base(cls: type[Exception]) -> None:
    """One `except` catches all of ours."""
    assert issubclass(cls, L2BridgeError)


@pytest.mark.parametrize("cls", ALL)
def test_notebook_shows_the_text_and_no_frames(cls: type[L2BridgeError]) -> None:
    """IPython asks the exception itself how its traceback looks."""
    rendered = cls("node-1: no such machine; look at it")._render_traceback_(None, None, 5, 0)
    assert rendered == [f"{cls.__name__}: node-1: no such machine; look at it"]


def test_ipython_uses_what_the_error_says(capsys: pytest.CaptureFixture[str]) -> None:
    """In a real shell the cause and its frames are not shown."""
    from IPython.core.interactiveshell import InteractiveShell

    cell = """
from l2bridge_helpers.errors import CloudError
try:
    {}["secret"]
except KeyError as err:
    raise CloudError("could not list routes: no permission") from err
"""
    InteractiveShell(colors="nocolor").run_cell(cell)
    shown = "".join(capsys.readouterr())
    assert "CloudError: could not list routes: no permission" in shown
    assert "Traceback" not in shown
    assert "KeyError" not in shown
