"""G42: what another system recorded prints as it was recorded, and what the regulation makes of it is listed.

And that no case of the policies is without a test through the API.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from sims_server.transcripts.operations.keys import manage_keys
from tests.server.imports.test_old_results import bring
from tests.server.transcripts.conftest import data  # noqa: F401  a folder of this test's own keys
from tests.support.api import Api
from tests.support.policies import S1, document
from tests.support.university import University

# Every case of the policies, by its number; beside each the rule that it is about.
CASES = """
G01 ceil  G02 half-up  G03 no rounding  G04 basis marks  G05 best of  G06 blank, absent, excused, zero
G07 shown and computed  G08 heads  G08b heads without grades  G10 segments  G11 distinction
G13 grace  G14 grace, all or nothing  G16 grace for the division  G18 a table of points
G20 two intakes  G21 versions  G23 relative  G23b frozen cut-offs  G25 an F counts
G26 symbols  G27 incompletes  G28 repeats  G28c repeats in detail  G29 without points
G31 averages of averages  G32 the mode  G34 empty terms  G36 second sittings  G36c the annual system
G37 a recheck that falls  G38 attendance  G39 merit  G40 divisions  G42 recorded averages
"""
NUMBERS = re.findall(r"G\d\d[a-z]?", CASES)
TESTS = Path(__file__).parents[1]

# Six courses of 3.00 and one of 2.00, three credits each: 60 points over 21 credits are 2.857…, that is 2.86.
GRADES = [("B", "3.00", 71)] * 6 + [("C", "2.00", 58)]
FILE = "reg_no,term,course_code,course_title,credits,grade,grade_points,total,outcome,sgpa,cgpa\n" + "".join(
    f"2024-CS-0001,Fall 2022,OLD-{number},Old Course {number},3,{grade},{points},{total},pass,"
    + ("2.86,2.87\n" if number == len(GRADES) else ",\n")
    for number, (grade, points, total) in enumerate(GRADES, 1)
)


@pytest.fixture
def scene(api: Api, university: University) -> dict[str, Any]:
    scene = university.stand(students=1, policy=document(S1, pass_={"total_min": "50"}))
    university.term(
        "Fall 2022", start_date="2022-09-01", end_date="2023-01-31", status="closed",
        enroll_until=None, drop_until=None, withdraw_until=None, marks_due=None,
    )  # fmt: skip
    for number in range(1, len(GRADES) + 1):
        university.course(scene["department"], f"OLD-{number}")
    return scene


def test_g42_a_recorded_cgpa_prints_as_recorded_and_is_listed_as_a_difference(
    api: Api,
    scene: dict[str, Any],
    university: University,
    data: Path,  # noqa: F811
) -> None:
    view = bring(api, FILE)
    listed = api.as_("examcell").get(view["differences"]).json["results"]
    assert [(row["reg_no"], row["figure"], row["recorded"], row["recomputed"]) for row in listed] == [
        ("2024-CS-0001", "cgpa", "2.87", "2.86")
    ]
    (student,) = scene["students"]
    assert api.as_("registrar").get(f"/api/students/{student}/").json["cgpa"] == "2.87"
    terms = api.as_("student").get("/api/term-results/").json["results"]
    assert [(row["sgpa"], row["cgpa"]) for row in terms] == [("2.86", "2.87")]

    manage_keys(api.database, data, "make")
    wanted = {"student_id": student, "document": "transcript", "purpose": "visa"}
    issued = api.as_("registrar").post("/api/transcripts/issue/", wanted)
    assert issued.status == 201, issued.content
    token = issued.json["verify_url"].rpartition("/")[2]
    assert api.anonymous.get(f"/api/transcripts/verify/{token}/").json["cgpa"] == "2.87"
    paper = api.as_("registrar").get(f"/api/transcripts/issued/{issued.json['serial']}/pdf/").content
    pages = pypdfium2.PdfDocument(paper)
    printed = " ".join(page.get_textpage().get_text_range() for page in pages)
    pages.close()
    assert "2.87" in printed
    assert "as recorded" in printed
    content = university.row("SELECT content::text FROM issued_document")
    assert '"2.87"' in content
    # As a number of its own: the seconds of a time of day may hold these digits too.
    assert not re.search(r"(?<![\d:])2\.86(?!\d)", re.sub(r'"sgpa": *"2.86"', "", content))
    assert "as recorded" in content


def cases_named(folder: Path) -> set[str]:
    """The cases whose number stands in the name of a test, or in its docstring."""
    named: set[str] = set()
    for path in folder.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                if number := re.match(r"test_(g\d\d[a-z]?)_", node.name):
                    named.add(number[1].replace("g", "G", 1))
                named |= set(re.findall(r"\bG\d\d[a-z]?\b", ast.get_docstring(node) or ""))
    return named


def test_every_case_of_the_policies_has_a_test_through_the_api() -> None:
    """Add `test_g<number>_…` under tests/server, over the API, for a case that is new."""
    assert len(NUMBERS) == len(set(NUMBERS)) == 35
    assert set(NUMBERS) - cases_named(TESTS) == set()
    assert cases_named(TESTS) - set(NUMBERS) == set(), "cases that the list does not name"
