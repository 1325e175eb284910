"""What the head's words name on a returned sheet, as F7 goes through it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sims_desktop.grading.presenter.flags import named_cells
from sims_desktop.grading.presenter.sheet import Column, Row

ROWS = (
    Row(1, "2020-XU-BSCS-0417", "Ayesha Khan"),
    Row(2, "2020-XU-BSCS-0418", "Bilal Ahmed"),
    Row(3, "2021-XU-BSCS-0017", "Chen Wei"),
    Row(4, "2021-XU-BSCS-0418", "Esra Yılmaz"),
)
COLUMNS = (
    Column(7, "Quiz", Decimal(10), Decimal(20)),
    Column(8, "Midterm", Decimal(40), Decimal(30), closed="locked"),
    Column(9, "Final", Decimal(100), Decimal(50)),
)


@pytest.mark.parametrize(
    ("because", "cells"),
    [
        ("Midterm of 417 and 17 not added up", [(0, 1), (2, 1)]),
        ("0417: Quiz and Final", [(0, 0), (0, 2)]),
        ("2021-XU-BSCS-0418 has no script", [(3, 0)]),
        ("418 is wrong", []),  # two of them
        ("Page 7 of the Quiz", []),
        ("Quiz of 417; midterm of 17 and 0417", [(0, 0), (0, 1), (2, 1)]),
        ("417 not added up; final of 17", [(0, 2), (2, 2)]),  # the first goes by the whole
        ("Please look again", []),
    ],
)
def test_numbers_and_assessments_are_found_in_the_words(because: str, cells: list[tuple[int, int]]) -> None:
    assert named_cells(because, ROWS, COLUMNS) == cells
