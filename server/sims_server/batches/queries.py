"""Every SELECT of batches: what a plan is made from, and what depends on one that was carried out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sims_server.batches.rules import Facts, Key, Member, Offered, Taught, with_equivalents
from sims_server.catalog.queries import curriculum_of
from sims_server.kernel.actor import Caller
from sims_server.kernel.paging import Filter, Listing, Order
from sims_server.kernel.work import Work
from sims_shared.access import Permission
from sims_shared.batches import BatchView, ChosenSections, PlanBatch
from sims_shared.catalog import CurriculumCourseView
from sims_shared.problems import NotFound, NotPermitted
from sims_shared.values import SYSTEM, Intake, Person

_ENDED = "('completed', 'graduated', 'withdrawn', 'dismissed', 'cancelled')"


def _scope(caller: Caller, permission: str = Permission.READ_ENROLLMENTS) -> tuple[str, dict[str, Any]]:
    """A condition on `program p`: batches are the registry's and the departments'."""
    if caller.is_only_student:
        raise NotPermitted("Batches are not shown to students.")
    reach = caller.reach(permission)
    if reach.everything:
        return "", {}
    if not reach.departments:
        return "false", {}
    return "p.department_id = ANY (%(scope_departments)s)", {"scope_departments": list(reach.departments)}


def _shape(row: dict[str, Any]) -> dict[str, Any]:
    for act, at in (("created", "created_at"), ("committed", "committed_at"), ("undone", "undone_at")):
        id, name = row.pop(f"{act}_id"), row.pop(f"{act}_name")
        person = SYSTEM if id is None else Person(id, name)
        row[f"{act}_by"] = None if row[at] is None else person
    return row


BATCHES = Listing(
    entity="batch",
    columns={
        "id": "b.id",
        "name": "b.name",
        "program_id": "b.program_id",
        "term_id": "b.term_id",
        "intake": "b.intake",
        "batch": "b.batch",
        "semester": "b.semester",
        "state": "b.state",
        "plan_hash": "b.plan_hash",
        "students": "(b.plan->>'students')::integer",
        "seats_planned": "jsonb_array_length(b.plan->'seats')",
        "exceptions_found": "jsonb_array_length(b.plan->'exceptions')",
        "created_id": "b.created_by",
        "created_name": "c.name",
        "created_at": "b.created_at",
        "job_id": "b.job_id",
        "committed_id": "b.committed_by",
        "committed_name": "m.name",
        "committed_at": "b.committed_at",
        "undone_id": "b.undone_by",
        "undone_name": "u.name",
        "undone_at": "b.undone_at",
        "undo_reason": "b.undo_reason",
    },
    source=(
        "enrollment_batch b JOIN program p ON p.id = b.program_id LEFT JOIN account c ON c.id = b.created_by "
        "LEFT JOIN account m ON m.id = b.committed_by LEFT JOIN account u ON u.id = b.undone_by"
    ),
    key="b.id",
    filters={
        "program_id": Filter("b.program_id = {}", int),
        "term_id": Filter("b.term_id = {}", int),
        "intake": Filter("b.intake = {}", Intake),
        "semester": Filter("b.semester = {}", int),
        "state": Filter("b.state = {}", str),
    },
    orders={"created_at": Order("b.created_at", "timestamptz")},
    default_order="-id",
    scope=_scope,
    shape=_shape,
)


def get_batch(work: Work, id: int) -> BatchView:
    """One batch with its courses, seats and exceptions."""
    row = BATCHES.one(work, id)
    if row is None:
        raise NotFound
    plan = work.value("SELECT plan FROM enrollment_batch WHERE id = %(id)s", id=id)
    return BatchView(**row, courses=plan["courses"], seats=plan["seats"], exceptions=plan["exceptions"])


def access_batch(work: Work, id: int) -> dict[str, Any]:
    """Lock a batch of a program that the caller may enroll. Raises NotFound."""
    condition, values = _scope(work.caller, Permission.ENROLL_STUDENT)
    row = work.row(
        "SELECT b.* FROM enrollment_batch b JOIN program p ON p.id = b.program_id WHERE b.id = %(id)s"
        + (f" AND {condition}" if condition else "")
        + " FOR NO KEY UPDATE OF b",
        id=id,
        **values,
    )
    if row is None:
        raise NotFound
    return row


def find_program(work: Work, program_id: int) -> dict[str, Any] | None:
    """Code and length of a program that the caller may enroll, or None."""
    condition, values = _scope(work.caller, Permission.ENROLL_STUDENT)
    return work.row(
        "SELECT p.code, p.semesters FROM program p WHERE p.id = %(id)s"
        + (f" AND {condition}" if condition else ""),
        id=program_id,
        **values,
    )


def find_term(work: Work, term_id: int) -> dict[str, Any] | None:
    return work.row("SELECT name, status, enroll_until, drop_until FROM term WHERE id = %(id)s", id=term_id)


def courses_of(work: Work, wishes: PlanBatch) -> list[CurriculumCourseView]:
    """What the intake's curriculum has in the semester: the core, and the electives wished for."""
    wanted = frozenset(wishes.electives)
    return [
        row
        for row in curriculum_of(work, wishes.program_id, wishes.intake)
        if row.semester == wishes.semester and (row.kind == "core" or row.course_id in wanted)
    ]


