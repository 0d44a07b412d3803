"""The README's pictures are what a run draws."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.readme_pictures import FOLDER, pictures, told

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", ["topology.svg", "matrix.svg"])
def test_a_picture_in_the_readme_is_drawn_anew_to_the_byte(name: str) -> None:
    """`make outputs` makes it anew; the README shows it, with a text for those who cannot see it."""
    assert (ROOT / FOLDER / name).read_text(encoding="utf-8") == pictures()[name]
    line = next(
        line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if f"({FOLDER}/{name})" in line
    )
    assert line.startswith("![")
    assert len(line.partition("]")[0]) > 40


def test_the_table_in_the_readme_is_what_a_run_says() -> None:
    """To the letter."""
    assert f"```\n{told()}\n```" in (ROOT / "README.md").read_text(encoding="utf-8")
