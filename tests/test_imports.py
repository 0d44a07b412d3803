"""Who imports what: a cloud's SDK is loaded only for its platform, and what is pure stays pure."""

import json
import subprocess
import sys
from pathlib import Path

DATABASES = {"psycopg", "sqlalchemy"}
SDKS = {"azure", "boto3", "botocore", "google.cloud", "google.auth", "kubernetes", "requests", "urllib3"}
PURE = ["changes", "check_network", "checks", "fabric", "findings", "nodes", "placement", "plan", "verify"]
PURE += ["clouds.dialects", "flannel", "outcome", "parameters", "pictures", "report", "results", "show"]
PURE += ["explaining", "mends", "question", "saved_run", "state"]
PURE += ["apply", "entries", "execution", "guard", "progress", "proof", "rounds"]
PURE += ["journal_commits", "journal_records", "journal_url", "lease_record", "lease_texts", "moved", "plan_summary"]
PURE += ["pace", "pace_limits", "pace_meters", "clouds.watcher"]
PURE += ["undo", "undo_check", "undo_choice", "undo_now", "undo_order", "undo_routes", "undo_rows"]

_IMPORTS = """
import importlib, json, sys
found, known = {}, set()
for module in sys.argv[1:]:
    importlib.import_module(module)
    found[module] = sorted(sys.modules.keys() - known)
    known |= sys.modules.keys()
print(json.dumps(found))
"""


def _imports(*modules: str) -> dict[str, set[str]]:
    """Return the SDKs and databases that importing modules loads, each beside those before it, in a new Python."""
    names = [f"l2bridge_helpers.{module}".rstrip(".") for module in modules]
    command = [sys.executable, "-c", _IMPORTS, *names]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    found = json.loads(done.stdout)
    return {module: (SDKS | DATABASES) & set(found[name]) for module, name in zip(modules, names, strict=True)}


def test_the_package_loads_no_sdk() -> None:
    """Who runs one platform pays for no other; who only asks for help pays for none."""
    assert _imports("") == {"": set()}


def test_what_is_pure_loads_nothing_that_calls() -> None:
    """Values in, values out: no client of any API, no database is loaded, also by what just says that it is pure."""
    files = sorted((Path(__file__).parents[1] / "l2bridge_helpers").glob("*.py"))
    said = {path.stem for path in files if "(pure" in path.read_text(encoding="utf-8").partition("\n")[0]}
    assert len(said) > 10
    assert {name: loaded for name, loaded in _imports(*PURE, *sorted(said - {*PURE})).items() if loaded} == {}


def test_no_grammar_is_built_that_nobody_needs() -> None:
    """It would cost each kernel and each command more than a second."""
    code = "import sys, l2bridge_helpers.run, l2bridge_helpers.headless; sys.exit('lark' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_gce_loads_googles_sdk_and_no_other() -> None:
    """The adapter alone imports its SDK."""
    (loaded,) = _imports("clouds.gce").values()
    assert not loaded & {"azure", "boto3", "botocore", "kubernetes"}


def test_a_run_loads_no_database_before_it_applies() -> None:
    """Plan and check write no journal."""
    (loaded,) = _imports("run").values()
    assert not loaded & DATABASES


def test_a_journal_in_a_file_needs_no_driver_of_a_server() -> None:
    """Psycopg, and libpq with it, are for a PostgreSQL URL."""
    (loaded,) = _imports("journal").values()
    assert (loaded & DATABASES, loaded & SDKS) == ({"sqlalchemy"}, set())
