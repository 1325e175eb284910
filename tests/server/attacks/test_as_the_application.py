"""What the application's own database role cannot do by hand, once a section is published.

One scene for the module: every attack rolls back or is stopped. Each names the constraint that stops it.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from sims_server.access.operations import ship_roles
from sims_server.kernel.execute import execute_as_system
from tests.server.results.scene import approve, fill, publish, results
from tests.support.api import Api
from tests.support.database import TestDatabase, server_connection, server_database
from tests.support.university import University
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def scene(application: TestClient[Litestar], module_database_url: TestDatabase) -> Iterator[dict[str, Any]]:
    """A published section, a draft in a second, a submitted sheet, an open one with its marks in."""
    database = server_database(module_database_url.app_url)
    application.app.state.database = database
    data = application.app.state.data
    execute_as_system(database, ship_roles, None, action="roles.ship", data=data)
    yield _stand(Api(application, database, data), University(database), module_database_url)
    database.close()


def _stand(api: Api, university: University, database: TestDatabase) -> dict[str, Any]:
    place = university.stand(students=2)
    fill(university, place)
    approve(api, place["section"])
    publish(api, place["section"])
    (published, other) = results(api, place["section"])
    sections = {}
    for name in ("drafted", "raced", "submitted", "open"):
        section = university.section(
            university.course(place["department"]), place["term"], "A", 10, (place["faculty"],)
        )
        enrollment = university.enrollment(place["registrations"][0], section)
        university.score(enrollment, university.assessment(section), 70)
        sections[name] = section
        sections[f"{name}_row"] = enrollment
    approve(api, sections["drafted"])
    approve(api, sections["raced"])
    teacher = api.as_("faculty")
    rev = teacher.get(f"/api/sheets/{sections['submitted']}/").json["rev"]
    assert teacher.post(f"/api/sheets/{sections['submitted']}/submit/", {"rev": rev}).status == 200
    (draft,) = results(api, sections["drafted"])
    (raced,) = results(api, sections["raced"])
    elsewhere = university.term("Another term")
    notification = university.insert(
        "notification_of_result", number="X-1", date="2026-11-23", kind="main", term_id=elsewhere, scope={},
        counts={}, content="{}", sha256="0" * 64,
    )  # fmt: skip
    return {
        **{name: value for name, value in place.items() if isinstance(value, int)},
        **sections,
        "url": database.app_url,
        "enrollment": place["enrollments"][0],
        "result": published["id"],
        "other_result": other["id"],
        "draft": draft["id"],
        "raced_draft": raced["id"],
        "notification": published["notification_id"],
        "foreign_notification": notification,
    }


PUBLISH = (
    "UPDATE result SET state = 'published', published_at = now(), published_by = %(registrar)s, "
    "notification_id = %(notification)s"
)
REQUEST = (
    "INSERT INTO pending_change (result_id, old_grade, new_grade, old_total, new_total, new_values, "
    "base_version, by_marks, reason, requested_by) "
    "SELECT id, {grade}, 'A', {total}, total::text, jsonb_build_object('outcome', 'pass', "
    "'grade_points', '4.00', 'marks_obtained', marks_obtained), {version}, false, 'x', %(examcell)s "
    "FROM result WHERE id = %(result)s"
)
ASKED = REQUEST.format(grade="grade", total="total::text", version="version")
APPROVED = (
    ASKED,
    (
        "INSERT INTO change_approval (change_id, stage, approver_id, requester_id, capacity, approved) "
        "SELECT max(id), 1, %(head)s, %(examcell)s, 'head', true "
        "FROM pending_change, set_config('sims.actor', %(head)s::text, true)"
    ),
    (
        "INSERT INTO change_approval (change_id, stage, approver_id, requester_id, capacity, approved) "
        "SELECT max(id), 2, %(registrar)s, %(examcell)s, 'registrar', true "
        "FROM pending_change, set_config('sims.actor', %(registrar)s::text, true)"
    ),
    "UPDATE pending_change SET status = 'approved', resolved_at = now() WHERE status = 'pending'",
)
APPLY = (
    "UPDATE result SET grade = 'A', grade_points = 4, outcome = 'pass', "
    "change_request_id = (SELECT max(id) FROM pending_change){more} WHERE id = %(result)s"
)
ATTACKS: dict[str, tuple[str, str | tuple[str, ...]]] = {
    "a maximum that is no number lets every score pass": (
        "ck_assessment_max_score",
        "UPDATE assessment SET max_score = 'NaN' WHERE section_id = %(open)s",
    ),
    "credits that are no number": ("ck_course_credits", "UPDATE course SET credits = 'NaN'"),
    "a total that is no number": (
        "ck_result_total_has_six_places",
        "UPDATE result SET total = 'NaN' WHERE id = %(draft)s",
    ),
    "a total without end": (
        "ck_result_total_has_six_places",
        "UPDATE result SET total = 'Infinity' WHERE id = %(draft)s",
    ),
    "a CGPA by hand": ("ck_registration_cgpa_was_declared", "UPDATE registration SET cgpa = 4"),
    "earned credits by hand": (
        "ck_registration_cgpa_was_declared",
        "UPDATE registration SET credits_earned = 200",
    ),
    "a registration that begins with a CGPA": (
        "ck_registration_cgpa_was_declared",
        (
            "INSERT INTO registration (student_id, program_id, regulation_id, reg_no, intake, admitted_on, "
            "is_current, cgpa) SELECT student_id, program_id, regulation_id, 'X', intake, admitted_on, "
            "false, 4 FROM registration LIMIT 1"
        ),
    ),
    "a declared term rewritten": (
        "ck_term_result_declared_by_notification",
        "UPDATE term_result SET sgpa = 4, cgpa = 4",
    ),
    "a percentage slipped in while publishing": (
        "ck_result_publish_changes_only_state",
        f"{PUBLISH}, percentage = 99 WHERE id = %(draft)s",
    ),
    "flags slipped in while publishing": (
        "ck_result_publish_changes_only_state",
        f"{PUBLISH}, flags = '{{grace}}' WHERE id = %(draft)s",
    ),
    "what blocks a draft wiped while publishing": (
        "ck_result_publish_changes_only_state",
        f"{PUBLISH}, blocks = '[1]' WHERE id = %(draft)s",
    ),
    "a cause slipped in while publishing": (
        "ck_result_publish_changes_only_state",
        (ASKED, f"{PUBLISH}, change_request_id = (SELECT max(id) FROM pending_change) WHERE id = %(draft)s"),
    ),
    "published by the notification of another term": (
        "ck_result_notified_in_its_term",
        PUBLISH.replace("%(notification)s", "%(foreign_notification)s") + " WHERE id = %(draft)s",
    ),
    "a result on somebody else's enrollment": (
        "ck_result_is_of_its_enrollment",
        (
            "INSERT INTO result (enrollment_id, section_id, registration_id, student_id, term_id, course_id, "
            "credits, outcome, regulation_id) SELECT %(open_row)s, section_id, registration_id, student_id, "
            "term_id, course_id, credits, 'pass', regulation_id FROM result WHERE id = %(other_result)s"
        ),
    ),
    "the submitter exchanged, so that he may approve": (
        "ck_sheet_names_stand",
        "UPDATE sheet SET submitted_by = %(faculty2)s WHERE section_id = %(submitted)s",
    ),
    "the submitter exchanged by the approval": (
        "ck_sheet_names_stand",
        (
            "UPDATE sheet SET state = 'approved', submitted_by = %(faculty2)s, approved_by = %(head)s, "
            "approved_at = now() WHERE section_id = %(submitted)s"
        ),
    ),
    "the approver exchanged": (
        "ck_sheet_names_stand",
        "UPDATE sheet SET approved_by = %(dean)s WHERE section_id = %(drafted)s",
    ),
    "approved by a student": (
        "ck_sheet_approver_may_approve",
        (
            "UPDATE sheet SET state = 'approved', approved_by = %(student)s, approved_at = now() "
            "WHERE section_id = %(submitted)s"
        ),
    ),
    "submitted by who does not teach it": (
        "ck_sheet_submitter_teaches",
        (
            "UPDATE sheet SET state = 'submitted', submitted_by = %(stranger)s, submitted_at = now() "
            "WHERE section_id = %(open)s"
        ),
    ),
    "completed without a result": (
        "ck_enrollment_completed_by_result",
        "UPDATE enrollment SET status = 'completed' WHERE id = %(open_row)s",
    ),
    "enrolled as completed": (
        "ck_enrollment_completed_by_result",
        (
            "INSERT INTO enrollment (student_id, registration_id, section_id, term_id, course_id, status) "
            "SELECT e.student_id, e.registration_id, s.id, s.term_id, s.course_id, 'completed' "
            "FROM enrollment e, section s WHERE e.id = %(enrollment)s AND s.id = %(open)s"
        ),
    ),
    "how a completed attempt counts": (
        "ck_enrollment_completed_stands",
        "UPDATE enrollment SET kind = 'improvement', attempt = 9 WHERE id = %(enrollment)s",
    ),
    "a change of a draft": (
        "ck_pending_change_states_the_result",
        ASKED.replace("%(result)s", "%(draft)s"),
    ),
    "a change that lies about the old grade": (
        "ck_pending_change_states_the_result",
        REQUEST.format(grade="'Z'", total="total::text", version="version"),
    ),
    "a change that lies about the old total": (
        "ck_pending_change_states_the_result",
        REQUEST.format(grade="grade", total="'1'", version="version"),
    ),
    "a percentage nobody approved": (
        "ck_result_published_is_immutable",
        (*APPROVED, APPLY.format(more=", percentage = 99.9")),
    ),
    "heads nobody approved": (
        "ck_result_published_is_immutable",
        (*APPROVED, APPLY.format(more=", heads = '[1]'")),
    ),
    "flags nobody approved": (
        "ck_result_published_is_immutable",
        (*APPROVED, APPLY.format(more=", flags = '{x}'")),
    ),
    "a maximum nobody approved": (
        "ck_result_published_is_immutable",
        (*APPROVED, APPLY.format(more=", marks_max = 10")),
    ),
    "cut-offs of a published section": (
        "ck_section_cutoff_stands",
        (
            "INSERT INTO section_cutoff (section_id, regulation_id, cutoffs) "
            "VALUES (%(section)s, %(regulation)s, '{}')"
        ),
    ),
    "an attempt that shall not count": (
        "ck_result_counting_follows_results",
        "INSERT INTO result_counting (result_id, counts) VALUES (%(result)s, 'excluded')",
    ),
    "an attempt that shall not count, beside a draft that is touched": (
        "ck_result_counting_follows_results",
        (
            "UPDATE result SET total = total WHERE id = %(draft)s",
            "INSERT INTO result_counting (result_id, counts) VALUES (%(result)s, 'excluded')",
        ),
    ),
    "a series turned back": ("ck_series_only_grows", "UPDATE series SET last = 0"),
}


@pytest.mark.parametrize("name", list(ATTACKS))
def test_the_database_stops(name: str, scene: dict[str, Any]) -> None:
    constraint, statements = ATTACKS[name]
    given = (statements,) if isinstance(statements, str) else statements
    with server_connection(scene["url"]) as connection:
        for statement in given[:-1]:
            assert connection.execute(statement, scene).rowcount == 1
        with pytest.raises(psycopg.errors.CheckViolation) as caught:
            connection.execute(given[-1], scene)
        connection.rollback()
    assert caught.value.diag.constraint_name == constraint


def test_what_was_approved_can_be_applied(scene: dict[str, Any]) -> None:
    """The attacks above differ from this one by what they slip in."""
    with server_connection(scene["url"]) as connection:
        for statement in (*APPROVED, APPLY.format(more="")):
            assert connection.execute(statement, scene).rowcount == 1
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        connection.rollback()


def test_a_return_that_waited_for_a_publish_is_refused(scene: dict[str, Any]) -> None:
    """Each alone is lawful. Together they would leave a published result on an open sheet."""
    back = (
        "UPDATE sheet SET state = 'open', submitted_by = NULL, submitted_at = NULL, approved_by = NULL, "
        "approved_at = NULL WHERE section_id = %(raced)s"
    )
    waiting = "SELECT true FROM pg_locks WHERE NOT granted AND pid = %(pid)s"
    with (
        server_connection(scene["url"]) as publisher,
        server_connection(scene["url"]) as returner,
        server_connection(scene["url"], autocommit=True) as watcher,
        ThreadPoolExecutor(1) as pool,
    ):
        publisher.execute(f"{PUBLISH} WHERE id = %(raced_draft)s", scene)
        returned = pool.submit(returner.execute, back, scene)
        pid = {"pid": returner.info.backend_pid}
        wait_until(lambda: returned.done() or watcher.execute(waiting, pid).fetchone())
        publisher.commit()
        with pytest.raises(psycopg.errors.CheckViolation) as caught:
            returned.result()
        returner.rollback()
    assert caught.value.diag.constraint_name == "ck_sheet_published_stays_approved"


def test_no_routine_of_the_owner_is_open_to_everybody(scene: dict[str, Any]) -> None:
    """Functions and procedures alike; extensions bring their own."""
    with server_connection(scene["url"]) as connection:
        rows = connection.execute(
            "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace "
            "AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') "
            "AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a "
            "WHERE a.grantee = 0)"
        ).fetchall()
    assert rows == []


def test_a_student_reads_no_notification_of_everybodys_results(scene: dict[str, Any]) -> None:
    with server_connection(scene["url"]) as connection:
        connection.execute("SET LOCAL ROLE sims_student")
        assert connection.execute("SELECT count(number) FROM notification_of_result").fetchone() == (2,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT content FROM notification_of_result")
