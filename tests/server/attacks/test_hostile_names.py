"""A name is what the person is called, whatever it looks like: on paper and on the page it stays text."""

from __future__ import annotations

import pypdfium2

from tests.support.api import Api
from tests.support.university import University

NAME = "<script>alert(1)</script> & <b>x</b> ]]> {{7*7}}"


def test_a_name_of_markup_is_printed_as_it_is_and_runs_nowhere(api: Api, university: University) -> None:
    scene = university.stand(students=1)
    university.run("UPDATE student SET name = %(name)s", name=NAME)
    copy = api.as_("counter").get(f"/api/transcripts/{scene['students'][0]}/")
    assert copy.status == 200
    text = pypdfium2.PdfDocument(copy.content)[0].get_textpage().get_text_bounded()
    assert NAME in text
    token = university.row("SELECT token FROM unofficial_copy")
    page = api.anonymous.get(f"/V/{token}")
    assert page.status == 200
    assert b"<script" not in page.content
    assert b"<b>x" not in page.content
    assert b"&lt;script&gt;" in page.content
    assert "default-src 'none'" in page.headers["content-security-policy"]
