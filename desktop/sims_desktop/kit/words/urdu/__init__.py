"""Everything the program says in Urdu, one module a desk. Numerals stay Western, keys keep their names.

A sentence is found by its English; `tests/desktop/kit/test_words.py` reads the program's source and names
every sentence that has no Urdu, and every Urdu whose values are not those of its English.
"""

from __future__ import annotations

from sims_desktop.kit.words.urdu import (
    accounts,
    admissions,
    approvals,
    attendance,
    audit,
    cases,
    counter,
    desks,
    eligibility,
    grading,
    holds,
    imports,
    jobs,
    kit,
    marks,
    operations_room,
    own_account,
    paper,
    registry,
    reports,
    requests,
    results,
    sheet,
    shell,
    students,
    today,
    unlocking,
)

CATALOG: dict[str, str] = {
    **kit.OF_QT,
    **kit.WORDS,
    **shell.WORDS,
    **grading.WORDS,
    **marks.WORDS,
    **sheet.WORDS,
    **attendance.WORDS,
    **approvals.WORDS,
    **results.WORDS,
    **counter.WORDS,
    **cases.WORDS,
    **imports.WORDS,
    **jobs.WORDS,
    **eligibility.WORDS,
    **operations_room.WORDS,
    **students.WORDS,
    **desks.WORDS,
    **admissions.WORDS,
    **paper.WORDS,
    **reports.WORDS,
    **requests.WORDS,
    **today.WORDS,
    **unlocking.WORDS,
    **accounts.WORDS,
    **own_account.WORDS,
    **audit.WORDS,
    **holds.WORDS,
    **registry.WORDS,
}
