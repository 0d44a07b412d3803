"""Files of a run, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from l2bridge_helpers.errors import DataError


def write_file(path: Path, text: str) -> None:
    """Write a text file; one that is there keeps its content until the new one is complete.

    Raises:
        DataError: it cannot be written; names the file and the reason.

    """
    draft = path.with_name(f"{path.name}.part")
    try:
        # What is no letter (half of a pair) is written out, in JSON just as JSON writes it.
        with draft.open("w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as err:
        draft.unlink(missing_ok=True)
        raise DataError(
            f"{path} cannot be written ({err.strerror or err}); make room there or give another folder (parameter "
            "runs), then run again"
        ) from err
