import re
from collections.abc import Iterator

import pytest

from l2bridge_helpers import alike
from l2bridge_helpers.changes import Change
from l2bridge_helpers.findings import Finding, Findings
from l2bridge_helpers.grouping import FEW, FIRST, grouped, html_groups
from l2bridge_helpers.plan import plan
from l2bridge_helpers.results import Result, Results
from l2bridge_helpers.show import html_table, shown
from tests.builders import CLUSTER, numbered_fabric, numbered_nodes
from tests.test_show import Page

COLUMNS = ("action", "node", "resource", "reason")


def rows(count: int, action: str = "create") -> list[tuple[str, ...]]:
    """Return rows that share their action and their reason."""
    return [(action, f"node-{n}", f"projects/p/zones/z/{n}", "it is missing") for n in range(count)]


def cells_of(html: str) -> set[str]:
    """Return the texts of all cells."""
    return {cell.strip() for cell in Page(html).cells}


def test_what_a_group_shares_is_said_once_and_the_rest_is_all_there() -> None:
    """Nothing is cut off: what is folded away is counted, and in the page."""
    html = html_groups(grouped(rows(50), COLUMNS, lambda row: row[0]))
    page = Page(html)
    assert page.text.count("it is missing") == page.text.count("create") == 1
    assert "50 rows" in page.text
    assert f"{50 - FIRST} more" in page.text
    assert {f"node-{n}" for n in range(50)} <= cells_of(html)
    assert page.heads[:2] == ["node", "resource"]


def test_a_long_common_beginning_is_said_once() -> None:
    """So that the names can be compared."""
    text = Page(html_groups(grouped(rows(50), COLUMNS, lambda row: row[0]))).text
    assert text.count("projects/p/zones/z/") == 1
    assert "…49" in text


def test_columns_that_say_the_same_are_one() -> None:
    """That they are equal is what there is to see."""
    twice = [(f"node-{n}", f"node-{n}") for n in range(20)]
    (group,) = grouped(twice, ("node", "resource"), lambda _: "")
    assert group.columns == ("node = resource",)
    assert group.rows[3] == ("node-3",)


def test_kinds_come_in_the_order_of_their_first_rows() -> None:
    """What stands first in a plan is seen first."""
    groups = grouped([*rows(2, "conflict"), *rows(3), *rows(1, "conflict")], COLUMNS, lambda row: row[0])
    assert [(group.shared["action"], len(group.rows)) for group in groups] == [("conflict", 3), ("create", 3)]


@pytest.mark.parametrize("count", [FEW // 2, FEW])
def test_plan_of_many_rows_is_grouped_and_a_small_one_is_not(count: int) -> None:
    """A few rows are read as they are; of many, all are in the page."""
    value = plan(numbered_nodes(count), numbered_fabric(count), cluster=CLUSTER)
    page = Page(shown(value).html)
    assert (page.heads[0] == "action") is (len(value.changes) <= FEW)
    assert sum(cell in {change.node for change in value} for cell in page.cells) >= count
    assert page.text.count("the cloud drops packets") == (1 if len(value.changes) > FEW else count)


def test_log_has_a_line_for_each_change() -> None:
    """It can be searched."""
    value = plan(numbered_nodes(FEW), numbered_fabric(FEW), cluster=CLUSTER)
    assert len(shown(value).text.splitlines()) == 2 + len(value.changes)


def test_failures_of_one_error_are_one_group() -> None:
    """The error is read once, and every resource that it struck is named."""
    changes = [Change("create", "route", f"r-{n}", f"node-{n}", {}, {}, "") for n in range(FEW + 1)]
    outcomes = [Result(change, "failed", "quota ROUTES exceeded") for change in changes[:-1]]
    page = Page(shown(Results((*outcomes, Result(changes[-1], "applied")))).html)
    assert page.text.count("quota ROUTES exceeded") == 1
    assert "✕ failed" in page.text
    assert {f"r-{n}" for n in range(FEW)} <= {cell.strip() for cell in page.cells}


# Rows that differ only in what they are about.


def findings(count: int) -> Findings:
    """Return as many findings about a security group each, and one about another thing."""
    same = [
        Finding(
            "warning", f"NSG nsg-{n}", "denies 10.42.0.0/16", "no pod is reached", f"az network nsg show --name nsg-{n}"
        )
        for n in range(count)
    ]
    return Findings.of([*same, Finding("error", "node a", "has no pod CIDR", "it is left out", "correct it")])


def test_a_hundred_findings_of_a_kind_are_one_row() -> None:
    """With a count, and all names and all commands in the page."""
    html = shown(findings(100)).html
    page = Page(html)
    assert page.tags.count("tr") == 3
    assert "× 100" in page.text  # noqa: RUF001 - times
    for n in range(100):
        assert re.search(rf">NSG nsg-{n}<", html)
        assert re.search(rf"--name nsg-{n}<", html)
    assert page.text.count("no pod is reached") == 1


def test_a_hundred_findings_of_a_kind_are_one_line_of_a_log() -> None:
    """It names all, and says where the rest of it is."""
    lines = shown(findings(100)).text.splitlines()
    assert len(lines) == 4
    (line,) = [line for line in lines if "NSG" in line]
    assert all(f"NSG nsg-{n}," in f"{line}," or f"NSG nsg-{n} " in line for n in range(100))
    assert "(and 99 like it, all in result.json)" in line


def test_summary_counts_findings_and_not_rows() -> None:
    """The sentence above is of what was found."""
    assert shown(findings(100)).text.startswith("1 error, 100 warnings.")


def test_few_findings_stay_rows() -> None:
    """So do those that say different things."""
    assert Page(shown(findings(alike.SEVERAL - 1)).html).tags.count("tr") == alike.SEVERAL + 1
    other = [Finding("warning", f"node n{n}", f"runs {word}", "", "") for n, word in enumerate("abcdefgh")]
    assert Page(shown(Findings.of(other)).html).tags.count("tr") == 9


def test_names_without_digits_are_names_too() -> None:
    """What a row is about may be called anything."""
    names = ("alpha", "beta", "gamma", "delta", "a")
    same = [Finding("warning", f"node {name}", "is alone", f"pods of {name} wait", "") for name in names]
    assert Page(shown(Findings.of(same)).html).tags.count("tr") == 2


def test_rows_of_different_severity_are_never_one() -> None:
    """Also where a node is called like a severity."""
    severities = ("error", "warning")
    same = [Finding(severity, f"node {severity}", "is it", "", "") for severity in severities for _ in range(5)]  # type: ignore[arg-type]
    page = Page(shown(Findings.of(same)).html)
    assert page.text.count("× 5") == 2  # noqa: RUF001 - times


# Long lists in a cell.


def listed(count: int) -> Iterator[str]:
    """Give names."""
    return (f"node-{n}" for n in range(count))


def test_long_list_of_names_is_folded_and_whole() -> None:
    """The sentence goes on behind the first names; all of them are below it."""
    page = Page(html_table([[f"the next (now: {', '.join(listed(300))}) drops"]], ["meaning"]))
    assert "node-5 and 294 more) drops" in page.text
    assert "all 300" in page.text
    assert all(f"{name}," in page.text or name == "node-299" for name in listed(300))


def test_short_list_of_names_stands_as_it_is() -> None:
    """It is read on the way."""
    text = f"nodes {', '.join(listed(20))} wait"
    assert Page(html_table([[text]], ["meaning"])).cells == [text]
