"""The award list on paper: what the screen shows, in figures and in words, and whether it may be signed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pypdfium2
import pytest

from sims_desktop.grading.award_list import award_list, award_list_in_words
from sims_desktop.grading.presenter.grid import GridPresenter
from sims_desktop.kit import language
from sims_desktop.kit.number_words import in_words
from sims_desktop.kit.printing import print_html, printer_to_file
from tests.desktop.grading.sheets import MIDTERM, QUIZ, SECTION, wire_sheet
from tests.desktop.grading.shelves import LocalShelf

NOW = datetime(2026, 3, 6, 9, 41, tzinfo=UTC)
SCORES = {(1001, MIDTERM): "31.5", (1002, MIDTERM): "12", (1001, QUIZ): "7"}


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("0", "zero"),
        ("7", "seven"),
        ("19.50", "nineteen point five"),
        ("72.05", "seventy-two point zero five"),
        ("100", "one hundred"),
        ("1240", "one thousand two hundred forty"),
        ("1000001", "one million one"),
    ],
)
def test_marks_are_said_in_words(number: str, said: str) -> None:
    assert in_words(Decimal(number)) == said


def test_totals_and_words_on_paper_equal_the_screens(
    make_shelf: Callable[..., LocalShelf], tmp_path: Path, qapp: object
) -> None:
    shelf = make_shelf(wire_sheet(SCORES))
    grid = GridPresenter(shelf, SECTION)
    for page, name in (
        (award_list_in_words(grid, 0, NOW), "column"),
        (award_list(grid, NOW), "sheet"),
    ):
        printer = printer_to_file(tmp_path / f"{name}.pdf")
        print_html(page, printer)
    document = pypdfium2.PdfDocument(tmp_path / "column.pdf")
    try:
        text = " ".join(document[0].get_textpage().get_text_range().split())
    finally:
        document.close()
    for words in (
        "thirty-one point five",
        "twelve",
        "43.5",
        "forty-three point five",
        "2 scored",
        "2 missing",
    ):
        assert words in text
    spread = grid.distribution(0)
    assert f"{spread.total}".startswith("43.5")
    assert f"Digest {shelf.server.sheets[SECTION].digest}" in text
    assert f"Revision {grid.sheet.rev}" in text


def test_a_list_with_marks_of_this_computer_only_is_not_for_the_record(
    make_shelf: Callable[..., LocalShelf],
) -> None:
    grid = GridPresenter(make_shelf(wire_sheet(SCORES)), SECTION)
    grid.put_texts({(1005, MIDTERM): "9"}, "typing")
    for paper in (award_list(grid, NOW), award_list_in_words(grid, 0, NOW)):
        assert "Not for the record" in paper
        assert "1 mark of this list" in paper
        assert "Digest" not in paper


def test_the_paper_is_the_same_whatever_language_the_window_speaks(
    make_shelf: Callable[..., LocalShelf],
) -> None:
    grid = GridPresenter(make_shelf(wire_sheet(SCORES)), SECTION)
    english = award_list(grid, NOW), award_list_in_words(grid, 0, NOW)
    language.speak(language.URDU)
    try:
        assert grid.state_words not in english[0]
        assert (award_list(grid, NOW), award_list_in_words(grid, 0, NOW)) == english
    finally:
        language.speak(language.ENGLISH)
