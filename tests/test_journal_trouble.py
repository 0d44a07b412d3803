"""When the journal's disk, file or server fails: an error that says so, nothing lost, nothing twice."""

from __future__ import annotations

import os
import select
import socket
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text

from l2bridge_helpers import journal as journal_module
from l2bridge_helpers.errors import JournalError
from l2bridge_helpers.journal import Journal
from tests.journals import ROUTE, RUN, a_change, a_run
from tests.postgresql import PASSWORD, Postgres

pytestmark = pytest.mark.xdist_group("postgresql")

_NOBODY = 65534
_FILLER = """
import resource, sys
from l2bridge_helpers.errors import JournalError
from l2bridge_helpers.journal import Journal
from tests.journals import RUN, a_change
journal = Journal.open(sys.argv[1])
journal.begin(RUN)
resource.setrlimit(resource.RLIMIT_FSIZE, (90_000, 90_000))
try:
    for place in range(2000):
        journal.intend(RUN.run, [(place, a_change(place, reason="x" * 2000))])
        print(place, flush=True)
except JournalError as err:
    print(err, file=sys.stderr)
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/journal.db"


@pytest.fixture
def journal(url: str) -> Iterator[Journal]:
    with closing(Journal.open(url, patience=0.2)) as journal:
        journal.begin(RUN)
        yield journal


@contextmanager
def ordinary() -> Iterator[Path]:
    """Be nobody for a while, when we are root, whom no permission stops; the folder is nobody's."""
    root = os.geteuid() == 0
    with tempfile.TemporaryDirectory(prefix="l2bridge-journal-") as name:
        folder = Path(name)
        if root:
            os.chown(folder, _NOBODY, -1)
            os.seteuid(_NOBODY)
        try:
            yield folder
        finally:
            if root:
                os.seteuid(0)
            for path in (folder, *folder.iterdir()):
                path.chmod(0o700)


class Proxy:
    """A wire to the server, which can be cut after the server has been told to commit."""

    def __init__(self, port: int) -> None:
        """Listen on a port of its own."""
        self._there = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.cut_after_commits = 0
        self.cuts = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Take no more connections; those that are open end with their clients."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(here,), daemon=True).start()

    def _carry(self, here: socket.socket) -> None:
        """Carry to and fro, until one end has hung up, or the wire is cut."""
        with here, socket.create_connection(("127.0.0.1", self._there)) as there, suppress(OSError):
            while True:
                for source in select.select([here, there], [], [])[0]:
                    data = source.recv(65536)
                    if not data:
                        return
                    (there if source is here else here).sendall(data)
                    if source is here and self.cut_after_commits and b"COMMIT" in data:
                        self.cut_after_commits -= 1
                        self.cuts += 1
                        there.recv(65536)  # the server has committed, and the answer reaches nobody
                        return


def test_a_full_disk_loses_nothing_that_was_told(url: str) -> None:
    """A file that cannot grow: an error that names it, and what was intended before it is all there."""
    command = [sys.executable, "-c", _FILLER, url]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    told = [int(line) for line in done.stdout.split()]
    assert f"journal {url}: could not write changes of run {RUN.run}" in done.stderr
    assert "make room" in done.stderr
    with closing(Journal.open(url)) as journal:
        assert 0 < len(told) < 2000
        assert [row.place for row in journal.rows(RUN.run)] == told
        journal.intend(RUN.run, [(5000, ROUTE)])  # room again


def test_a_full_database_is_told_and_is_usable_again(journal: Journal) -> None:
    """The same from within: all that wait are refused, one transaction, and go on when there is room."""
    journal.intend(RUN.run, [(0, ROUTE)])
    engine = journal._engine
    with engine.connect().execution_options(reading=True) as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))

    def write(place: int) -> str:
        try:
            journal.intend(RUN.run, [(place, a_change(place, reason="x" * 9000))])
        except JournalError as err:
            return str(err)
        return ""

    with ThreadPoolExecutor(8) as pool:
        errors = list(pool.map(write, range(1, 9)))
    assert all("database or disk is full" in error and "make room there" in error for error in errors)
    assert [row.place for row in journal.rows(RUN.run)] == [0]
    engine.dispose()
    assert write(1) == ""


def test_a_folder_that_takes_no_files_is_named() -> None:
    """Read-only: the error names the journal, and what to do."""
    with ordinary() as folder:
        folder.chmod(0o500)
        with pytest.raises(JournalError, match=r"journal\.db: could not be opened: Permission denied.*who may write"):
            Journal.open(f"sqlite:///{folder}/new/journal.db")


