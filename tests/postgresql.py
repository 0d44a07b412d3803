"""A real PostgreSQL server for the tests: on loopback, as an ordinary user, with a password, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

PASSWORD = "planted-4711"  # noqa: S105 - it must be seen nowhere
_ORDINARY = ("postgres", "nobody")
"""Whom the server runs as when the tests run as root, which it refuses."""
_TRIES = 5


class NoPostgresError(Exception):
    """There is no PostgreSQL on this machine."""


class Postgres:
    """A running server. `url()` names a new, empty database; its password is in a file."""

    def __init__(self, folder: Path, programs: Path) -> None:
        """Make the server's folder; nothing runs yet."""
        self._programs = programs
        self._data = folder / "data"
        self._secret = folder / "password"
        self.passfile = folder / "pgpass"
        self._databases = 0
        self.port = 0
        self._secret.write_text(PASSWORD)
        self.passfile.write_text(f"*:*:*:tester:{PASSWORD}\n")
        self.passfile.chmod(0o600)
        self._ordinary: dict[str, Any] = {}
        if os.geteuid() == 0:
            account = _ordinary_account()
            self._ordinary = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
            for path in (folder, self._secret):
                os.chown(path, account.pw_uid, account.pw_gid)
        options = ["--auth=scram-sha-256", "--username=tester", f"--pwfile={self._secret}", "--encoding=UTF8"]
        self._run("initdb", *options, "--locale=C", "--no-sync")

    def start(self) -> None:
        """Start it, on the port that it had before, else on a free one."""
        for _ in range(_TRIES):
            port = self.port or _free_port()
            options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories= -c fsync=off"
            try:
                self._control("start", "-o", options, "-l", str(self._data / "log"))
            except subprocess.CalledProcessError:  # somebody was faster with the port
                continue
            self.port = port
            return
        raise NoPostgresError((self._data / "log").read_text())

    def stop(self) -> None:
        """End it at once, with all its sessions."""
        self._control("stop", "-m", "immediate")

    def url(self, user: str = "tester", database: str = "") -> str:
        """Return the URL of a database: a new one, unless one is named."""
        if not database:
            self._databases += 1
            database = f"journal{self._databases}"
            self.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}?passfile={self.passfile}"

    def execute(self, statement: sql.Composed | sql.SQL, database: str = "postgres") -> None:
        """Run a statement as the superuser."""
        with psycopg.connect(self.url(database=database), autocommit=True) as connection:
            connection.execute(statement)

    def end_sessions(self, url: str) -> None:
        """Cut all connections to a database, as a restart or an administrator does."""
        name = url.partition("?")[0].rpartition("/")[2]
        statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}"
        self.execute(sql.SQL(statement).format(sql.Literal(name)))

    def _control(self, action: str, *options: str) -> None:
        self._run("pg_ctl", action, "--wait", "--silent", *options)

    def _run(self, program: str, *options: str) -> None:
        """Run one of PostgreSQL's programs; what it says goes nowhere: a server would keep a pipe open."""
        command = [str(self._programs / program), "--pgdata", str(self._data), *options]
        quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        options_of_run: dict[str, Any] = {**quiet, **self._ordinary}
        subprocess.run(command, check=True, timeout=60, cwd="/", **options_of_run)


@contextmanager
def running() -> Iterator[Postgres]:
    """Start a server and end it again, with all that it has written.

    Raises:
        NoPostgresError: there is none on this machine.

    """
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="l2bridge-postgresql-"))
    try:
        server = Postgres(folder, programs)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _programs() -> Path:
    """Return the folder of the newest server's programs; Debian keeps them off the PATH."""
    found = shutil.which("initdb")
    here = [Path(found).resolve().parent] if found else []
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    whole = [folder for folder in (*here, *reversed(debian)) if (folder / "pg_ctl").exists()]
    if not whole:
        raise NoPostgresError("no initdb and pg_ctl here (Debian, Ubuntu: apt install postgresql)")
    return whole[0]


def _ordinary_account() -> pwd.struct_passwd:
    accounts = {account.pw_name: account for account in pwd.getpwall()}
    return next(accounts[name] for name in _ORDINARY if name in accounts)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
