"""What a search finds: what a plain comparison of each word with the whole text finds, however it is found.

Numbers are looked up by their endings and names by their trigrams; neither may find more or less.
"""

from __future__ import annotations

import random
from typing import Any

import psycopg
import pytest

from sims_server.kernel.paging import _is_number, read_page
from sims_server.kernel.work import Work
from sims_server.people.queries import REGISTRATIONS, STUDENTS
from tests.support.api import Api
from tests.support.database import TestDatabase, server_connection
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


def test_wherever_a_number_stands_in_a_text_an_ending_begins_with_it(database_url: TestDatabase) -> None:
    dice = random.Random(20)
    texts: list[str] = []
    words: list[str] = []
    while len(words) < 3000:
        text = "".join(dice.choices("00001112-/.ab _%\\\nپ", k=dice.randrange(5, 40)))
        start = dice.randrange(len(text))
        word = text[start : start + dice.randrange(3, 20)]
        if _is_number(word):
            texts.append(text)
            words.append(word)
    begins = (
        "EXISTS (SELECT FROM number_endings({}) AS e (ending) "
        'WHERE ending COLLATE "C" >= word AND ending COLLATE "C" < word || \'~\')'
    )
    with psycopg.connect(database_url.owner_url) as owner:
        found = owner.execute(
            f"SELECT count(*), count(*) FILTER (WHERE NOT {begins.format('text')}), "
            f"count(*) FILTER (WHERE {begins.format('other')} <> (strpos(other, word) > 0)) "
            "FROM unnest(%s::text[], %s::text[], %s::text[]) AS u (text, other, word)",
            (texts, [*texts[1:], texts[0]], words),
        ).fetchone()
    assert found == (3000, 0, 0)


LISTED = (
    "SELECT count(*) FROM ((SELECT ending, student_id FROM student_number EXCEPT "
    "SELECT number_endings(search_text), id FROM student) UNION ALL "
    "(SELECT number_endings(search_text), id FROM student EXCEPT "
    "SELECT ending, student_id FROM student_number)) wrong"
)


def test_the_listed_endings_are_those_of_the_numbers_whoever_writes_them(
    university: University, place: dict[str, Any], database_url: TestDatabase
) -> None:
    with psycopg.connect(database_url.owner_url, autocommit=True) as owner:

        def wrong() -> int:
            found = owner.execute(LISTED).fetchone()
            assert found is not None
            return int(found[0])

        assert owner.execute("SELECT count(*) > 0 FROM student_number").fetchone() == (True,)
        made = owner.execute(
            "INSERT INTO student (name, phone) SELECT 'Many ' || n, '0345-' || 1000000 + n % 5 "
            "FROM generate_series(1, 20) n RETURNING id"
        ).fetchall()
        ids = [id for (id,) in made]
        assert wrong() == 0
        owner.execute("UPDATE student SET phone = phone || '9' WHERE id = ANY (%s)", (ids[:7],))
        owner.execute("UPDATE student SET phone = NULL, address = 'moved' WHERE id = ANY (%s)", (ids[7:9],))
        owner.execute("UPDATE registration SET reg_no = reg_no || '-77001'")
        assert wrong() == 0
        owner.execute("DELETE FROM student WHERE id = ANY (%s)", (ids[5:],))
        assert wrong() == 0
        left = owner.execute("SELECT count(*) FROM student_number WHERE student_id = ANY (%s)", (ids[5:],))
        assert left.fetchone() == (0,)


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


def test_a_students_role_reads_no_list_of_numbers(place: dict[str, Any], database_url: TestDatabase) -> None:
    with server_connection(database_url.app_url) as connection:
        connection.execute("SELECT set_config('sims.student', %s, true)", (str(place["students"][0]),))
        connection.execute("SET LOCAL ROLE sims_student")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT student_id FROM student_number")


def test_nobody_but_the_triggers_writes_the_list_of_numbers(database_url: TestDatabase) -> None:
    for attempt in (
        "INSERT INTO student_number (ending, student_id) VALUES ('12345', 1)",
        "DELETE FROM student_number",
        "UPDATE student_number SET student_id = 1",
    ):
        with (
            server_connection(database_url.app_url) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(attempt)
