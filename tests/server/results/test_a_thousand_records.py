"""A thousand students under four regulations: what the API declares equals what somebody else computes.

The other computation is here, over rows as the API gives them: whole numbers and nothing of the engine. A
rule that both would get wrong in the same way has to be misread twice.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any

from tests.server.results.scene import approve, publish
from tests.support.api import Api, Client
from tests.support.policies import S1, S2, S3, document
from tests.support.university import University

STUDENTS = 1000
TERMS = 3
ROUNDINGS = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN}
# Of each regulation: its scale, which attempt counts, where the CGPA comes from, and how both are rounded.
RULES: tuple[tuple[list[list[str]], str, str, str, int | None], ...] = (
    (S1, "best", "quality_points", "half_up", 2),
    (S2, "last", "rounded_sgpa", "half_even", 2),
    (S3, "average", "quality_points", "down", 3),
    (S1, "all", "quality_points", "none", None),
)


def policy(rule: tuple[list[list[str]], str, str, str, int | None]) -> dict[str, Any]:
    scale, count, source, mode, places = rule
    stage = {"mode": mode} if places is None else {"mode": mode, "places": places}
    return document(
        scale,
        repeat={"count": count},
        gpa={"sgpa": stage, "cgpa": {"from": source, **stage}},
        pass_={"total_min": "40"},
    )


def sit(
    university: University,
    api: Api,
    scene: dict[str, Any],
    term: int,
    course: int,
    attempt: int,
    who: Iterable[int],
    chance: random.Random,
) -> None:
    """A section of one paper, its cells, approved and published; one in twenty withdraws."""
    section = university.section(course, term, f"S{attempt}", STUDENTS, (scene["faculty"],))
    final = university.assessment(section)
    registrations, marks = [], []
    for registration in who:
        registrations.append(registration)
        marks.append(None if chance.random() < 0.05 else f"{chance.randrange(3000, 10001) / 100:.2f}")
    university.run(
        """
        WITH n AS (SELECT * FROM unnest(%(r)s::bigint[], %(m)s::numeric[]) AS n (registration_id, mark)),
        e AS (INSERT INTO enrollment (student_id, registration_id, section_id, term_id, course_id, attempt,
                                      kind, status, ended_at)
              SELECT g.student_id, g.id, %(s)s, %(t)s, %(c)s, %(a)s,
                     CASE WHEN %(a)s > 1 THEN 'repeat' ELSE 'regular' END,
                     CASE WHEN n.mark IS NULL THEN 'withdrawn' ELSE 'enrolled' END,
                     CASE WHEN n.mark IS NULL THEN now() END
                FROM n JOIN registration g ON g.id = n.registration_id RETURNING id, registration_id)
        INSERT INTO assessment_score (section_id, enrollment_id, assessment_id, max_score, mark, score)
        SELECT %(s)s, e.id, %(f)s, 100, 'scored', n.mark FROM e JOIN n USING (registration_id)
         WHERE n.mark IS NOT NULL
        """,
        r=registrations,
        m=marks,
        s=section,
        t=term,
        c=course,
        a=attempt,
        f=final,
    )
    approve(api, section)
    publish(api, section)


def every(client: Client, path: str) -> list[dict[str, Any]]:
    """All pages of a list."""
    rows: list[dict[str, Any]] = []
    while path:
        page = client.get(path).json
        rows += page["results"]
        path = page["next"]
    return rows


def rounded(value: Fraction, mode: str, places: int | None) -> Decimal:
    """As the regulation rounds; without a rounding, cut to six places."""
    context = Context(prec=60)
    exact = context.divide(Decimal(value.numerator), Decimal(value.denominator))
    if places is None:
        return exact.quantize(Decimal("0.000001"), ROUND_DOWN, context)
    return exact.quantize(Decimal(1).scaleb(-places), ROUNDINGS[mode], context)


def mean(pairs: Iterable[tuple[Fraction, Fraction]]) -> Fraction | None:
    """Σ points × credits / Σ credits, of (points, credits)."""
    listed = list(pairs)
    credits = sum((weight for _, weight in listed), Fraction(0))
    return sum((points * weight for points, weight in listed), Fraction(0)) / credits if credits else None


def stands(attempts: list[tuple[Fraction, Fraction]], count: str) -> list[tuple[Fraction, Fraction]]:
    """Of the attempts of one course, oldest first, what the average is taken of."""
    if count == "all":
        return attempts
    if count == "average":
        return [(sum((p for p, _ in attempts), Fraction(0)) / len(attempts), attempts[-1][1])]
    return [max(attempts) if count == "best" else attempts[-1]]


def averages(
    rows: list[dict[str, Any]], order: dict[int, int], rule: tuple[Any, str, str, str, int | None]
) -> dict[int, tuple[Decimal | None, Decimal | None]]:
    """By term id: SGPA and CGPA of one registration, from its results as the API lists them."""
    _, count, source, mode, places = rule
    weighing = sorted(
        (order[row["term_id"]], row["attempt"], row["course_id"], row)
        for row in rows
        if row["grade_points"] is not None
    )
    declared: dict[int, tuple[Decimal | None, Decimal | None]] = {}
    sums: list[tuple[Fraction, Fraction]] = []
    for term_id in sorted({row["term_id"] for row in rows}, key=order.__getitem__):
        own = [
            (Fraction(row["grade_points"]), Fraction(row["credits"]))
            for _, _, _, row in weighing
            if row["term_id"] == term_id
        ]
        exact = mean(own)
        sgpa = None if exact is None else rounded(exact, mode, places)
        if source == "rounded_sgpa":
            if sgpa is not None:
                sums.append((Fraction(sgpa), sum((weight for _, weight in own), Fraction(0))))
            exact = mean(sums)
        else:
            courses: dict[int, list[tuple[Fraction, Fraction]]] = defaultdict(list)
            for at, _, course, row in weighing:
                if at <= order[term_id]:
                    courses[course].append((Fraction(row["grade_points"]), Fraction(row["credits"])))
            exact = mean(pair for attempts in courses.values() for pair in stands(attempts, count))
        declared[term_id] = sgpa, None if exact is None else rounded(exact, mode, places)
    return declared


def test_a_thousand_records_under_four_regulations_equal_an_independent_recomputation(
    api: Api, university: University
) -> None:
    chance = random.Random(20261123)
    scene = university.stand(students=0 + 1, policy=policy(RULES[0]))
    regulations = [university.regulation(policy(rule), f"R-OF-{n}") for n, rule in enumerate(RULES)]
    university.run(
        """
        WITH s AS (INSERT INTO student (name)
                     SELECT 'Student ' || n FROM generate_series(1, %(n)s) n RETURNING id)
        INSERT INTO registration (student_id, program_id, regulation_id, reg_no, intake, admitted_on)
        SELECT s.id, %(p)s, (%(g)s::bigint[])[1 + s.id %% 4], 'T-' || s.id, '2024F', '2024-09-01' FROM s
        """,
        n=STUDENTS,
        p=scene["program"],
        g=regulations,
    )
    members = university.rows(
        "SELECT id, regulation_id FROM registration WHERE regulation_id = ANY (%(g)s) ORDER BY id",
        g=regulations,
    )
    ids = [row["id"] for row in members]
    assert len(ids) == STUDENTS
    terms = [
        university.term(f"Term {n}", start_date=f"{2027 + n}-09-01", end_date=f"{2027 + n}-12-31")
        for n in range(TERMS)
    ]
    courses = [university.course(scene["department"], credits=c) for c in ("3", "4", "1.5", "2")]
    sit(university, api, scene, terms[0], courses[0], 1, ids, chance)
    sit(university, api, scene, terms[0], courses[1], 1, ids, chance)
    again = [id for id in ids if chance.random() < 0.5]
    sit(university, api, scene, terms[1], courses[2], 1, ids, chance)
    sit(university, api, scene, terms[1], courses[0], 2, again, chance)
    sit(university, api, scene, terms[2], courses[3], 1, ids[: STUDENTS // 2], chance)
    sit(university, api, scene, terms[2], courses[1], 2, again[::2], chance)

    examcell = api.as_("examcell")
    order = {term: n for n, term in enumerate(terms)}
    results: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in every(examcell, "/api/results/?page_size=200"):
        results[row["registration_id"]].append(row)
    declared: dict[int, dict[int, tuple[Decimal | None, Decimal | None]]] = defaultdict(dict)
    for row in every(examcell, "/api/term-results/?page_size=200"):
        figures = [None if row[name] is None else Decimal(row[name]) for name in ("sgpa", "cgpa")]
        declared[row["registration_id"]][row["term_id"]] = figures[0], figures[1]
    shown = {row["id"]: row["cgpa"] for row in every(examcell, "/api/registrations/?page_size=200")}

    rule_of = dict(zip(regulations, RULES, strict=True))
    for member in members:
        expected = averages(results[member["id"]], order, rule_of[member["regulation_id"]])
        assert declared[member["id"]] == expected, f"registration {member['id']}"
        last = list(expected.values())[-1][1]
        assert (None if shown[member["id"]] is None else Decimal(shown[member["id"]])) == last
    assert sum(len(terms) for terms in declared.values()) >= 2 * STUDENTS
