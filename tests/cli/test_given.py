"""Parameters of the command: types, misspelt names, files, and that nothing is taken for something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2bridge_helpers.cli.given import from_file, from_options
from l2bridge_helpers.cli.run import merged
from l2bridge_helpers.errors import ParameterError
from l2bridge_helpers.parameters import PARAMETERS, refusals

GCE = PARAMETERS["gce"]


def test_values_are_of_the_parameters_type() -> None:
    """A project that is all digits stays text, as papermill's -p would not leave it."""
    pairs = ["project=12345", "lock_timeout=5", "share=1", "open_firewall=true", "cluster=true"]
    values = from_options(pairs, GCE)
    assert values == {"project": "12345", "lock_timeout": 5, "share": 1.0, "open_firewall": True, "cluster": "true"}
    assert [type(value) for value in values.values()] == [str, int, float, bool, str]


@given(st.text())
def test_what_stands_behind_the_first_sign_is_the_value(text: str) -> None:
    """Whatever it is, spaces and signs included."""
    assert from_options([f"cluster={text}"], GCE) == {"cluster": text}


@pytest.mark.parametrize(
    ("pair", "told"),
    [
        ("projet=x", "parameter projet: is unknown; did you mean project?"),
        ("zzz=x", "parameter zzz: is unknown; there are kubeconfig, "),
        ("project", "'project' is no NAME=VALUE"),
        ("lock_timeout=soon", "parameter lock_timeout: 'soon' is not a whole number"),
        ("lock_timeout=1.5", "parameter lock_timeout: '1.5' is not a whole number"),
        ("share=much", "parameter share: 'much' is not a number"),
        ("open_firewall=yes", "parameter open_firewall: 'yes' is not true or false"),
    ],
)
def test_what_is_refused_is_named(pair: str, told: str) -> None:
    """The name, the value, and what would do."""
    with pytest.raises(ParameterError) as caught:
        from_options([pair], GCE)
    assert told in str(caught.value)


def test_all_that_is_refused_is_named_at_once() -> None:
    """Nobody wants to be told one thing at a time."""
    with pytest.raises(ParameterError) as caught:
        from_options(["projet=x", "lock_timeout=soon", "cluster=a", "cluster=b"], GCE)
    assert str(caught.value).count(" | ") == 2
    assert "parameter cluster: is given twice" in str(caught.value)


def test_options_go_before_the_file_and_the_file_before_defaults(tmp_path: Path) -> None:
    """So one file serves several clusters."""
    path = tmp_path / "production.yaml"
    path.write_text("project: shop\nlock_timeout: 5\nmode: check\n")
    values = merged(("project=other",), path, GCE, {"mode": "apply"})
    assert values["project"] == "other"
    assert values["lock_timeout"] == 5
    assert values["mode"] == "apply"
    assert values["runs"] == "runs"


def test_an_option_and_a_pair_that_say_the_same_are_refused() -> None:
    """Which of them is meant, nobody can know."""
    with pytest.raises(ParameterError, match="parameter mode: given by -p and by an option"):
        merged(("mode=plan",), None, GCE, {"mode": "apply"})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- a\n", "is no mapping of names to values"),
        ("projet: x\n", "parameter projet: is unknown; did you mean project?"),
        ("a: [1\n", "cannot be read"),
    ],
)
def test_a_bad_file_is_refused(text: str, told: str, tmp_path: Path) -> None:
    """The file is named, and what is wrong with it."""
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(ParameterError) as caught:
        from_file(path, GCE)
    assert told in str(caught.value)
    assert "bad.yaml" in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """No traceback of the operating system's."""
    with pytest.raises(ParameterError, match=r"nowhere\.yaml"):
        from_file(tmp_path / "nowhere.yaml", GCE)


def test_a_value_of_a_file_keeps_its_type(tmp_path: Path) -> None:
    """YAML's own types are looked at by the runbook's rules, so a number is no project: it is to be quoted."""
    path = tmp_path / "numbers.yaml"
    path.write_text("project: 12345\n")
    values: dict[str, Any] = from_file(path, GCE)
    assert values == {"project": 12345}
    assert "project: 12345 is int, not text; write it in quotes" in refusals(GCE, merged((), path, GCE, {}))[0]
