import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from l2bridge_helpers.changes import Change, Plan
from l2bridge_helpers.explain import explain
from l2bridge_helpers.findings import COLUMNS as FINDING_COLUMNS
from l2bridge_helpers.findings import Finding, Findings
from l2bridge_helpers.nodes import COLUMNS as NODE_COLUMNS
from l2bridge_helpers.pictures.svg import Picture
from l2bridge_helpers.plan import plan
from l2bridge_helpers.proof import COLUMNS as CHECK_COLUMNS
from l2bridge_helpers.proof import Check, Proof
from l2bridge_helpers.reach import reach
from l2bridge_helpers.reachability.explanation import Explanation, Hop
from l2bridge_helpers.reachability.result import APPLIED, PLANNED, Cause, Fault, Moment, Reachability
from l2bridge_helpers.reachability.traffic import HTTPS
from l2bridge_helpers.results import Result, Results
from l2bridge_helpers.show import html_table, shown
from tests.builders import CLUSTER, NETWORK, node_item, nodes, numbered_fabric, numbered_nodes
from tests.reachability import healthy as made
from tests.reachability.healthy import healthy

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><b onmouseover="alert(1)">',
    "'; DROP TABLE nodes; --",
    "$(reboot)",
    "`reboot`",
    "&lt;b&gt;",
    "</td></tr></table><h1>",
    "{{ 7*7 }}",
)
TAGS = {"p", "b", "i", "table", "thead", "tbody", "tr", "th", "td", "span", "details", "div", "summary", "pre"}
OF_WIDE_TABLES = {"tabindex", "role", "aria-label"}


