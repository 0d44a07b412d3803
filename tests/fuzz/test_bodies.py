"""Whole answers that are no answers: cut off, nested without end, of another protocol, empty."""

from __future__ import annotations

import pytest

from l2bridge_helpers import L2BridgeError
from tests.fuzz.tampered import TamperedLab
from tests.fuzz.whole import values_of

WORLDS = ("gce-small", "aws-small", "azure-small", "bare-metal-small")
BODIES = {
    "empty": b"",
    "cut off": b'{"kind": "NodeList", "items": [{"metadata": {"na',
    "a page": b"<!DOCTYPE html><html><body>Please sign in</body></html>",
    "null": b"null",
    "a list": b"[]",
    "an object": b"{}",
    "a number without end": b'{"items": ' + b"9" * 10_000 + b"}",
    "nested": b"[" * 100_000,
    "nested XML": b"<a>" * 3_000 + b"</a>" * 3_000,
    "entities": b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><r>&b;</r>',
    "no UTF-8": b'{"kind": "\xff\xfe"}',
    "BOM": b'\xef\xbb\xbf{"kind": "NodeList", "items": []}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("where", WORLDS)
def test_no_body_is_a_traceback(where: str, body: bytes, labs: dict[str, TamperedLab]) -> None:
    """Each answer of a run in turn: the run works without it, or ends in an error of ours that says what it is."""
    lab = labs[where]
    for answer in dict.fromkeys(place[0] for place in lab.known):
        lab.raw, lab.count = {answer: body}, 0
        try:
            values_of(lab)
        except L2BridgeError as err:
            assert len(str(err)) > 20  # noqa: PT017 - any other error is the failure
        finally:
            lab.raw = {}
    assert lab.writes == []