def gather(work: Work, wishes: PlanBatch, chosen: Sequence[CurriculumCourseView]) -> Facts:
    """Everything that decides about a batch, in a fixed number of queries."""
    courses = [row.course_id for row in chosen]
    members = _members(work, wishes)
    registrations = [member.registration_id for member in members]
    reach = work.caller.reach(Permission.ENROLL_STUDENT)
    links = work.rows(
        "SELECT c.id, c.department_id, coalesce((SELECT jsonb_agg(jsonb_build_array(q.id, q.code) ORDER BY "
        "q.code) FROM course_prerequisite n JOIN course q ON q.id = n.prerequisite_id "
        "WHERE n.course_id = c.id), '[]') AS prerequisites FROM course c WHERE c.id = ANY (%(courses)s)",
        courses=courses,
    )
    of_course = {row["id"]: row for row in links}
    asked = sorted({*courses, *(id for row in links for id, _ in row["prerequisites"])})
    seated, dropped = _in_term(work, registrations, courses, wishes.term_id)
    return Facts(
        members=members,
        courses=[
            Taught(
                id=row.course_id,
                code=row.course_code,
                title=row.course_title,
                kind=row.kind,
                in_scope=reach.everything or of_course[row.course_id]["department_id"] in reach.departments,
                prerequisites=[(id, code) for id, code in of_course[row.course_id]["prerequisites"]],
            )
            for row in chosen
        ],
        sections=_sections(work, wishes.term_id, courses, wishes.sections),
        seated=seated,
        dropped=dropped,
        passed=_passed(work, [member.student_id for member in members], asked),
        earlier=_earlier(work, registrations, courses),
        skipped=frozenset((one.student_id, one.course_id or 0) for one in wishes.skip),
    )


def _members(work: Work, wishes: PlanBatch) -> list[Member]:
    rows = work.rows(
        "SELECT r.id AS registration_id, r.student_id, r.reg_no, s.name, r.status, "
        "coalesce((SELECT jsonb_agg(jsonb_build_object('kind', h.kind, 'reason', h.reason, "
        "'contact', coalesce(nullif(h.contact, ''), k.contact)) ORDER BY h.id) "
        "FROM hold h JOIN hold_kind k ON k.kind = h.kind WHERE h.student_id = r.student_id "
        "AND h.lifted_at IS NULL AND h.effect = 'block' AND 'enrollment' = ANY (h.blocks)), '[]') AS holds "
        "FROM registration r JOIN student s ON s.id = r.student_id "
        "WHERE r.program_id = %(program)s AND r.intake = %(intake)s "
        "AND (%(batch)s::text IS NULL OR r.batch = %(batch)s) "
        f"AND r.status NOT IN {_ENDED} ORDER BY r.reg_no",
        program=wishes.program_id,
        intake=wishes.intake,
        batch=wishes.batch,
    )
    return [Member(**row) for row in rows]


def _sections(
    work: Work, term_id: int, courses: list[int], chosen: Sequence[ChosenSections]
) -> list[Offered]:
    only = {one.course_id: frozenset(one.codes) for one in chosen}
    rows = work.rows(
        "SELECT s.id, s.course_id, s.code, s.capacity - s.seats_taken AS free, h.state AS sheet_state "
        "FROM section s JOIN sheet h ON h.section_id = s.id WHERE s.term_id = %(term)s "
        "AND s.course_id = ANY (%(courses)s) AND s.status = 'active' ORDER BY s.course_id, s.code",
        term=term_id,
        courses=courses,
    )
    return [Offered(**row) for row in rows if row["code"] in only.get(row["course_id"], {row["code"]})]


def _in_term(
    work: Work, registrations: list[int], courses: list[int], term_id: int
) -> tuple[dict[Key, str], dict[Key, str]]:
    """Who sits in a section of the course, and who dropped one; what an undo dropped counts as neither."""
    rows = work.rows(
        "SELECT e.registration_id, e.course_id, s.code, e.status = 'dropped' AS dropped FROM enrollment e "
        "JOIN section s ON s.id = e.section_id LEFT JOIN enrollment_batch b ON b.id = e.batch_id "
        "WHERE e.registration_id = ANY (%(registrations)s) AND e.course_id = ANY (%(courses)s) "
        "AND e.term_id = %(term)s AND NOT (e.status = 'dropped' AND e.ended_at IS NOT DISTINCT FROM "
        "b.undone_at AND b.undone_at IS NOT NULL)",
        registrations=registrations,
        courses=courses,
        term=term_id,
    )
    found: tuple[dict[Key, str], dict[Key, str]] = ({}, {})
    for row in rows:
        found[row["dropped"]][row["registration_id"], row["course_id"]] = row["code"]
    return found


