import re
from html.parser import HTMLParser

import pytest

from l2bridge_helpers.findings import Finding, Findings
from l2bridge_helpers.looks import BAD, GOOD, Look
from l2bridge_helpers.pictures import matrix
from l2bridge_helpers.plan import plan
from l2bridge_helpers.reach import reach
from l2bridge_helpers.report import report
from l2bridge_helpers.report_head import Figure, Head
from l2bridge_helpers.show import shown
from tests.builders import CLUSTER, numbered_fabric, numbered_nodes
from tests.reachability import healthy as made
from tests.reachability.healthy import healthy

FETCHING = {"src", "href", "srcset", "data", "action", "poster", "background", "formaction", "xlink:href"}
FORBIDDEN = {"script", "link", "iframe", "object", "embed", "base", "form"}
HOSTILE = '<script src="https://evil.example/x.js"></script><img src=x onerror="alert(1)">$(reboot)'


class _Page(HTMLParser):
    """What a page would do: its tags with their attributes, its texts, and whether each tag is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page(*, failed: bool = False, name: str = "prod") -> str:
    """Return the report of a run that shows every kind of table."""
    findings = Findings.of([Finding("error", f"node {name}", "has no pod CIDR", "matters", "mend it")])
    changes = plan(numbered_nodes(2), numbered_fabric(2), cluster=name)
    world = made.with_instance(healthy("gce", "aa"), "node-1", name=name, running=False, status=name)
    found = reach(world.nodes, world.fabric)
    sections: list[tuple[str, object]] = [
        ("Nodes", numbered_nodes(2)),
        ("Findings", findings),
        ("Reachability now", found),
    ]
    sections += [("Matrix", matrix(found)), (f"Plan {name}", changes)]
    head = Head(
        title=f"gce runbook, cluster {name}: apply",
        headline="Failed" if failed else "Applied",
        look=BAD if failed else GOOD,
        verdict=f"apply of {name} came to this",
        figures=[Figure(f"nodes of {name}", name, BAD if failed else None)],
        todo=f"mend {name}",
        back=f"undo {name}",
        facts={"cluster": name, "endpoint": "https://compute.googleapis.com"},
    )
    return report(head, [(heading, shown(value).html) for heading, value in sections])


def test_page_needs_no_network() -> None:
    """No attribute, style or tag fetches anything: it can be read on a machine without one."""
    html = page()
    for tag, attributes in _Page(html).tags:
        assert tag not in FORBIDDEN
        for name in FETCHING & attributes.keys():
            assert (attributes[name] or "").startswith(("data:", "#"))
    assert not re.search(r"url\(|@import", html)


def test_page_runs_nothing() -> None:
    """There is no script and no event handler in it."""
    for tag, attributes in _Page(page()).tags:
        assert tag != "script"
        assert not [name for name in attributes if name.startswith("on")]


def test_hostile_names_stay_text() -> None:
    """In heading, verdict, facts and sections, what comes from outside is shown as it is."""
    good, bad = _Page(page(name=CLUSTER)), _Page(page(name=HOSTILE))
    assert [tag for tag, _ in good.tags] == [tag for tag, _ in bad.tags]
    assert {name for _, attributes in bad.tags for name in attributes} == {
        name for _, attributes in good.tags for name in attributes
    }
    assert bad.text.count(HOSTILE) >= 5


def test_page_is_whole() -> None:
    """Every tag is closed in its order; title, language, width and encoding are given."""
    html = page()
    parsed = _Page(html)
    assert parsed.open == []
    assert html.startswith("<!DOCTYPE html><html lang=")
    assert '<meta charset="utf-8">' in html
    assert "<title>gce runbook, cluster prod: apply</title>" in html


def test_page_tells_everything() -> None:
    """Verdict, facts, and every section under its heading, in their order."""
    text = _Page(page()).text
    parts = ["Applied", "apply of prod came to this", "nodes of prod", "mend prod", "undo prod"]
    parts += ["compute.googleapis.com", "2 pod CIDRs", "1 error"]
    parts += ["0 of 2 pairs reach", "machine does not run at 1 node", "The same by hand"]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


@pytest.mark.parametrize(("failed", "look"), [(True, BAD), (False, GOOD)])
def test_bad_news_looks_bad(failed: bool, look: Look) -> None:  # noqa: FBT001 - good and bad news
    """The verdict's class says which it is, and so does a sign before the first word."""
    html = page(failed=failed)
    assert f'<div class="verdict v-{look.name}"><strong>{look.sign} ' in html


def test_report_of_a_run_without_sections_is_a_page_too() -> None:
    """A run that failed at once leaves a report."""
    html = report(Head("gce runbook", "Failed", BAD, "Nodes: nothing answers"), [])
    assert _Page(html).open == []
    assert "nothing answers" in html


def test_same_run_gives_the_same_page() -> None:
    """It is a pure function of what it is given."""
    assert page() == page()
