"""Row-level security, table by table as the database lists them: one student's rows, and with nothing
set none."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.server.matrix.scene import Scene, build
from tests.server.transcripts.conftest import data  # noqa: F401  a folder of this test's own keys
from tests.support.api import Api
from tests.support.database import TestDatabase, server_connection
from tests.support.university import University

# What everybody may know: the catalog, who teaches, the kinds of things. No row of it is a student's.
OF_EVERYBODY = {
    "account", "assessment", "course", "course_equivalent", "course_prerequisite", "curriculum_course",
    "day_off", "department", "exam_room", "hold_kind", "notification_of_result", "offering", "program",
    "regulation", "request_type", "section", "section_staff", "setting", "system", "term",
}  # fmt: skip
# Whose row it is, by the column a table has: the first that stands there.
OWNERS = {
    "student_id": "SELECT {}",
    "registration_id": "SELECT student_id FROM registration WHERE id = {}",
    "enrollment_id": "SELECT student_id FROM enrollment WHERE id = {}",
    "result_id": "SELECT student_id FROM result WHERE id = {}",
    "lapse_id": "SELECT r.student_id FROM result_lapse l JOIN result r ON r.id = l.result_id WHERE l.id = {}",
    "asked_by_student": "SELECT {}",
    "case_id": "SELECT asked_by_student FROM academic_case WHERE id = {}",
}
# Rows of a class, or content named by its hash: whoever sees one stands in the class, or sees its case.
_OF_CLASS = "SELECT count(*) FROM enrollment WHERE section_id = %(value)s AND student_id = %(me)s"
SHARED = {
    "class_session": _OF_CLASS,
    "eligibility_list": _OF_CLASS,
    "exam_paper": _OF_CLASS,
    "exam_seating": "SELECT count(*) FROM exam_paper p JOIN enrollment e ON e.section_id = p.section_id "
    "WHERE p.id = %(value)s AND e.student_id = %(me)s",
    "evidence_file": "SELECT count(*) FROM case_evidence e JOIN academic_case c ON c.id = e.case_id "
    "WHERE e.sha256 = %(value)s AND c.asked_by_student = %(me)s",
    "academic_case": "SELECT count(*) FROM academic_case c "
    "LEFT JOIN registration r ON r.id = c.registration_id "
    "WHERE c.id = %(value)s AND coalesce(c.asked_by_student, r.student_id) = %(me)s",
}
KEYS = {"exam_seating": "paper_id", "academic_case": "id", "student": "id", "evidence_file": "sha256"}
MUST_SHOW = {
    "student", "registration", "hold", "enrollment", "assessment_score", "result", "term_result", "request",
}  # fmt: skip


@pytest.fixture
def scene(api: Api, university: University, data: Path) -> Scene:  # noqa: F811
    return build(api, university, data)


def open_tables(owner: psycopg.Connection[tuple[object, ...]]) -> dict[str, bool]:
    """Tables of which a student's role may read something, and whether rows are guarded."""
    found = owner.execute(
        """SELECT c.relname, c.relrowsecurity OR c.relkind = 'v'
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm')
              AND has_any_column_privilege('sims_student', c.oid, 'SELECT') ORDER BY 1"""
    ).fetchall()
    return {str(name): bool(guarded) for name, guarded in found}


def test_with_nothing_set_a_students_role_sees_no_row(scene: Scene, database_url: TestDatabase) -> None:
    with psycopg.connect(database_url.owner_url) as owner:
        tables = open_tables(owner)
    unguarded = {name for name, guarded in tables.items() if not guarded} - OF_EVERYBODY
    assert unguarded == set(), "a student's role reads these whole: guard their rows, or say why here"
    with server_connection(database_url.app_url) as connection:
        connection.execute("SET LOCAL ROLE sims_student")
        for name in (name for name, guarded in tables.items() if guarded):
            seen = connection.execute(f"SELECT count(*) FROM (SELECT FROM {name}) x").fetchone()
            assert seen == (0,), f"{name} shows rows to nobody"


def test_a_student_sees_that_students_rows_and_no_others(
    scene: Scene, university: University, database_url: TestDatabase
) -> None:
    with psycopg.connect(database_url.owner_url, autocommit=True) as owner:
        tables = [name for name, guarded in open_tables(owner).items() if guarded]
        columns = {
            name: {
                str(row[0])
                for row in owner.execute(
                    "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0",
                    (name,),
                )
            }
            for name in tables
        }
    shown = set()
    for which in ("mine", "near", "far"):
        me = scene.ids["student"][which]
        for name in tables:
            column = KEYS.get(name) or ("section_id" if name in SHARED else "")
            column = column or next((c for c in OWNERS if c in columns[name]), "")
            assert column, f"{name}: say here how its rows name their student"
            with server_connection(database_url.app_url) as connection:
                connection.execute("SELECT set_config('sims.student', %s, true)", (str(me),))
                connection.execute("SET LOCAL ROLE sims_student")
                seen = [r[0] for r in connection.execute(f"SELECT {column} FROM {name}").fetchall()]
            for value in set(seen):
                if name in SHARED:
                    assert university.row(SHARED[name], value=value, me=me), f"{name} shows {value} to {me}"
                else:
                    whose = OWNERS.get(column, "SELECT {}").format("%(value)s::bigint")
                    assert university.row(whose, value=value) == me, f"{name} shows another's row to {me}"
            if seen:
                shown.add(name)
    assert shown >= MUST_SHOW, f"nothing was there to be seen in {MUST_SHOW - shown}"
