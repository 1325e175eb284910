"""A class – one batch of a program in a term – as the offices name it: “BSCS, semester 3”. Qt-free.

The rule a newcomer would get wrong: nobody stores which semester a batch is in. It is counted from its intake
to the term; where the two do not say it (a summer term), the batch goes by its name alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from sims_desktop.kit.language import on_paper, phrase
from sims_desktop.kit.wording import plural
from sims_desktop.reports.figures import table_of
from sims_desktop.reports.paper import page_of
from sims_shared.catalog import ProgramView
from sims_shared.reports import Broadsheet
from sims_shared.results import ClassProgress, ExceptionRow
from sims_shared.terms import TermView

_INTAKE = re.compile(r"(\d{4})([SF])")
_HALF = {"spring": 0, "fall": 1}
DESK_OF_VERB = {
    "notify": "results",
    "publish": "results",
    "enroll": "batches",
    "enrol": "batches",
    "eligibility": "eligibility",
    "slips": "eligibility",
}


def semester_of(intake: str, term: TermView) -> int | None:
    """Which semester those of `intake` are in."""
    found = _INTAKE.fullmatch(intake)
    if found is None or term.kind not in _HALF:
        return None
    begun = 2 * int(found[1]) + (found[2] == "F")
    number = 2 * term.start_date.year + _HALF[term.kind] - begun + 1
    return number if number > 0 else None


def intake_of(semester: int, term: TermView) -> str | None:
    """Who is in that semester in this term: the other way round."""
    if term.kind not in _HALF:
        return None
    begun = 2 * term.start_date.year + _HALF[term.kind] + 1 - semester
    return f"{begun // 2}{'SF'[begun % 2]}"


def class_words(one: ClassProgress, term: TermView | None) -> str:
    """`2025, semester 3`."""
    semester = semester_of(one.intake, term) if term is not None else None
    return one.batch if semester is None else phrase("{batch}, semester {n}", batch=one.batch, n=semester)


def standing_words(one: ClassProgress) -> str:
    return phrase(
        "{students}, {complete:,} complete.",
        students=plural(one.students, "student"),
        complete=one.complete,
    )


@dataclass(frozen=True, slots=True)
class ClassWish:
    """What was typed into the palette: `notify bscs 3`, `enroll batch bscs-22 sem 4`, `eligibility bscs 3`.
    `desk` is the one that does it."""

    desk: str
    program: ProgramView
    semester: int | None
    year: int | None

    @property
    def title(self) -> str:
        code = self.program.code if self.year is None else f"{self.program.code}-{self.year % 100:02}"
        whom = code if self.semester is None else phrase("{code}, semester {n}", code=code, n=self.semester)
        if self.desk == "batches":
            return phrase("Enroll a batch: {whom}", whom=whom)
        if self.desk == "eligibility":
            return phrase("Who may sit: {whom}", whom=whom)
        return phrase("Notify a result: {whom}", whom=whom)


def begins_wish(query: str) -> bool:
    """Whether it is worth knowing the programs."""
    words = query.casefold().split()
    return len(words) > 1 and words[0] in DESK_OF_VERB


def wishes_of(query: str, programs: Sequence[ProgramView]) -> list[ClassWish]:
    """One for each program whose code begins as a word typed does."""
    if not begins_wish(query):
        return []
    verb, *words = query.casefold().split()
    semester, year, codes = None, None, []
    for word in words:
        code, _, short = word.rpartition("-")
        if word.isdecimal():
            semester = int(word)
        elif code and short.isdecimal() and len(short) in (2, 4):
            codes.append(code)
            year = int(short) % 100 + 2000
        elif word not in ("batch", "sem", "semester"):
            codes.append(word)
    if len(codes) != 1:
        return []
    found = [program for program in programs if program.code.casefold().startswith(codes[0])]
    return [ClassWish(DESK_OF_VERB[verb], program, semester, year) for program in found]


def class_on_paper(title: str, sheet: Broadsheet, exceptions: Sequence[ExceptionRow], now: datetime) -> str:
    """HTML of the class as it stands, for comparing before it is notified, in English as every paper of the
    record: drafts in brackets, and below it who stops the publish or stays behind."""
    with on_paper():
        table = table_of(sheet)
        said = phrase(
            "{students} in {courses}, {complete:,} complete.",
            students=plural(len(sheet.rows), "student"),
            courses=plural(len(sheet.courses), "course"),
            complete=sheet.complete,
        )
        brackets = phrase("In brackets: drafts, not notified yet.")
        heading = f"{phrase('Broadsheet')} · {title}"
        page = page_of(heading, f"{said} {brackets}", table, list(table.lines), "", now)
    return page + _exceptions_on_paper(exceptions)


def _exceptions_on_paper(rows: Sequence[ExceptionRow]) -> str:
    if not rows:
        return ""
    lines = "".join(
        f"<tr><td>{escape(row.reg_no)}</td><td>{escape(row.name)}</td><td>{escape(row.section)}</td>"
        f"<td>{escape(row.why or f'withheld: {row.withheld_for}')}</td></tr>"
        for row in rows
    )
    return (
        "<h3>Exceptions</h3><table width='100%' cellspacing='0' cellpadding='3' border='1'><thead><tr>"
        "<th>Number</th><th>Name</th><th>Section</th><th>Why</th></tr></thead>"
        f"<tbody>{lines}</tbody></table>"
    )
