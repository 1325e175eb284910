"""What a course, a grade or a term may be called does nothing in a workbook that is taken along."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from sims_desktop.reports.figures import Line, Table
from sims_desktop.reports.paper import page_of, workbook_of

WORDS = ("=1+1", "http://evil.example/x", r"external:\\evil\x.exe", "{=1}", "mailto:a@evil.example")
TABLE = Table(
    columns=("Code", *WORDS),
    numbers=(False, True, True, True, False, False),
    lines=(Line(1, "=1", ("=HYPERLINK(1)", "@x", "+1", "-1", "\x07", "http://evil.example"), (1, 2)),),
    total=Line(0, "", ("", 1, Decimal(2), 3, "", ""), (1, 2)),
    bars=WORDS[:2],
    more=False,
)


@pytest.mark.parametrize("title", ["Grades", "'", "?*:[]", "𝒜" * 40, "History · " * 9])
def test_names_like_formulas_and_addresses_stay_words(title: str) -> None:
    assert TABLE.total is not None
    made = workbook_of(title, "=1+1", TABLE, [*TABLE.lines, TABLE.total], datetime.now(UTC))

    with zipfile.ZipFile(io.BytesIO(made)) as book:
        page = book.read("xl/worksheets/sheet1.xml").decode()
        linked = book.read("xl/worksheets/_rels/sheet1.xml.rels").decode()
        names = re.findall(r'<sheet name="([^"]*)"', book.read("xl/workbook.xml").decode())
        assert all(word in book.read("xl/sharedStrings.xml").decode() for word in WORDS)
    assert "<f>" not in page
    assert "hyperlink" not in page
    assert "evil" not in linked
    assert len(names) == 1
    assert 0 < len(names[0].encode("utf-16-le")) <= 62


def test_a_printed_page_shows_a_tag_as_it_is_written() -> None:
    page = page_of("<b>x", "<img src=//evil>", TABLE, list(TABLE.lines), "", datetime.now(UTC))

    assert "&lt;b&gt;x" in page
    assert "<img" not in page
