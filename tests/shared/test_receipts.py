"""The number on a request's slip, and the trays of a shelf."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sims_shared.requests import receipt_of, request_of, trays_of


@given(st.integers(1, 10**12), st.data())
def test_a_slip_leads_back_to_its_request_and_with_a_wrong_digit_to_none(
    id: int, data: st.DataObject
) -> None:
    receipt = receipt_of(id)
    assert request_of(receipt) == request_of(f"  {receipt.lower()} ") == id
    assert request_of(receipt.replace("-", "")) == id
    place = data.draw(st.sampled_from([at for at, sign in enumerate(receipt) if sign.isdigit()]))
    digit = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != receipt[place]]))
    assert request_of(receipt[:place] + digit + receipt[place + 1 :]) is None


def test_other_words_are_no_slip() -> None:
    for words in ("", "RQ", "RQ-000000-0", "Rafiq", "2024-CS-0001", "TR-2026-000123", "RQ-١٢٣-4"):
        assert request_of(words) is None


def test_trays_are_counted_as_they_stand_on_the_shelf() -> None:
    assert trays_of("A-1..A-3 B-08..10 window") == ["A-1", "A-2", "A-3", "B-08", "B-09", "B-10", "window"]
    assert trays_of("") == []
    for wrong in ("A-3..A-1", "A-1..B-9", "A-1 A-1", "A-0..A-99999", "x" * 21, "ے"):
        with pytest.raises(ValueError):
            trays_of(wrong)