def test_a_read_only_journal_can_be_read() -> None:
    """Who may only look sees the history, and is told when it is to be written."""
    with ordinary() as folder:
        url = f"sqlite:///{folder}/journal.db"
        with closing(Journal.open(url)) as journal:
            journal.begin(RUN)
        (folder / "journal.db").chmod(0o400)
        folder.chmod(0o500)
        with closing(Journal.open(url)) as journal:
            assert journal.runs() == (RUN,)
            with pytest.raises(JournalError, match=r"could not write run next: .*readonly.*who may write there"):
                journal.begin(a_run("next"))


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    """The journal, and what SQLite puts beside it while it writes; the folder is made."""
    mask = os.umask(0)
    try:
        url = f"sqlite:///{tmp_path}/a/b/journal.db"
        with closing(Journal.open(url)) as journal, journal._engine.begin() as connection:
            connection.execute(text("UPDATE journal_schema SET number = number + 1"))
            files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a/b").iterdir()}
    finally:
        os.umask(mask)
    assert files == {"journal.db": 0o600, "journal.db-journal": 0o600}


def test_a_place_that_is_a_folder_is_named(tmp_path: Path) -> None:
    """Nothing is guessed from it."""
    with pytest.raises(JournalError, match="could not be opened: Is a directory"):
        Journal.open(f"sqlite:///{tmp_path}")


def test_who_holds_it_for_long_is_looked_for(url: str, journal: Journal) -> None:
    """After the patience is over the error says that another process holds it; then it works again."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(JournalError, match=r"database is locked.*another process holds it"):
            journal.intend(RUN.run, [(0, ROUTE)])
        with pytest.raises(JournalError, match=r"could not be opened: database is locked"):
            Journal.open(url, patience=0.1)
        other.execute("ROLLBACK")
    journal.intend(RUN.run, [(0, ROUTE)])
    assert [row.place for row in journal.rows(RUN.run)] == [0]


def test_who_will_write_locks_the_file_at_once(url: str, journal: Journal) -> None:
    """Two who read first and then write would each wait for the other, and SQLite refuses both without waiting."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=0, isolation_level=None)) as other:
        with journal._engine.begin(), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.execute("BEGIN IMMEDIATE")


def test_a_damaged_file_is_told(url: str, journal: Journal) -> None:
    """What cannot be read is not written over."""
    journal.close()
    path = Path(url.removeprefix("sqlite:///"))
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 8192)
    before = path.read_bytes()
    with pytest.raises(JournalError, match=r"malformed.*the file is damaged"), closing(Journal.open(url)) as broken:
        broken.rows(RUN.run)
    assert path.read_bytes() == before


# PostgreSQL.


def test_a_server_that_is_not_there_is_named_at_once() -> None:
    """With host and port, and what to look at."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(JournalError, match=rf"127.0.0.1:{port}/journal: could not be opened.*refused.*server runs"):
            Journal.open(f"postgresql://tester@127.0.0.1:{port}/journal")


def test_a_wrong_password_or_database_is_told(postgres: Postgres, tmp_path: Path) -> None:
    """Each with the server's own reason."""
    (tmp_path / "pgpass").write_text("*:*:*:tester:wrong\n")
    (tmp_path / "pgpass").chmod(0o600)
    wrong = postgres.url().replace(str(postgres.passfile), str(tmp_path / "pgpass"))
    with pytest.raises(JournalError, match=r"password authentication failed.*PGPASSFILE"):
        Journal.open(wrong)
    with pytest.raises(JournalError, match='database "nowhere" does not exist'):
        Journal.open(postgres.url(database="nowhere"))


def test_a_user_who_may_make_no_tables_is_told(postgres: Postgres) -> None:
    """The error says what to grant."""
    url, reader = postgres.url(), "reader"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(reader), PASSWORD))
        connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    passfile = postgres.passfile.read_text()
    postgres.passfile.write_text(f"{passfile}*:*:*:{reader}:{PASSWORD}\n")
    with pytest.raises(JournalError, match=r"permission denied.*grant the user USAGE and CREATE") as caught:
        Journal.open(url.replace("tester@", f"{reader}@"))
    assert PASSWORD not in str(caught.value)


def test_a_table_that_someone_holds_is_told(postgres: Postgres) -> None:
    """Waiting ends after the patience."""
    url = postgres.url()
    with closing(Journal.open(url, patience=0.3)) as journal, psycopg.connect(url) as other:
        journal.begin(RUN)
        other.execute("LOCK TABLE journal_changes")
        with pytest.raises(JournalError, match=r"lock timeout.*someone holds"):
            journal.intend(RUN.run, [(0, ROUTE)])
        other.rollback()
        journal.intend(RUN.run, [(0, ROUTE)])
        assert [row.place for row in journal.rows(RUN.run)] == [0]


