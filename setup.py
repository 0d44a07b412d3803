"""What pyproject.toml has no word for: the notebooks go into the package when it is built, not when it is edited."""

from __future__ import annotations

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

_NOTEBOOKS = Path("notebooks")


class BuildWithNotebooks(build_py):
    """Put `notebooks/*.ipynb` where an installed package looks for them."""

    def run(self) -> None:
        """Build the package, then copy."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib, "l2bridge_helpers", _NOTEBOOKS.name)
        self.mkpath(str(target))
        for source in sorted(_NOTEBOOKS.glob("*.ipynb")):
            self.copy_file(str(source), str(target / source.name))


setup(cmdclass={"build_py": BuildWithNotebooks})
