"""A process that makes one run, and can be killed: ``python -m tests.crashes.child PLATFORM``.

What this starts is a nursery. Importing a cloud's SDK takes a second or more, so it is done once: each object on stdin
is a run, made in a process of its own that is forked from the one that has everything imported, and that is answered
with the process's number; each number is one to wait for, answered with its exit status.
"""

from __future__ import annotations

import functools
import gc
import json
import os
import resource
import signal
import socket
import sys
import tempfile
import time
import traceback
from typing import Any

import botocore.loaders

from l2bridge_helpers import stage
from l2bridge_helpers.errors import L2BridgeError
from l2bridge_helpers.lab import Lab, world
from tests.crashes.steps import make_run, make_undo

OURS, OTHER, INTERRUPTED = 3, 4, 130
"""Exit status of a run that ended in one of our errors, in anything else, and by Ctrl-C or SIGTERM."""
_FASTER = 10
WORLDS = {"gce": "gce-1", "aws": "aws-small", "azure": "azure-1"}


def main(platform: str) -> None:
    """Import what a run of the platform needs, then make the runs that stdin tells."""
    answer = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    stage.display = lambda shown, **_: print(shown["text/plain"])  # type: ignore[attr-defined]
    _warm_up(platform)
    gc.collect()
    gc.freeze()
    gc.disable()  # a short run leaves no more than it has, and what it does not touch need not be copied
    print("warm", file=answer)
    for line in sys.stdin:
        asked = json.loads(line)
        if isinstance(asked, int):
            print(os.waitstatus_to_exitcode(os.waitpid(asked, 0)[1]), file=answer)
            continue
        number = os.fork()
        if not number:
            answer.close()
            _be_a_run(asked)
        print(number, file=answer)


def _warm_up(platform: str) -> None:
    """Make a run and undo it, so that all that is imported late is there, too."""
    # One loader for all sessions: reading what an API of AWS is like takes longer than a run.
    botocore.loaders.create_loader = functools.cache(botocore.loaders.create_loader)
    with Lab(world(WORLDS[platform])) as lab, tempfile.TemporaryDirectory() as folder:
        parameters = {**lab.parameters, "mode": "apply", "confirm": lab.parameters["cluster"], "runs": folder}
        make_run(platform, parameters)
        make_undo("", parameters)


def _be_a_run(job: dict[str, Any]) -> None:
    """Make the run, with what it prints in a file, and end this process."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    log = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    _hurry(job["patience"])
    if job["file_bytes"]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (job["file_bytes"], resource.RLIM_INFINITY))
    sys.stdout, sys.stderr = os.fdopen(1, "w", buffering=1), os.fdopen(2, "w", buffering=1)
    os._exit(_status(job))


def _hurry(patience: float) -> None:
    """Wait no longer than this for any answer, and pause ten times shorter between tries; 0: as everybody."""
    if not patience:
        return
    wait, pause = socket.socket.settimeout, time.sleep

    def settimeout(self: socket.socket, seconds: float | None) -> None:
        wait(self, patience if seconds is None or seconds > patience else seconds)

    socket.socket.settimeout = settimeout  # type: ignore[method-assign, assignment]
    time.sleep = lambda seconds: pause(float(seconds) / _FASTER)


def _status(job: dict[str, Any]) -> int:
    try:
        if job["undoes"] is None:
            make_run(job["platform"], job["parameters"], lanes=job["lanes"])
        else:
            make_undo(job["undoes"], job["parameters"], lanes=job["lanes"])
    except L2BridgeError as err:
        print(f"{type(err).__name__}: {err}")
        return OURS
    except KeyboardInterrupt:
        return INTERRUPTED
    except BaseException:  # noqa: BLE001 - whatever it is, the test has to see it
        traceback.print_exc()
        return OTHER
    return 0


if __name__ == "__main__":
    main(*sys.argv[1:])
