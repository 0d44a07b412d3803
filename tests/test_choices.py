"""What was chosen is remembered with what it was chosen for, and written as the parameters to set."""

from __future__ import annotations

import ast
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2bridge_helpers.choices import Choices, Offer, Option, assignments, options

AWKWARD = """it's "$HOME" `x` \\ ü 日本 ; rm -rf /"""


def test_a_choice_is_remembered_for_what_it_was_offered_for() -> None:
    """By runbook and parameter; another runbook knows nothing of it."""
    choices = Choices()
    choices.keep("gce", "network", ("project-a",), "blue")
    assert choices.recall("gce", "network", ("project-a",)) == "blue"
    assert choices.recall("explain", "network", ("project-a",)) == ""
    assert choices.recall("gce", "project", ("project-a",)) == ""


def test_a_choice_is_forgotten_when_what_it_was_for_changes() -> None:
    """It does not come back when that is changed back: nobody would remember."""
    choices = Choices()
    choices.keep("gce", "network", ("project-a",), "blue")
    assert choices.recall("gce", "network", ("project-b",)) == ""
    assert choices.recall("gce", "network", ("project-a",)) == ""


def test_choosing_nothing_takes_a_choice_back() -> None:
    """The list's first row is the parameter left empty."""
    choices = Choices()
    choices.keep("gce", "network", (), "blue")
    choices.keep("gce", "network", (), "")
    assert choices.recall("gce", "network", ()) == ""


@pytest.mark.parametrize(
    ("used", "now", "told"),
    [
        ("a", "a", []),
        ("a", "b", ["project is 'b' now, and was 'a'"]),
        ("a", "", ["project is '' now, and was 'a'"]),
        ("", "b", ["project is 'b' now, and was ''"]),
        ("", "", []),
    ],
)
def test_what_was_chosen_since_the_run_began_is_told(used: str, now: str, told: list[str]) -> None:
    """Also a choice that was taken back; of another runbook nothing."""
    choices = Choices()
    choices.use("gce", {"project": used})
    choices.keep("gce", "project", (), now)
    choices.keep("aws", "project", (), "other")
    assert choices.changed("gce") == told
    assert choices.changed("undo") == []


def test_assignments_are_python_that_says_the_same() -> None:
    """Lines as in the parameters cell, whatever the value holds."""
    chosen = {"project": "shop-prod", "context": AWKWARD}
    text = assignments(chosen)
    assert text.splitlines()[0] == 'project: str = "shop-prod"'
    read = {ast.unparse(line.target): ast.literal_eval(line.value) for line in ast.parse(text).body}  # type: ignore[attr-defined]
    assert read == chosen


def test_options_are_words_of_a_shell_that_say_the_same() -> None:
    """The command gets each value whole."""
    assert options({"project": "shop-prod"}) == "-p project=shop-prod"
    assert shlex.split(options({"context": AWKWARD, "region": "x"})) == [
        *("-p", f"context={AWKWARD}"),
        *("-p", "region=x"),
    ]


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1))
def test_whatever_can_be_seen_is_written_so_that_it_is_read_back(value: str) -> None:
    """By Python, and by a shell."""
    (line,) = ast.parse(assignments({"context": value})).body
    assert ast.literal_eval(line.value) == value  # type: ignore[attr-defined]
    assert shlex.split(options({"context": value})) == ["-p", f"context={value}"]


def test_an_offer_tells_people_what_a_value_is() -> None:
    """An option by its label, what is empty by its meaning, anything else by itself."""
    offer = Offer((Option("a", "the first"),), "the usual one")
    assert [offer.label_of(value) for value in ("a", "", "b")] == ["the first", "the usual one", "b"]