def test_a_connection_that_was_cut_is_made_again(postgres: Postgres) -> None:
    """An administrator or a restart ends the session between two writes: the next one goes through."""
    url = postgres.url()
    with closing(Journal.open(url)) as journal:
        journal.begin(RUN)
        for place in range(3):
            postgres.end_sessions(url)
            journal.intend(RUN.run, [(place, a_change(place))])
            postgres.end_sessions(url)
            journal.settle(RUN.run, [place], "applied")
        postgres.end_sessions(url)
        assert [(row.place, row.outcome) for row in journal.rows(RUN.run)] == [(place, "applied") for place in range(3)]


def test_a_connection_that_is_cut_at_the_commit_writes_once(postgres: Postgres) -> None:
    """The server has committed and its answer is lost: intents and outcomes are written again, to the same effect."""
    proxy = Proxy(postgres.port)
    url = postgres.url().replace(f":{postgres.port}/", f":{proxy.port}/")
    with closing(proxy), closing(Journal.open(url)) as journal:
        journal.begin(RUN)
        proxy.cut_after_commits = 1
        journal.intend(RUN.run, [(0, ROUTE), (1, a_change(2))])
        proxy.cut_after_commits = 2
        journal.settle(RUN.run, [0, 1], "failed", "no quota")
        assert proxy.cuts == 3
        assert [(row.place, row.outcome, row.error) for row in journal.rows(RUN.run)] == [
            (0, "failed", "no quota"),
            (1, "failed", "no quota"),
        ]


def test_a_server_that_restarts_is_waited_for(postgres: Postgres) -> None:
    """A few seconds without a server are no reason to stop; one that stays away is."""
    url = postgres.url()
    with closing(Journal.open(url)) as journal, ThreadPoolExecutor(1) as pool:
        journal.begin(RUN)
        postgres.stop()
        try:
            written = pool.submit(journal.intend, RUN.run, [(0, ROUTE)])
            with pytest.raises(TimeoutError):
                written.result(1)
        finally:
            postgres.start()
        written.result(30)
        assert [row.place for row in journal.rows(RUN.run)] == [0]


def test_a_server_that_stays_away_is_told(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """After `RECONNECT` seconds the intent is refused: what is not written down is not sent."""
    monkeypatch.setattr(journal_module, "RECONNECT", 0.5)
    with closing(Journal.open(postgres.url())) as journal:
        journal.begin(RUN)
        postgres.stop()
        try:
            with pytest.raises(JournalError, match=rf"could not write changes of run {RUN.run}: .*refused"):
                journal.intend(RUN.run, [(0, ROUTE)])
        finally:
            postgres.start()
        assert journal.rows(RUN.run) == ()


def test_a_server_that_does_not_wait_for_its_disk_is_told_to(postgres: Postgres) -> None:
    """Whatever its usual setting, what was intended must not be lost with its power."""
    url = postgres.url()
    name = url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(sql.Identifier(name)))
    with closing(Journal.open(url)) as journal, journal._engine.begin() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar_one() == "on"


def test_the_file_is_synced_with_its_folder(journal: Journal) -> None:
    """`synchronous = EXTRA` (3): with less, a power cut can bring the last rollback journal back."""
    with journal._engine.connect().execution_options(reading=True) as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 3


def test_the_files_own_schema_is_not_trusted(journal: Journal) -> None:
    """Triggers and views of a file from elsewhere call nothing with side effects (sqlite.org/security.html)."""
    with journal._engine.connect().execution_options(reading=True) as connection:
        assert connection.execute(text("PRAGMA trusted_schema")).scalar_one() == 0


def test_the_environment_alone_can_say_where(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty URL of PostgreSQL means what its own tools would take: PGHOST, PGPASSFILE and the others."""
    name = postgres.url().partition("?")[0].rpartition("/")[2]
    where = {"PGHOST": "127.0.0.1", "PGPORT": str(postgres.port), "PGUSER": "tester", "PGDATABASE": name}
    for variable, value in {**where, "PGPASSFILE": str(postgres.passfile)}.items():
        monkeypatch.setenv(variable, value)
    with closing(Journal.open("postgresql://")) as journal:
        journal.begin(RUN)
        assert journal.runs() == (RUN,)
