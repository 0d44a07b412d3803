import pytest

from l2bridge_helpers.findings import COLUMNS, Finding, Findings, Severity, names_of

SEVERITIES: tuple[Severity, ...] = ("blocking", "error", "warning")


def finding(severity: Severity = "warning", about: str = "node a") -> Finding:
    return Finding(severity, about, "has no pod CIDR", "its pods stay out of reach", "allocate one")


def test_worst_stands_first_otherwise_the_order_of_the_checks() -> None:
    """Who reads from the top reads what matters."""
    found = Findings.of(
        [finding("warning", "1"), finding("error", "2"), finding("blocking", "3"), finding("error", "4")]
    )
    assert [item.object for item in found] == ["3", "2", "4", "1"]


def test_findings_are_told_apart_by_severity() -> None:
    """`blocking` stops apply, `errors` fail it afterwards, warnings do neither."""
    found = Findings.of(finding(severity) for severity in SEVERITIES)
    assert [item.severity for item in found.blocking] == ["blocking"]
    assert [item.severity for item in found.errors] == ["error"]
    assert [item.severity for item in found.of_severity("warning")] == ["warning"]
    assert len(found) == 3


@pytest.mark.parametrize(
    ("severities", "sentence"),
    [
        ((), "nothing is wrong"),
        (("blocking",), "1 blocking"),
        (("warning", "error"), "1 error, 1 warning"),
        (("error", "blocking", "error", "blocking", "warning", "warning"), "2 blocking, 2 errors, 2 warnings"),
    ],
)
def test_summary_counts_in_a_sentence(severities: tuple[Severity, ...], sentence: str) -> None:
    """The worst first, and only what there is."""
    assert Findings.of(map(finding, severities)).summary() == sentence


def test_table_has_the_columns_of_a_finding() -> None:
    """Also when there is none."""
    full, empty = Findings.of([finding()]).table(), Findings().table()
    assert list(full.columns) == list(empty.columns) == list(COLUMNS)
    assert COLUMNS == ("severity", "object", "found", "meaning", "todo")
    assert full.to_numpy().tolist() == [
        ["warning", "node a", "has no pod CIDR", "its pods stay out of reach", "allocate one"]
    ]


def test_sentence_names_object_what_was_found_and_what_to_do() -> None:
    """It is what an error's text is made of."""
    assert str(finding()) == "node a has no pod CIDR; allocate one"


def test_all_names_are_told_each_once() -> None:
    """Who repairs things at night needs the whole list."""
    many = [f"node-{number}" for number in range(300)]
    assert names_of(many + many) == ", ".join(many)