def _passed(work: Work, students: list[int], courses: list[int]) -> frozenset[Key]:
    equivalents = work.rows(
        "SELECT course_id, equivalent_id FROM course_equivalent WHERE course_id = ANY (%(courses)s)",
        courses=courses,
    )
    stands_for: dict[int, list[int]] = {}
    for row in equivalents:
        stands_for.setdefault(row["equivalent_id"], []).append(row["course_id"])
    rows = work.rows(
        "SELECT DISTINCT student_id, course_id FROM result WHERE student_id = ANY (%(students)s) "
        "AND course_id = ANY (%(courses)s) AND state <> 'draft' "
        "AND outcome IN ('pass', 'exempt', 'transfer')",
        students=students,
        courses=sorted({*courses, *stands_for}),
    )
    return with_equivalents(((row["student_id"], row["course_id"]) for row in rows), stands_for)


def _earlier(work: Work, registrations: list[int], courses: list[int]) -> dict[Key, int]:
    rows = work.rows(
        "SELECT registration_id, course_id, count(*) AS attempts FROM ("
        "SELECT registration_id, course_id FROM enrollment WHERE registration_id = ANY (%(registrations)s) "
        "AND course_id = ANY (%(courses)s) AND status <> 'dropped' "
        "UNION ALL SELECT registration_id, course_id FROM result WHERE registration_id = "
        "ANY (%(registrations)s) AND course_id = ANY (%(courses)s) AND source = 'legacy') x GROUP BY 1, 2",
        registrations=registrations,
        courses=courses,
    )
    return {(row["registration_id"], row["course_id"]): row["attempts"] for row in rows}


def lock_sections(work: Work, term_id: int, courses: list[int]) -> None:
    """From here on nobody takes a seat in these sections, and no sheet of theirs moves, until the end.
    Sections before sheets, each in their order: enrolling one by one does the same."""
    work.rows(
        "SELECT id FROM section WHERE term_id = %(term)s AND course_id = ANY (%(courses)s) "
        "ORDER BY id FOR NO KEY UPDATE",
        term=term_id,
        courses=courses,
    )
    work.rows(
        "SELECT h.section_id FROM sheet h JOIN section s ON s.id = h.section_id WHERE s.term_id = %(term)s "
        "AND s.course_id = ANY (%(courses)s) ORDER BY h.section_id FOR NO KEY UPDATE OF h",
        term=term_id,
        courses=courses,
    )


# What a batch seated is what still stands as it seated it: revived or moved since, it is somebody else's.
OF_BATCH = "e.batch_id = %(batch)s AND e.enrolled_at = %(at)s"


def dependents(work: Work, batch_id: int, committed_at: Any) -> list[dict[str, Any]]:
    """The first of what depends on a batch's enrollments: student_id, reg_no, course_code, why."""
    return work.rows(
        f"""SELECT e.student_id, r.reg_no, s.course_code, w.why
              FROM enrollment e JOIN section s ON s.id = e.section_id
              JOIN registration r ON r.id = e.registration_id
              JOIN sheet h ON h.section_id = e.section_id
             CROSS JOIN LATERAL (SELECT CASE
               WHEN EXISTS (SELECT FROM result x WHERE x.enrollment_id = e.id) THEN 'has a result'
               WHEN e.status IN ('withdrawn', 'barred', 'completed') THEN 'is ' || e.status
               WHEN e.status = 'dropped' THEN NULL
               WHEN EXISTS (SELECT FROM assessment_score x
                     WHERE x.enrollment_id = e.id AND x.mark IS NOT NULL)
                 THEN 'has marks'
               WHEN EXISTS (SELECT FROM attendance x
                     WHERE x.section_id = e.section_id AND x.student_id = e.student_id)
                 THEN 'has attendance'
               WHEN h.state <> 'open' THEN 'the sheet is ' || h.state
               WHEN EXISTS (SELECT FROM sheet_version v WHERE v.section_id = e.section_id AND v.at > %(at)s)
                 THEN 'the sheet was handed in since'
               END AS why) w
             WHERE {OF_BATCH} AND w.why IS NOT NULL ORDER BY r.reg_no, s.course_code LIMIT 20""",
        batch=batch_id,
        at=committed_at,
    )


def unknown_sections(work: Work, wishes: PlanBatch) -> list[tuple[int, int]]:
    """Places (of the choice, of the code) of section codes that the course does not have in the term."""
    rows = work.rows(
        "SELECT course_id, code FROM section WHERE term_id = %(term)s AND status = 'active' "
        "AND course_id = ANY (%(courses)s)",
        term=wishes.term_id,
        courses=[one.course_id for one in wishes.sections],
    )
    known = {(row["course_id"], row["code"]) for row in rows}
    return [
        (place, index)
        for place, one in enumerate(wishes.sections)
        for index, code in enumerate(one.codes)
        if (one.course_id, code) not in known
    ]


def is_job_under_way(work: Work, job_id: int) -> bool:
    """Whether a job still waits or runs."""
    return bool(
        work.value(
            "SELECT EXISTS (SELECT FROM job WHERE id = %(id)s AND status IN ('queued', 'running'))", id=job_id
        )
    )
