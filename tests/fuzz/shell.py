"""What a shell would do with a command that is shown: which programs it would start, with which arguments."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_KNOWN = ("gcloud", "aws", "az", "kubectl", "sed")
_STRANGE = ("touch", "reboot", "alert", "gnp.exe", "rm", "cat", "sh", "env", "id")
_RECORD = '#!/bin/sh\nprintf \'%s\\036\' "${0##*/}" "$@" >> "$RECORD"\nprintf \'\\035\' >> "$RECORD"\n'


class Shell:
    """Runs commands where nothing but recorders can be started."""

    def __init__(self, folder: Path) -> None:
        """Make the programs."""
        self._programs, self._place, self._record = folder / "bin", folder / "place", folder / "record"
        self._programs.mkdir()
        self._place.mkdir()
        for name in (*_KNOWN, *_STRANGE):
            (self._programs / name).write_text(_RECORD, encoding="utf-8")
            (self._programs / name).chmod(0o755)

    def started(self, command: str) -> list[list[str]]:
        """Return the programs that a command starts, each with its arguments."""
        self._record.write_bytes(b"")
        environment = {"PATH": str(self._programs), "RECORD": str(self._record)}
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self._place,
            env=environment,
            capture_output=True,
            timeout=20,
            check=False,
        )
        assert done.returncode == 0, (command, done.stderr)
        calls = os.fsdecode(self._record.read_bytes()).split("\x1d")[:-1]
        return [call.split("\x1e")[:-1] for call in calls]

    def files(self) -> set[str]:
        """Return the names of the files that were made."""
        return {path.name for path in self._place.parent.rglob("*") if path.is_file()} - {
            *_KNOWN,
            *_STRANGE,
            self._record.name,
        }
