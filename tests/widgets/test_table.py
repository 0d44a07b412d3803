"""The table to look through: what is found, what is shown, and that nothing is lost between pages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from l2bridge_helpers.widgets.table import PAGE, BrowseTable

COLUMNS = ("action", "node")
CHOICES = {"changes": lambda row: row[0] != "none", "all rows": lambda _row: True}
WORDS = st.lists(st.tuples(st.sampled_from(["create", "none"]), st.text(max_size=8)), max_size=130)


def _all_pages(table: BrowseTable) -> str:
    pages = [table._body.value]
    while not table._after.disabled:
        table._after.click()
        pages.append(table._body.value)
    return "".join(pages)


@given(WORDS)
def test_pages_hold_every_row_once(rows: list[tuple[str, str]]) -> None:
    """Whatever the rows are, turning the pages shows each of them."""
    pages = _all_pages(BrowseTable(COLUMNS, rows, {"all rows": lambda _row: True}))
    assert pages.count("<td") == 2 * len(rows)


def test_what_would_change_is_shown_first() -> None:
    """Rows that are in order wait behind a choice, which says how many there are."""
    table = BrowseTable(COLUMNS, [("create", "node-1"), ("none", "node-2")], CHOICES)
    assert "node-1" in table._body.value
    assert "node-2" not in table._body.value
    assert [label for label, _ in table._choice.options] == ["changes (1)", "all rows (2)"]
    table._choice.value = "all rows"
    assert "node-2" in table._body.value


def test_all_words_have_to_be_there_in_any_case() -> None:
    """Words are looked for in the whole row, one by one."""
    table = BrowseTable(COLUMNS, [("create", "Node-1"), ("create", "node-12"), ("none", "node-1")], CHOICES)
    table._choice.value = "all rows"
    table._search.value = "NODE-1 create"
    assert [row[1] for row in table.found()] == ["Node-1", "node-12"]
    table._search.value = "nothing like it"
    assert "No row fits" in table._count.value
    assert table._body.value == ""


def test_a_search_begins_on_the_first_page() -> None:
    """A page that the found rows do not reach is never shown empty."""
    table = BrowseTable(COLUMNS, [("create", f"node-{number}") for number in range(3 * PAGE)], CHOICES)
    table._after.click()
    table._after.click()
    assert f"node-{3 * PAGE - 1}" in table._body.value
    table._search.value = "node-7"
    assert "node-7" in table._body.value


def test_names_from_outside_stay_text() -> None:
    """A node called like a tag is a name, and no tag."""
    table = BrowseTable(COLUMNS, [("create", "<script>alert(1)</script>")], CHOICES)
    assert "<script>" not in table._body.value
    assert "&lt;script&gt;" in table._body.value
