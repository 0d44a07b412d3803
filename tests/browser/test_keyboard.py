from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import OpenDesk
from tests.browser.review import Review

if TYPE_CHECKING:
    from playwright.sync_api import Locator

pytestmark = pytest.mark.xdist_group("browser")

_LOOK = """it => {
    const style = getComputedStyle(it);
    return [style.outline, style.boxShadow, style.borderColor, style.backgroundColor].join() }"""
_FOCUSED = "() => document.activeElement.innerText || document.activeElement.placeholder || ''"
STEPS = 40


def tab_to(it: Locator) -> list[str]:
    """Press Tab until the element has the focus; return what had it on the way, as people know it."""
    way = []
    for _ in range(STEPS):
        it.page.keyboard.press("Tab")
        way.append(it.page.evaluate(_FOCUSED))
        if it.evaluate("it => it === document.activeElement"):
            return way
    raise AssertionError(f"{STEPS} times Tab do not reach it, only {way}")


def test_a_plan_is_applied_by_the_keyboard_alone(open_desk: OpenDesk) -> None:
    """Tab goes from the search to the filter, the name and the button, which Enter presses; what has focus looks so."""
    from playwright.sync_api import expect

    desk = open_desk("gce-small")
    notebook = desk.open()
    notebook.run_all()
    review = Review(notebook)
    expect(review.name).to_be_visible()
    looks = [(it, it.evaluate(_LOOK)) for it in (review.search, review.filter, review.name)]
    notebook.cell('step("Plan")').locator(".jp-InputArea").click()
    notebook.page.keyboard.press("Escape")
    for it, unfocused in looks:
        tab_to(it)
        assert it.evaluate(_LOOK) != unfocused
    notebook.page.keyboard.type("lab")
    expect(review.apply).to_be_enabled()
    unfocused = review.apply.evaluate(_LOOK)
    assert tab_to(review.apply) == ["Apply to lab"]
    desk.take(notebook.page, "focus")
    assert review.apply.evaluate(_LOOK) != unfocused
    notebook.page.keyboard.press("Enter")
    review.wait_for("^Applied and verified")
    assert desk.results()[-1]["status"] == "ok"
