"""The marks certificate of an examination: which there are, a look at one, and its duplicate."""

from __future__ import annotations

from tests.support.api import Api
from tests.support.published import Record


def test_an_examination_is_chosen_seen_and_its_certificate_replaced_by_a_duplicate(
    api: Api, record: Record, keys: None
) -> None:
    counter = api.as_("counter")
    path = f"/api/transcripts/{record.student}/"
    newest, *others = counter.get(f"{path}examinations/").json["results"]
    assert others
    assert newest["serial"] is None
    drawn = counter.get(f"{path}?document=dmc&term_id={newest['term_id']}")
    assert (drawn.status, drawn.headers["content-type"]) == (200, "application/pdf")
    assert counter.get(f"{path}?document=dmc&term_id=999999").code == "transcripts.nothing_to_print"
    assert counter.get(f"{path}?document=degree").status == 400
    wanted = {"student_id": record.student, "document": "dmc", "term_id": newest["term_id"], "purpose": "job"}
    first = counter.post("/api/transcripts/issue/", wanted).json["serial"]
    listed = counter.get(f"{path}examinations/").json["results"]
    assert [one["serial"] for one in listed] == [first, *[None for _ in others]]
    second = counter.post("/api/transcripts/issue/", {**wanted, "kind": "duplicate"}).json["serial"]
    assert counter.get(f"/api/transcripts/issued/{first}/").json["status"] == "superseded"
    assert counter.get(f"{path}examinations/").json["results"][0]["serial"] == second
    assert api.as_("head").get(f"{path}examinations/").status == 403