class Page(HTMLParser):
    """The tags, attributes and texts of a piece of HTML."""

    def __init__(self, html: str) -> None:
        """Read it."""
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.cells: list[str] = []
        self.heads: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag."""
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag in ("td", "th"):
            (self.cells if tag == "td" else self.heads).append("")

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.text += data
        if self.cells and "td" in self.tags[-2:]:
            self.cells[-1] += data
        elif self.tags and self.tags[-1] == "th":
            self.heads[-1] += data


def one_of_each(name: str) -> list[object]:
    """Return a value of every kind that is shown, with this text wherever the outside can put one."""
    facts = {"destination": name, "next_hop": name, "forwarding": False}
    fault = Fault(name, name, name, f"gcloud {name}")
    cause = Cause("filter", "blocked", name, (name,), (fault,), 1, 1, fails=True)
    reachability = Reachability(HTTPS, (), (cause,))
    hop = Hop("there", name, name, "blocked", name, name, name)
    change = Change("create", "route", name, name, {}, facts, name, f"gcloud {name}")
    return [
        nodes(node_item(name, "10.0.0.2", name, provider_id=name, os=name, backend=name, public_ip=name)),
        Findings.of([Finding("error", name, name, name, name)]),
        Plan("gce", name, name, (change, replace(change, action="conflict", before=facts))),
        Results((Result(change, "failed", name),)),
        Proof((Check("wrong", name, name, name, name),)),
        reachability,
        Explanation(name, name, HTTPS, (hop,), "blocked", "reaches"),
        {name: name},
        name,
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text_in_html(name: str) -> None:
    """A name from outside makes no tag and no attribute, and is shown as it is."""
    for value in one_of_each(name):
        page = Page(shown(value).html)
        assert set(page.tags) <= TAGS
        assert page.attributes <= {"style", "scope", *OF_WIDE_TABLES}
        assert name in page.text.replace("\xa0", " ")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_shown_as_they_are_in_text(name: str) -> None:
    """A log is no shell and no page: nothing is changed that people would compare or copy."""
    for value in one_of_each(name):
        assert name in shown(value).text


@pytest.mark.parametrize("control", ["\x1b[2J", "\x1b]0;title\x07", "\r", "\b", "\x9b31m", "\u202e"])
def test_control_characters_do_not_reach_the_terminal(control: str) -> None:
    """A provider ID or an address can hold anything; on a terminal it must not erase or colour what stands there."""
    for value in one_of_each(f"node{control}1"):
        assert control not in shown(value).text


def test_line_breaks_do_not_make_lines() -> None:
    """A name with a line break cannot pretend to be a row of the table."""
    text = shown(Findings.of([Finding("error", "a\nok everything is fine", "x", "y", "z")])).text
    assert [line for line in text.splitlines() if line.startswith("ok everything")] == []


@pytest.mark.parametrize(
    ("value", "columns"),
    [
        (nodes(), NODE_COLUMNS),
        (Findings().table(), FINDING_COLUMNS),
        (Results().table(), ("outcome", "action", "kind", "resource", "node", "error")),
        (Proof().table(), CHECK_COLUMNS),
        (Plan("gce", CLUSTER, NETWORK, ()).table(), tuple(Change.__dataclass_fields__)),
    ],
)
def test_empty_table_keeps_its_columns(value: object, columns: tuple[str, ...]) -> None:
    """In the same order as a full one: who reads it by machine need not ask whether there are rows."""
    assert tuple(getattr(value, "columns")) == columns  # noqa: B009 - a DataFrame, of several modules


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (nodes(), "0 nodes (none), 0 pod CIDRs."),
        (Findings(), "Nothing is wrong."),
        (Results(), "There was nothing to do."),
        (Proof(), "Nothing to verify."),
        (
            Plan("gce", CLUSTER, NETWORK, ()),
            "Enable forwarding on no instances, add no routes, replace none, delete none.",
        ),
    ],
)
def test_empty_value_is_a_sentence(value: object, text: str) -> None:
    """Nothing there is said in words, in both forms."""
    assert shown(value).text == text
    assert Page(shown(value).html).text == text


def test_text_and_html_say_the_same() -> None:
    """The log of a scheduled run has every row that the notebook has."""
    value = plan(numbered_nodes(12), numbered_fabric(12), cluster=CLUSTER)
    both = shown(value)
    page = Page(both.html)
    assert page.heads == ["action", "kind", "node", "resource", "before", "after", "reason"]
    assert len(both.text.splitlines()) == 2 + len(value.changes)
    for head in page.heads:
        assert head in both.text.splitlines()[1]


def test_text_names_every_offender() -> None:
    """A log that ends a long list in dots hides who is to be repaired."""
    names = [f"node-{number}" for number in range(40)]
    text = shown(Findings.of([Finding("blocking", f"nodes {', '.join(names)}", "run vxlan", "bad", "mend it")])).text
    assert all(name in text for name in names)


def test_nodes_are_counted_in_a_sentence() -> None:
    """Nodes by system, and pod CIDRs."""
    items = [
        node_item("a", "10.0.0.2", "10.42.0.0/24", "fd00::/64"),
        node_item("b", "10.0.0.3", "10.42.1.0/24"),
        node_item("w", "10.0.0.4", os="windows"),
        node_item("x", "10.0.0.5", "10.42.3.0/24", os=""),
    ]
    items[3]["metadata"]["labels"] = {}
    first = shown(nodes(*items)).text.splitlines()[0]
    assert first == "4 nodes (1 of unknown system, 2 linux, 1 windows), 4 pod CIDRs."


def test_one_node_is_counted_as_one() -> None:
    """In words that fit."""
    assert shown(numbered_nodes(1)).text.startswith("1 node (1 linux), 1 pod CIDR.")


def test_commands_of_a_plan_are_in_the_page() -> None:
    """Who may not run this tool can copy them, all in one block and each on its line."""
    value = plan(numbered_nodes(2), numbered_fabric(2), cluster=CLUSTER)
    page = Page(shown(value).html)
    assert "The same by hand: 4 commands" in page.text
    for change in value.writes:
        assert change.command in page.text


def test_plan_that_changes_nothing_has_no_commands() -> None:
    """Nothing is offered to copy."""
    machines = numbered_fabric(1, forwarding=True)
    page = Page(shown(plan(nodes(), machines, cluster=CLUSTER)).html)
    assert "by hand" not in page.text


def test_verdicts_are_badges_with_inline_style() -> None:
    """Nothing but `style=` survives a notebook that is not trusted."""
    html = html_table([["blocking", True, False, None]], ["a", "b", "c", "d"])
    assert re.search(r'<span style="background:#[0-9a-f]{6};[^"]*">✕ blocking</span>', html)
    assert [cell.strip() for cell in Page(html).cells] == ["✕ blocking", "yes", "no", "None"]


def test_same_value_is_shown_the_same_way() -> None:
    """Committed outputs compare equal on every run and machine: no ids, clocks or addresses of memory."""
    one, other = (shown(plan(numbered_nodes(3), numbered_fabric(3), cluster=CLUSTER)) for _ in range(2))
    assert one == other
    assert "0x" not in one.text + one.html


def test_what_was_not_sent_is_said_once() -> None:
    """In plan mode the results repeat no plan."""
    change = Change("create", "route", "r", "node-1", {}, {"destination": "x", "next_hop": "y"}, "because")
    both = shown(Results((Result(change, "not sent"),)))
    assert both.text.startswith("Nothing was sent; 1 change")
    assert Page(both.html).text == both.text


# Who reaches whom.


def not_forwarding(count: int, moment: Moment = PLANNED) -> Reachability:
    """Return who reaches whom where the first nodes of fourteen do not forward."""
    world = healthy("gce", "a" * 14)
    for number in range(1, count + 1):
        world = made.with_nic(world, f"node-{number}", forwarding=False)
    return reach(world.nodes, world.fabric, moment=moment)


def test_reachability_is_told_with_its_moment_and_causes() -> None:
    """Counts in a sentence, a row for each cause, and the nodes at which it is."""
    text = shown(not_forwarding(2)).text
    assert text.splitlines()[0] == "After the plan, 132 of 182 pairs reach (TCP 443)."
    assert [line.split("  ")[0] for line in text.splitlines()[1:]] == ["verdict", "blocked"]
    assert text.endswith("node-1, node-2")


def test_where_everything_reaches_there_is_one_sentence() -> None:
    """And nothing to mend."""
    assert shown(not_forwarding(0)).text == "After the plan, 182 of 182 pairs reach (TCP 443)."
    assert "by hand" not in shown(not_forwarding(0)).html


def test_many_nodes_of_a_cause_are_counted() -> None:
    """Pictures and `explain` tell the others."""
    assert shown(not_forwarding(12)).text.endswith("node-11, node-12")
    assert shown(not_forwarding(14)).text.endswith("node-11, node-12 and 2 more")


def test_what_mends_it_is_in_the_page_each_once() -> None:
    """Folded away, each on its line."""
    found = not_forwarding(3)
    page = Page(shown(found).html)
    assert "What mends it by hand: 3 steps" in page.text
    for mend in found.causes[0].mends:
        assert page.text.count(mend) == 1


def test_proof_shows_who_reaches_whom_after_it_with_the_picture() -> None:
    """A fresh read decides, not the plan."""
    proof = Proof((Check("ok", "route-1", "node-1", "a route", "a route"),), reachability=not_forwarding(1, APPLIED))
    both = shown(proof)
    assert "After the apply, 156 of 182 pairs reach (TCP 443)." in both.text
    assert both.html.index("route-1") < both.html.index("After the apply") < both.html.index("<img src=")


def test_explanation_has_a_row_for_each_hop() -> None:
    """Under what came of it; what is in the way is a badge."""
    world = made.with_nic(healthy("gce", "aa"), "node-2", forwarding=False)
    value = explain(world.nodes, world.fabric, "node-1", "node-2")
    both = shown(value)
    assert both.text.splitlines()[0].lower() == f"{value.summary()}.".lower()
    assert len(both.text.splitlines()) == 2 + len(value.hops)
    assert Page(both.html).cells.count("✕ blocked") == sum(hop.verdict == "blocked" for hop in value.hops)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_picture_is_an_image_with_its_words_beside_it(name: str) -> None:
    """A log has the words; in a page nothing of them becomes a tag."""
    both = shown(Picture("<svg/>", name))
    assert both.text == name
    page = Page(both.html)
    assert (page.tags, page.attributes) == (["img"], {"src", "alt", "style"})


def test_folded_form_has_the_same_table_closed() -> None:
    """Where an interactive table stands beside it, the sentence stays in sight and nothing is lost."""
    both = shown(plan(numbered_nodes(2), numbered_fabric(2), cluster=CLUSTER))
    page, folded = Page(both.html), Page(both.folded)
    assert folded.cells == page.cells
    assert folded.tags.index("details") < folded.tags.index("table")
    assert both.folded.startswith("<p><b>")


@pytest.mark.parametrize("value", one_of_each("node-1"))
def test_everything_has_a_folded_form(value: object) -> None:
    """Who shows it need not ask."""
    assert shown(value).folded
