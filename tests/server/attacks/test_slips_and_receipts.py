"""What somebody wrote into the record to stop everybody's slips, or to have a slip say what is not so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.examinations.conftest import notify, paper, room, scene  # noqa: F401
from tests.server.examinations.test_slips import code_of, printed
from tests.support.api import Api
from tests.support.university import University

NO_FACE_HAS_IT = "\U00010600"


def test_one_students_many_papers_stop_nobodys_slip(
    api: Api,
    scene: dict[str, Any],  # noqa: F811
) -> None:
    """More than any symbol holds: whoever made the file for all had none."""
    halls = [{"room_id": room(api, "H" * 200)}]
    for number in range(25):
        paper(api, scene["section"], 20 + number, "09:00", halls, part=f"{number} {'x' * 30}")
    pdf = api.as_("student").get(f"/api/students/{scene['students'][0]}/exam-slip/pdf/")
    assert pdf.status == 200
    said = code_of(pdf.content)
    assert "0 XXX" in said
    assert " MORE / AS OF " in said
    assert printed(api, term_id=scene["term"])[1]["done"] == 2


@pytest.mark.parametrize("where", ["barred", "roll_no", "institution"])
def test_a_letter_that_no_face_has_is_told_and_stops_no_other_slip(
    where: str,
    api: Api,
    scene: dict[str, Any],  # noqa: F811
    university: University,
) -> None:
    paper(api, scene["section"], 20, "09:00")
    paper(api, scene["second"], 21, "09:00")
    notify(api, scene["second"])
    if where == "barred":
        university.run(
            "UPDATE section SET code = %(c)s WHERE id = %(id)s", c=NO_FACE_HAS_IT, id=scene["section"]
        )
    elif where == "roll_no":
        university.run(
            "UPDATE registration SET roll_no = %(c)s WHERE id = %(id)s",
            c=NO_FACE_HAS_IT,
            id=scene["registrations"][2],
        )
    else:
        university.setting("institution_native", NO_FACE_HAS_IT)
        api.database.forget_settings()
    answer = api.as_("registrar").get(f"/api/students/{scene['students'][2]}/exam-slip/pdf/")
    assert (answer.status, answer.code) == (409, "examinations.slip_unprintable")
    if where == "roll_no":
        result = printed(api, term_id=scene["term"])[1]
        assert (result["done"], [one["code"] for one in result["failed"]]) == (
            2,
            ["examinations.slip_unprintable"],
        )
