"""Paths as people type them: what cannot be looked at is not there."""

from __future__ import annotations

from pathlib import Path


def home_path(text: str) -> Path:
    """Return the path with `~` and `~USER` made the home directory; unchanged where there is no such user."""
    path = Path(text)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def is_folder(path: Path) -> bool:
    """Return whether there is such a folder; no error for a name that is too long, or behind a closed door."""
    try:
        return path.is_dir()
    except OSError:
        return False


def is_file(path: Path) -> bool:
    """Return whether there is such a file; see `is_folder`."""
    try:
        return path.is_file()
    except OSError:
        return False
