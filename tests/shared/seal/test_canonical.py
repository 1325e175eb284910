"""One spelling for one content."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sims_shared.seal.canonical import NotCanonical, canonical, read_canonical

trees = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


def test_the_example_of_rfc_8785_is_spelled_as_the_rfc_spells_it():
    content = {
        "€": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "😀": "Emoji: Grinning Face",
        "\x80": "Control",
        "ö": "Latin Small Letter O With Diaeresis",
    }
    assert canonical(content).decode() == (
        '{"\\r":"Carriage Return","1":"One","\x80":"Control","ö":"Latin Small Letter O With Diaeresis",'
        '"€":"Euro Sign","😀":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}'
    )


def test_control_characters_have_the_short_escapes():
    assert canonical('\b\t\n\f\r"\\\x0f/') == b'"\\b\\t\\n\\f\\r\\"\\\\\\u000f/"'


@given(trees)
def test_reading_gives_back_what_was_spelled(tree):
    assert read_canonical(canonical(tree)) == tree


@pytest.mark.parametrize("value", [1.5, float("nan"), 2**53, "\ud800", {1: "a"}, {"a": object()}])
def test_what_has_no_spelling_is_refused(value):
    with pytest.raises(NotCanonical):
        canonical(value)


@pytest.mark.parametrize(
    "data",
    [b'{"a": 1}', b'{"b":1,"a":2}', b'{"a":1,"a":1}', b'"\\u0041"', b"1.0", b"[1,]", b"\xff", b"[" * 5000],
)
def test_another_spelling_is_refused(data):
    with pytest.raises(NotCanonical):
        read_canonical(data)
