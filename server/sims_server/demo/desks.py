"""What lies on the desks: holds of each kind, requests that wait, a name for a second person."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from sims_server.demo.people import Staff, act_as_system, acting_as
from sims_server.kernel.work import Work
from sims_server.naming.operations import correct_name
from sims_server.requests.operations import create_request
from sims_shared.naming import CorrectName
from sims_shared.requests import UNCOLLECTED_DAYS, CreateRequest

_REASONS = {
    "fee": ("Semester fee of the last term is unpaid", "12400"),
    "library": ("Two books overdue since May", None),
    "discipline": ("Hearing of the discipline committee pending", None),
    "document": ("Attested intermediate certificate not yet submitted", None),
    "hostel": ("Hostel dues and room key outstanding", "3800"),
    "academic": ("Advising meeting required before enrollment", None),
}
EACH = 4


def place_holds(work: Work, random: Random, staff: Staff) -> None:
    """A few holds of each kind, one of each lifted already. None on the student who signs in."""
    kinds = [row["kind"] for row in work.rows("SELECT kind FROM hold_kind ORDER BY kind")]
    people = [
        row["student_id"]
        for row in work.rows(
            "SELECT r.student_id FROM registration r WHERE r.is_current AND NOT EXISTS (SELECT "
            "FROM account a WHERE a.student_id = r.student_id) ORDER BY r.reg_no"
        )
    ]
    chosen = random.sample(people, EACH * len(kinds))
    registrar = acting_as(work, staff.officers["registrar"], "holds.place")
    registrar.run(
        "INSERT INTO hold (student_id, kind, blocks, effect, reason, amount, contact, placed_by, placed_at) "
        "SELECT g.student, k.kind, k.blocks, k.effect, g.reason, g.amount, k.contact, %(by)s, "
        "%(now)s - (cardinality(%(students)s::bigint[]) - g.place) * interval '1 day' "
        "FROM unnest(%(students)s::bigint[], %(kinds)s::text[], %(reasons)s::text[], "
        "%(amounts)s::numeric[]) WITH ORDINALITY g (student, kind, reason, amount, place) "
        "JOIN hold_kind k ON k.kind = g.kind",
        students=chosen,
        kinds=kinds * EACH,
        reasons=[_REASONS.get(kind, ("", None))[0] or kind for kind in kinds] * EACH,
        amounts=[_REASONS.get(kind, ("", None))[1] for kind in kinds] * EACH,
        by=registrar.caller.id,
        now=work.now,
    )
    registrar.run(
        (
            "UPDATE hold SET lifted_at = %(now)s, lifted_by = %(by)s, lift_reason = 'Cleared' WHERE "
            "id IN (SELECT max(id) FROM hold GROUP BY kind)"
        ),
        now=work.now,
        by=registrar.caller.id,
    )
    act_as_system(work)


def receive_requests(work: Work, staff: Staff) -> None:
    """A dozen requests from the counter, most of them pending; a degree that lacks a paper, and a transcript
    that has lain in its tray for weeks."""
    counter = acting_as(work, staff.officers["counter"], "requests.create")
    counter.run(
        "INSERT INTO request (student_id, type, notes, copies, requested_by) "
        "SELECT student_id, (ARRAY['transcript', 'bonafide', 'noc', 'transcript'])[1 + place %% "
        "4], (ARRAY['For a scholarship', 'For the passport office', 'To travel abroad', 'For an "
        "employer'])[1 + place %% 4], 1 + place %% 2, %(by)s "
        "FROM (SELECT student_id, row_number() OVER (ORDER BY reg_no)::integer AS place FROM "
        "(SELECT student_id, reg_no FROM registration WHERE cgpa IS NOT NULL ORDER BY reg_no "
        'COLLATE "C" LIMIT 12) r) p',
        by=counter.caller.id,
    )
    registrar = acting_as(work, staff.officers["registrar"], "requests.decide")
    registrar.run(
        (
            "UPDATE request SET status = 'approved', processed_by = %(by)s, updated_at = %(now)s "
            "WHERE id IN (SELECT id FROM request ORDER BY id LIMIT 3)"
        ),
        by=registrar.caller.id,
        now=work.now,
    )
    registrar.run("UPDATE request_type SET fee = 2500 WHERE type = 'degree'")
    two = [
        row["student_id"]
        for row in work.rows(
            'SELECT student_id FROM registration WHERE cgpa IS NOT NULL ORDER BY reg_no COLLATE "C" '
            "OFFSET 12 LIMIT 2"
        )
    ]
    if len(two) == 2:  # the smallest demo of a test has fewer
        counter = acting_as(work, staff.officers["counter"], "requests.create")
        degree = CreateRequest(student_id=two[0], type="degree", missing=["attested CNIC"])
        create_request(counter, degree)
        waiting = create_request(counter, CreateRequest(student_id=two[1], type="transcript")).id
        long_ago = work.now - timedelta(days=UNCOLLECTED_DAYS + 4)
        registrar = acting_as(work, staff.officers["registrar"], "requests.decide")
        registrar.run(
            "UPDATE request SET status = 'approved', processed_by = %(by)s WHERE id = %(id)s",
            by=registrar.caller.id,
            id=waiting,
        )
        registrar.run(
            "UPDATE request SET status = 'completed', tray = 'A-1', ready_at = %(at)s, updated_at = %(at)s "
            "WHERE id = %(id)s",
            at=long_ago,
            id=waiting,
        )
    act_as_system(work)


def ask_for_a_name(work: Work, staff: Staff) -> None:
    """A name that the registrar asks for, with its proof: the examination cell confirms it."""
    found = work.row(
        "SELECT s.id, s.name FROM student s JOIN registration r ON r.student_id = s.id AND r.is_current "
        'WHERE r.cgpa IS NOT NULL ORDER BY r.reg_no COLLATE "C" OFFSET 14 LIMIT 1'
    )
    if found is not None:  # the smallest demo of a test has fewer
        correct_name(
            acting_as(work, staff.officers["registrar"], "names.correct"),
            CorrectName(
                id=found["id"],
                name=f"{found['name']} Khan",
                reason="As per matriculation certificate",
                file=b"Board of Secondary Education, Exampleabad: matriculation certificate\n",
                file_name="matriculation.txt",
            ),
        )
    act_as_system(work)
