"""Blocks of cells on the clipboard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sims_desktop.grading.presenter.blocks import read_block, write_block


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", []),
        ("34", [["34"]]),
        ("34\n", [["34"]]),
        ("1\t2\r\n3\t4\r\n", [["1", "2"], ["3", "4"]]),
        ("1\t\n\t4", [["1", ""], ["", "4"]]),
        ("1\n\n3\n", [["1"], [""], ["3"]]),
        ("1\t", [["1", ""]]),
        ('"Khan\tAyesha"\t34\n', [["Khan\tAyesha", "34"]]),
        ('"two\nlines"\t5', [["two\nlines", "5"]]),
        ('"says ""hello"""\t5', [['says "hello"', "5"]]),
        ('"not closed\t5', [['"not closed', "5"]]),
        ('"closed"early\t5', [['"closed"early', "5"]]),
        ("a\rb", [["a"], ["b"]]),
    ],
)
def test_a_block_is_read_as_spreadsheets_write_it(text: str, rows: list[list[str]]) -> None:
    assert read_block(text) == rows


@given(
    st.lists(
        st.lists(st.text(alphabet='ab1\t\n\r" ', max_size=6), min_size=1, max_size=4), min_size=1, max_size=5
    )
)
def test_what_was_copied_is_pasted_unchanged(rows: list[list[str]]) -> None:
    assert read_block(write_block(rows)) == rows
