"""The inputs: lists, long lists, fields; what they say; and what they keep."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import ipywidgets as widgets
import pytest

from l2bridge_helpers.choices import Offer, Option
from l2bridge_helpers.choosing import Offered
from l2bridge_helpers.parameters import PARAMETERS
from l2bridge_helpers.widgets.choose import LISTED, Chooser

KNOWN = {parameter.name: parameter for parameters in PARAMETERS.values() for parameter in parameters}
EVIL = "<img src=x onerror=alert(1)>&\x1b"


class Kept(dict[str, str]):
    """What was remembered."""

    def offered(self, name: str, offer: Offer, value: str = "", on: tuple[str, ...] = ()) -> Offered:
        """Return a parameter that is offered, and remember what is chosen for it."""
        return Offered(KNOWN[name], offer, value, on, lambda chosen: self.update({name: chosen}))


@pytest.fixture
def kept() -> Kept:
    return Kept()


def _options(*values: str) -> tuple[Option, ...]:
    return tuple(Option(value, f"the {value}") for value in values)


def _many(count: int) -> tuple[Option, ...]:
    return _options(*(f"project-{number}" for number in range(count)))


def _words(chooser: Chooser) -> str:
    return unescape(re.sub(r"<[^>]*>", " ", chooser.told.value))


def test_a_list_begins_with_what_empty_means(kept: Kept) -> None:
    """Where it has to be chosen, with a request to do so."""
    chooser = Chooser(
        [kept.offered("network", Offer(_options("blue"), "the usual one")), kept.offered("project", Offer(_many(2)))]
    )
    assert chooser.inputs["network"].options == (("the usual one", ""), ("the blue", "blue"))
    assert chooser.inputs["project"].options[0] == ("choose one", "")
    assert "network" not in _words(chooser)
    assert "project : not chosen yet; choose it, then run this cell and those below again" in _words(chooser)


def test_a_choice_is_kept_and_told_as_parameters_to_set(kept: Kept) -> None:
    """To be copied into the parameters cell, or onto a command line."""
    chooser = Chooser([kept.offered("project", Offer(_options("shop-prod")))])
    assert "<pre" not in chooser.told.value
    chooser.inputs["project"].value = "shop-prod"
    assert kept == {"project": "shop-prod"}
    blocks = [unescape(block) for block in re.findall(r"<pre[^>]*>(.*?)</pre>", chooser.told.value, re.DOTALL)]
    assert blocks == ['project: str = "shop-prod"', "-p project=shop-prod"]


def test_a_change_asks_for_the_cells_to_be_run_again(kept: Kept) -> None:
    """In bold; no longer when it is changed back."""
    chooser = Chooser([kept.offered("network", Offer(_options("blue", "red"), "the usual one"), "blue")])
    bold = "<b>Changed: run this cell and those below again.</b>"
    assert bold not in chooser.told.value
    chooser.inputs["network"].value = "red"
    assert bold in chooser.told.value
    chooser.inputs["network"].value = ""
    assert kept == {"network": ""}
    assert bold in chooser.told.value
    chooser.inputs["network"].value = "blue"
    assert bold not in chooser.told.value


def test_what_was_listed_for_another_choice_is_closed(kept: Kept) -> None:
    """And is not told as a parameter to set; it opens again with the choice that it was listed for."""
    chooser = Chooser(
        [
            kept.offered("project", Offer(_options("one", "two")), "one"),
            kept.offered("network", Offer(_options("blue"), "the usual one"), "blue", ("project",)),
        ]
    )
    assert "network: str" in _words(chooser)
    chooser.inputs["project"].value = "two"
    assert chooser.inputs["network"].disabled
    assert "network: str" not in _words(chooser)
    assert "network : to be chosen for what was changed" in _words(chooser)
    chooser.inputs["project"].value = "one"
    assert not chooser.inputs["network"].disabled
    assert "network: str" in _words(chooser)


@pytest.mark.parametrize(("count", "kind"), [(LISTED, widgets.Dropdown), (LISTED + 1, widgets.Combobox)])
def test_a_long_list_is_searched_by_typing(kept: Kept, count: int, kind: type) -> None:
    """A hundred are read, more are not."""
    assert type(Chooser([kept.offered("project", Offer(_many(count)))]).inputs["project"]) is kind


@pytest.mark.parametrize("entered", ["the project-7", "project-7", " project-7 "])
def test_a_long_list_takes_labels_and_values(kept: Kept, entered: str) -> None:
    """As it is picked, or as it is typed; when one has finished typing."""
    chooser = Chooser([kept.offered("project", Offer(_many(500)))])
    field = chooser.inputs["project"]
    assert not field.continuous_update
    assert "the project-499" in field.options
    field.value = entered
    assert kept == {"project": "project-7"}


def test_a_long_list_takes_nothing_else(kept: Kept) -> None:
    """Half a name is no project; what was chosen before stays."""
    chooser = Chooser([kept.offered("project", Offer(_many(500)), "project-7")])
    assert chooser.inputs["project"].value == "the project-7"
    chooser.inputs["project"].value = "project-"
    assert kept == {}
    assert "not taken: 'project-' is none of the 500 found; set the parameter instead" in _words(chooser)
    chooser.inputs["project"].value = "the project-8"
    assert kept == {"project": "project-8"}
    assert "not taken" not in _words(chooser)


def test_what_could_not_be_listed_is_typed(kept: Kept) -> None:
    """With the reason, and held to what the parameter may be."""
    chooser = Chooser([kept.offered("region", Offer((), "", f"no credentials {EVIL}"))])
    field = chooser.inputs["region"]
    assert type(field) is widgets.Text
    assert "nothing could be listed: no credentials" in _words(chooser)
    field.value = "Europe"
    assert kept == {}
    assert "not taken: parameter region: 'Europe' is no region" in _words(chooser)
    field.value = "eu-west-1 "
    assert kept == {"region": "eu-west-1"}


def test_names_from_outside_are_escaped(kept: Kept) -> None:
    """In what is written as HTML; lists show text as it is."""
    offer = Offer((Option("blue", EVIL),), EVIL, EVIL)
    for value in ("", "blue", EVIL):
        chooser = Chooser([kept.offered("network", offer, value)])
        chooser.inputs["network"].value = "blue"
        for text in (chooser.told.value, chooser.text()):
            assert "\x1b" not in text
        assert "<img" not in chooser.told.value


def test_every_input_has_its_parameters_name_as_label(kept: Kept) -> None:
    """A screen reader says it, and a tooltip what empty means; what changes is a status."""
    offers = {"project": Offer(_many(2)), "network": Offer(_many(200), "the usual one"), "region": Offer()}
    chooser = Chooser([kept.offered(name, offer) for name, offer in offers.items()])
    labels: dict[str, Any] = {name: field.description for name, field in chooser.inputs.items()}
    assert labels == {name: name for name in offers}
    assert chooser.inputs["network"].tooltip == "parameter network; empty: the usual one"
    assert chooser.inputs["project"].tooltip == ("parameter project; empty: it has to be chosen; Enter opens the list")
    assert 'role="status"' in chooser.told.value


def test_a_log_tells_what_is_used_and_how_to_set_it(kept: Kept) -> None:
    """Also a notebook that is read without its kernel."""
    chooser = Chooser(
        [
            kept.offered("project", Offer(_options("one")), "one"),
            kept.offered("network", Offer(_options("blue"), "the usual one")),
        ]
    )
    assert chooser.text() == (
        "project: the one (chosen)\nnetwork: the usual one\n"
        'set for a run without a person:\nproject: str = "one"\n-p project=one'
    )
