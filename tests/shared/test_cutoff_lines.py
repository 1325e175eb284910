"""Lines of a relatively graded class: where the rule puts them; moving one grades as the engine does."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction

from sims_shared.cutoffs import CutoffLine, JudgedTotal, count_grades
from sims_shared.policy.lines import faults_of_lines, move_lines, place_of, reach_of, stands_at
from sims_shared.policy.rounding import cut
from sims_shared.policy.scales import CutOffs, freeze_cutoffs, grade_for
from sims_shared.regulations import Policy
from tests.support.policies import policy

ROWS = [["1.5", "A", "4.00"], ["0.7", "B", "3.00"], ["-0.2", "C", "2.00"], ["-1.4", "D", "1.00"]]
SHARES = [["10", "A", "4.00"], ["25", "B", "3.00"], ["30", "C", "2.00"], ["35", "D", "1.00"]]


def relative(method: str) -> Policy:
    rows = ROWS if method == "z" else SHARES
    return policy(scale={"kind": "relative", "method": method, "rows": rows, "latitude": "5"})


def some_class(seed: int) -> tuple[Policy, list[Fraction], CutOffs]:
    chance = random.Random(seed)
    rule = relative("z" if seed % 2 else "share")
    totals = [Fraction(chance.randint(0, 7 * 9 * 100), 7 * 9) for _ in range(chance.randint(1, 40))]
    return rule, totals, freeze_cutoffs(rule, totals)


def test_a_line_is_shown_at_the_least_two_places_that_reach_the_grade() -> None:
    for seed in range(150):
        rule, _, cutoffs = some_class(seed)
        for row in cutoffs.rows:
            place = place_of(cutoffs, row)
            if not 0 < place < 100:
                continue
            alone = CutOffs(method=cutoffs.method, rows=(row,), mean=cutoffs.mean, variance=cutoffs.variance)
            at, below = (grade_for(rule.scale, Fraction(p), alone) for p in (place, place - Decimal("0.01")))
            assert at is not None
            assert below is not None
            assert (at.grade, below.grade) == (row.grade, "F"), (seed, row, place)


def test_the_counts_of_moved_lines_are_those_the_engine_grades() -> None:
    for seed in range(100):
        chance = random.Random(seed)
        rule, totals, cutoffs = some_class(seed)
        moved: dict[str, Decimal] = {}
        for row in cutoffs.rows:
            lowest, highest = reach_of(rule.scale, place_of(cutoffs, row))
            if chance.random() < 0.6:
                moved[row.grade] = Decimal(chance.randint(int(lowest * 4), int(highest * 4))) / 4
        if list(faults_of_lines(rule.scale, cutoffs, moved)):
            continue
        standing = move_lines(cutoffs, moved)
        graded = [grade_for(rule.scale, total, standing) for total in totals]
        expected = {row.grade: 0 for row in cutoffs.rows} | {"F": 0}
        for one in graded:
            assert one is not None
            expected[one.grade] += 1
        lines = [
            CutoffLine(
                grade=row.grade,
                points=row.points,
                at_least=stands_at(standing, row),
                by_rule=place_of(cutoffs, row),
                lowest=Decimal(0),
                highest=Decimal(100),
                moved=row.moved_to is not None,
            )
            for row in standing.rows
        ]
        seen = []
        for number, total in enumerate(totals):
            by_rule = grade_for(rule.scale, total, cutoffs)
            assert by_rule is not None
            seen.append(JudgedTotal(enrollment_id=number, total=cut(total), by_rule=by_rule.grade))
        really = {line.grade: line.at_least for line in lines if line.moved}
        assert count_grades(lines, seen, "F", really) == expected, seed


def test_a_line_moved_to_where_the_rule_puts_it_was_not_moved() -> None:
    _, _, cutoffs = some_class(1)
    back = {row.grade: place_of(cutoffs, row) for row in cutoffs.rows}
    assert move_lines(cutoffs, back) == cutoffs
