"""What a search finds: what a plain comparison of each word with the whole text finds, however it is found.

Numbers are looked up by their parts and names by their trigrams; neither may find more or less.
"""

from __future__ import annotations

import random
from typing import Any

import psycopg
import pytest

from sims_server.kernel.paging import read_page
from sims_server.kernel.work import Work
from sims_server.people.queries import REGISTRATIONS, STUDENTS
from tests.support.api import Api
from tests.support.database import TestDatabase
from tests.support.university import University

# Registration numbers and telephones as universities and people write them; many begin alike.
PEOPLE = [
    ("Zoë Müller", "زوئی ملر", "0300-1234567", "2024-CS-0017"),
    ("Ayesha Khan", "عائشہ خان", "+92 300 1234567", "2024-CS-0018"),
    ("Ayesha Khan", "عائشہ خان", "03001234567", "2024-CS-0117"),
    ("Łukasz Nowak", None, "0300 123 45 67", "FA20-BCS-001"),
    ("Ali 007 Raza", "علی رضا", "12345", "FA20-BCS-0011"),
    ("O'Brien, Mary", None, "0092.300.7654321", "21/SE/0456"),
    ("100% Sure", "٪", "00000000000", "19BCS1234"),
    ("Under_Score", "محمد حسن", "0_12345", "2024_CS_0017"),
    ("Back\\Slash", "صدیقہ", "\\12345", "B.12.34.56"),
    ("Ünal Çelik", "۰۳۰۰۱۲۳۴۵۶۷", "۰۳۰۰۱۲۳۴۵۶۷", "L-2019-EE-112233"),
    ("Half ½ Price", None, "1½234567", "00000"),
    ("Wide １２３４５", None, "１２３４５６７", "000000"),
    ("Hassan", "فاطمہ", None, "2024-CS-1700-17"),
    ("Hassan", None, None, "x12345y12345z"),
]
BESIDE = [
    *("a", "%", "_", "\\", "%%", "12%45", "12345%", "0_12345", "\\12345", "1_3", "½", "1½234", "１２３４５"),
    *("khan ayesha", "khan 0018", "khan 2024-CS-0018", "2024-CS-0018 khan", "0300 1234567", "+92 300", "٪"),
    *("MÜLLER", "muller", "زوئی", "محمد حسن", "حسن محمد", "۰۳۰۰۱", "nobody", "99999", "2024-CS-9999"),
    *("2024", "2024-", "2024-C", "2024-CS-0", "2024-cs-00", "s-001", "7-fa20", "12345 12345", "1234512345"),
]


@pytest.fixture
def place(university: University) -> dict[str, Any]:
    scene = university.stand(students=2)
    for name, native, phone, reg_no in PEOPLE:
        student = university.student(name, name_native=native, phone=phone)
        university.registration(student, scene["program"], scene["regulation"], reg_no)
    return scene


def _questions() -> list[str]:
    """Every beginning, end and middle of every number, and what stands beside."""
    found = dict.fromkeys(BESIDE)
    for _, _, phone, reg_no in PEOPLE:
        for number in filter(None, (phone, reg_no)):
            pieces = [
                number[start:end] for start in range(len(number)) for end in range(start + 3, len(number) + 1)
            ]
            found |= dict.fromkeys(pieces)
    return list(found)


def test_a_search_finds_what_a_plain_comparison_finds(
    api: Api, university: University, place: dict[str, Any]
) -> None:
    questions = _questions()
    assert len(questions) > 500

    def ask(work: Work, _: None) -> None:
        for question in questions:
            escaped = question.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            plain = work.rows(
                "SELECT id FROM student WHERE (SELECT bool_and(search_text ILIKE folded(pattern)) "
                "FROM unnest(%(patterns)s::text[]) pattern) ORDER BY id",
                patterns=[f"%{word}%" for word in escaped.split()],
            )
            for listing, key in ((STUDENTS, "id"), (REGISTRATIONS, "student_id")):
                page = read_page(work, listing, {"search": [question], "page_size": ["200"]}, "/")
                assert [getattr(row, key) for row in page["results"]] == [row["id"] for row in plain], (
                    question
                )

    api.run(ask, None)


def test_what_like_finds_has_every_part_of_the_pattern(university: University) -> None:
    """For any pattern, with wildcards and escapes where they please."""
    dice = random.Random(20)
    texts = ["".join(dice.choices("00001112-/.ab _%\\\nپ", k=dice.randrange(5, 40))) for _ in range(3000)]
    patterns = []
    for text in texts:
        start = dice.randrange(len(text))
        piece = text[start : start + dice.randrange(3, 20)]
        if dice.random() < 0.5:
            piece = piece.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        # A backslash at the end would escape nothing, which LIKE refuses.
        patterns.append(f"%{piece.rstrip(chr(92))}%")
    counted = university.rows(
        "SELECT count(*) AS found, count(*) FILTER (WHERE number_parts(pattern) <> '{}') AS with_parts, "
        "count(*) FILTER (WHERE NOT number_parts(text) @> number_parts(pattern)) AS missed "
        "FROM unnest(%(texts)s::text[], %(patterns)s::text[]) AS u (text, pattern) WHERE text LIKE pattern",
        texts=texts,
        patterns=patterns,
    )[0]
    assert counted["missed"] == 0
    assert counted["found"] > 2000
    assert counted["with_parts"] > 300


def test_a_changed_number_is_found_and_the_old_one_is_not(
    api: Api, university: University, place: dict[str, Any]
) -> None:
    registrar = api.as_("registrar")
    id = place["students"][0]
    registrar.patch(f"/api/students/{id}/", {"phone": "0321-5550001"})
    registrar.patch(f"/api/students/{id}/", {"phone": "0321-5550002"})
    university.run("UPDATE registration SET reg_no = '2031-XX-7001' WHERE student_id = %(id)s", id=id)

    def found(search: str) -> list[int]:
        return [
            row["id"] for row in registrar.get("/api/students/", params={"search": search}).json["results"]
        ]

    assert found("0321-5550001") == []
    assert found("0321-5550002") == found("5550002") == found("2031-XX-7001") == found("XX-7001") == [id]


def test_a_students_role_reads_the_own_parts_of_numbers_and_no_others(
    place: dict[str, Any], database_url: TestDatabase
) -> None:
    me = place["students"][0]
    with psycopg.connect(database_url.app_url) as connection:
        connection.execute("SELECT set_config('sims.student', %s, true)", (str(me),))
        connection.execute("SET LOCAL ROLE sims_student")
        found = connection.execute("SELECT id FROM student WHERE number_parts IS NOT NULL").fetchall()
        assert found == [(me,)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT number_parts FROM student_search")
