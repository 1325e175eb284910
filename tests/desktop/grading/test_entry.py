"""What a person types into a cell."""

from decimal import Decimal

import pytest

from sims_desktop.grading.presenter.entry import BLANK, Mistake, Value, read_entry, shown, spoken

FORTY = Decimal(40)


@pytest.mark.parametrize(
    ("typed", "score"),
    [
        ("0", "0.00"),
        ("34", "34.00"),
        (" 34 ", "34.00"),
        ("34.5", "34.50"),
        ("34,25", "34.25"),
        (".5", "0.50"),
        ("7.", "7.00"),
        ("۳۴٫۵", "34.50"),
        ("٣٤", "34.00"),
        ("40.00", "40.00"),
        ("034", "34.00"),
        ("12.500", "12.50"),
    ],
)
def test_a_number_is_read_as_people_write_it(typed: str, score: str) -> None:
    assert read_entry(typed, FORTY) == Value("scored", Decimal(score))


@pytest.mark.parametrize(
    ("typed", "mark"),
    [
        ("a", "absent"),
        ("ABS", "absent"),
        ("Exc", "excused"),
        ("ufm", "ufm"),
        ("pend", "pending"),
        ("U", "ufm"),
    ],
)
def test_codes_and_their_aliases_are_marks(typed: str, mark: str) -> None:
    assert read_entry(typed, FORTY) == Value(mark, None)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("41", "More than the maximum of 40"),
        ("40,01", "More than the maximum of 40"),
        ("-3", "A mark cannot be below 0"),
        ("3.125", "At most two decimal places"),
        ("p", "Not a mark: type 0 to 40, or ABS, EXC, UFM, PEND"),
        ("1e1", "Not a mark: type 0 to 40, or ABS, EXC, UFM, PEND"),
        ("nan", "Not a mark: type 0 to 40, or ABS, EXC, UFM, PEND"),
        (".", "Not a mark: type 0 to 40, or ABS, EXC, UFM, PEND"),
        ("1,2,3", "Not a mark: type 0 to 40, or ABS, EXC, UFM, PEND"),
        ("३४", "Not a mark: type 0 to 40, or ABS, EXC, UFM, PEND"),
        ("9" * 30, "Not a mark: type 0 to 40, or ABS, EXC, UFM, PEND"),
    ],
)
def test_what_is_no_mark_keeps_its_text_and_says_why(typed: str, reason: str) -> None:
    assert read_entry(typed, FORTY) == Mistake(typed, reason)


def test_blank_zero_and_absent_are_three_things() -> None:
    blank, zero, absent = (read_entry(text, FORTY) for text in ("  ", "0", "A"))
    assert blank == BLANK
    assert len({blank, zero, absent}) == 3
    assert [shown(value) for value in (blank, zero, absent) if isinstance(value, Value)] == ["", "0", "ABS"]


def test_a_screen_reader_hears_the_mark_and_its_maximum() -> None:
    assert spoken(Value("scored", Decimal("72.50")), Decimal("100.00")) == "72.5 of 100"
    assert spoken(Value("absent", None), Decimal(100)) == "absent"
    assert spoken(BLANK, Decimal(100)) == "blank"
