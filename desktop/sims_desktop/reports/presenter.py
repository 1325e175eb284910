"""Which report, of what, by what, in which order; and what it says in a sentence. Qt-free.

The rules a newcomer would get wrong: going into a line narrows to it and shows what it is made of, and one
step back shows the line again, so nobody loses their way; and a refused or lost question leaves the last
figures standing, with what they are of.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from sims_desktop.client.errors import ClientError
from sims_desktop.client.reports import Report
from sims_desktop.kit.language import later, on_paper, phrase
from sims_desktop.kit.wording import plural, when
from sims_desktop.reports.figures import Line, Table, Value, table_of
from sims_desktop.reports.paper import page_of, workbook_of
from sims_shared.access import Permission
from sims_shared.catalog import ProgramView
from sims_shared.reports import AttendanceReport, Broadsheet, EnrollmentReport, GradeReport
from sims_shared.terms import TermView

KINDS = {
    "grades": later("Grades"),
    "enrollment": later("Enrollment"),
    "attendance": later("Attendance"),
    "broadsheet": later("Broadsheet"),
    "exceptions": later("What stops a publish"),
}
BY = {
    "course": later("by course"),
    "section": later("by section"),
    "program": later("by program"),
    "department": later("by department"),
    "term": later("by term"),
}
# What a line is made of: the lines shown when one goes into it, and what it narrows to.
INTO = {
    "department": ("course", "department_id"),
    "program": ("course", "program_id"),
    "term": ("course", "term_id"),
    "course": ("section", "course_id"),
}


LOOKED_BACK = 3  # terms


class Calls(Protocol):
    def read_terms(self) -> list[TermView]: ...

    def read_programs(self) -> list[ProgramView]: ...

    def read_report(self, kind: str, asked: dict[str, str | int | bool | None]) -> Report: ...


@dataclass(frozen=True, slots=True)
class Question:
    """One report. `inside` are the codes of the lines that were gone into."""

    kind: str = "grades"
    by: str = "course"
    term_id: int | None = None
    program_id: int | None = None
    department_id: int | None = None
    course_id: int | None = None
    inside: tuple[str, ...] = ()

    @property
    def has_lines(self) -> bool:
        """Whether one chooses what its lines stand for."""
        return self.kind in ("grades", "enrollment", "attendance")

    @property
    def lacks_class(self) -> bool:
        """A broadsheet is of one program in one term."""
        return self.kind == "broadsheet" and (self.term_id is None or self.program_id is None)

    def asked(self) -> dict[str, str | int | bool | None]:
        """As the server is asked."""
        narrowed: dict[str, str | int | bool | None] = {
            "term_id": self.term_id,
            "program_id": self.program_id,
        }
        if not self.has_lines:
            return narrowed
        return narrowed | {"by": self.by, "department_id": self.department_id, "course_id": self.course_id}


@dataclass(frozen=True, slots=True)
class Loaded:
    """An answer with the question it answers."""

    question: Question
    terms: Sequence[TermView]
    programs: Sequence[ProgramView]
    report: Report


class ReportsPresenter:
    """`load` runs off the window's thread; `take` and `not_loaded` are told what came of it."""

    def __init__(self, calls: Calls, permissions: Collection[str]) -> None:
        self._calls = calls
        self.opens_students = Permission.READ_STUDENTS in permissions
        self.kinds = [
            kind for kind in KINDS if kind != "exceptions" or Permission.PUBLISH_RESULTS in permissions
        ]
        self.question = Question()
        self.shown: Loaded | None = None
        self.table: Table | None = None
        self.trouble = ""
        self.order: tuple[int, bool] | None = None  # column, and whether the largest come first
        self.on_change: Callable[[], None] = lambda: None
        self._back: list[Question] = []
        self._at: datetime | None = None
        self._choices: tuple[Sequence[TermView], Sequence[ProgramView]] | None = None

    # Asking

    def load(self) -> Loaded:
        if self._choices is None:
            self._choices = (self._calls.read_terms(), self._calls.read_programs())
            return self._first(*self._choices)
        terms, programs = self._choices
        question = self.question
        if question.lacks_class:
            return Loaded(question, terms, programs, Broadsheet(courses=[], rows=[], complete=0, more=False))
        return Loaded(question, terms, programs, self._calls.read_report(question.kind, question.asked()))

    def _first(self, terms: Sequence[TermView], programs: Sequence[ProgramView]) -> Loaded:
        """The newest term that has results; while a term runs, that is the one before."""
        asked = self.question
        question = replace(asked, term_id=terms[0].id if terms else None)
        report = self._calls.read_report(question.kind, question.asked())
        for term in terms[1:LOOKED_BACK]:
            if not isinstance(report, GradeReport) or report.total.results:
                break
            earlier = replace(asked, term_id=term.id)
            found = self._calls.read_report(earlier.kind, earlier.asked())
            if isinstance(found, GradeReport) and found.total.results:
                question, report = earlier, found
        if self.question is asked:  # nobody chose another meanwhile
            self.question = question
        return Loaded(question, terms, programs, report)

    def take(self, loaded: Loaded, now: datetime) -> None:
        if loaded.question != self.question:
            return  # another was asked meanwhile
        columns = self.table.columns if self.table is not None else ()
        self.shown, self.trouble, self._at = loaded, "", now
        self.table = table_of(loaded.report)
        if self.table.columns != columns:
            self.order = None
        self.on_change()

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.trouble = str(error)
        self.on_change()

    def choose(self, **changed: str | int | None) -> bool:
        """Another kind, term, program or line. Whether that is another question."""
        chosen = replace(self.question, **changed)  # type: ignore[arg-type]
        if chosen == self.question:
            return False
        if set(changed) & {"by"}:  # by hand: out of the line that was gone into
            chosen = replace(chosen, department_id=None, course_id=None, inside=())
            self._back.clear()
        self.question = chosen
        return True

    def go_into(self, line: Line) -> bool:
        """What this line is made of. False where it is the smallest there is."""
        if self.shown is None or not self.shown.question.has_lines or not line.id:
            return False
        question = self.shown.question
        if question.by not in INTO:
            return False
        by, name = INTO[question.by]
        self._back.append(question)
        self.question = replace(
            question,
            by=by,
            inside=(*question.inside, line.code),
            **{name: line.id},  # type: ignore[arg-type]
        )
        return True

    def go_back(self) -> bool:
        """One step out again. False where there is none."""
        if not self._back:
            return False
        self.question = self._back.pop()
        return True

    # What is shown

    @property
    def lines(self) -> list[Line]:
        """In the order chosen; the total last."""
        return [] if self.table is None else self._ordered(self.table)

    def _ordered(self, table: Table) -> list[Line]:
        lines = list(table.lines)
        if self.order is not None:
            column, largest = self.order
            known = [line for line in lines if line.values[column] is not None]
            unknown = [line for line in lines if line.values[column] is None]
            lines = sorted(known, key=lambda line: _rank(line.values[column]), reverse=largest) + unknown
        return lines if table.total is None else [*lines, table.total]

    def workbook(self, now: datetime) -> bytes:
        """XLSX of what is shown."""
        assert self.table is not None
        return workbook_of(self.title, self.sentence, self.table, self.lines, now)

    def paper(self, picture: str, now: datetime) -> str:
        """The page to print. Paper is in English, whatever the screen speaks."""
        assert self.shown is not None
        with on_paper():
            table = table_of(self.shown.report)
            return page_of(self.title, self.sentence, table, self._ordered(table), picture, now)

    def order_by(self, column: int) -> None:
        """By this column; again, the other way round. Figures begin with the largest."""
        if self.table is None:
            return
        first = self.table.numbers[column]
        largest = not self.order[1] if self.order is not None and self.order[0] == column else first
        self.order = (column, largest)
        self.on_change()

    @property
    def title(self) -> str:
        """What stands above the table, on paper and as the file's name."""
        question = self.shown.question if self.shown is not None else self.question
        parts = [phrase(KINDS[question.kind])]
        if question.has_lines:
            parts.append(phrase(BY[question.by]))
        parts += question.inside
        if self.shown is not None:
            parts += [term.name for term in self.shown.terms if term.id == question.term_id]
            parts += [program.code for program in self.shown.programs if program.id == question.program_id]
        return " · ".join(dict.fromkeys(parts))

    @property
    def sentence(self) -> str:
        """The report in one sentence; what is missing, where nothing is there."""
        if self.shown is None:
            return "" if self.trouble else phrase("Reading …")
        report = self.shown.report
        if isinstance(report, GradeReport):
            return _said_of_grades(report)
        if isinstance(report, EnrollmentReport):
            return _said_of_enrollment(report)
        if isinstance(report, AttendanceReport):
            return _said_of_attendance(report)
        if isinstance(report, Broadsheet):
            return _said_of_class(report, self.shown.question)
        if not report.count:
            return phrase("Nothing stops a publish, and nothing is withheld.")
        return plural(
            report.count, "row stops a publish or stays behind", "rows stop a publish or stay behind"
        )

    @property
    def left_out(self) -> str:
        if self.table is None or not self.table.more:
            return ""
        return phrase("Only the first {count:,} lines are shown.", count=len(self.table.lines))

    def age_words(self, now: datetime) -> str:
        """Why the figures are not of this moment."""
        if not self.trouble:
            return ""
        if self._at is None:
            return phrase("{error}. F5 asks again.", error=self.trouble)
        return phrase(
            "{error}. These are the figures of {when}; F5 asks again.",
            error=self.trouble,
            when=when(self._at, now),
        )


def _rank(value: Value) -> tuple[int, Decimal | str]:
    return (1, value.casefold()) if isinstance(value, str) else (0, Decimal(value or 0))


def _said_of_grades(report: GradeReport) -> str:
    total = report.total
    if not total.results:
        return phrase("No result is published here yet; above you choose another term.")
    said = phrase(
        "{results} published, {passed:,} passed and {failed:,} failed.",
        results=plural(total.results, "result"),
        passed=total.passed,
        failed=total.failed,
    )
    if total.mean_points is None:
        return said
    return f"{said} {phrase('The mean of the points is {mean}.', mean=f'{total.mean_points:f}')}"


def _said_of_enrollment(report: EnrollmentReport) -> str:
    total = report.total
    if not report.lines:
        return phrase("There is no section here yet.")
    return phrase(
        "{students} in {sections}; {seats} in all.",
        students=plural(total.students, "student"),
        sections=plural(total.sections, "section"),
        seats=plural(total.seats or 0, "seat"),
    )


def _said_of_attendance(report: AttendanceReport) -> str:
    total = report.total
    if not total.classes:
        return phrase("No class is on record here yet.")
    said = phrase("{classes} on record.", classes=plural(total.classes, "class", "classes"))
    if total.share is not None:
        said += " " + phrase("{share} % of all marks are present or late.", share=f"{total.share:f}")
    if total.untaken:
        said += " " + phrase("Not taken: {count:,}.", count=total.untaken)
    return said


def _said_of_class(report: Broadsheet, question: Question) -> str:
    if question.lacks_class:
        return phrase("A broadsheet is of one class: choose a term and a program above.")
    if not report.rows:
        return phrase("Nobody of this program takes a course in this term.")
    said = phrase(
        "{students} in {courses}, {complete:,} complete.",
        students=plural(len(report.rows), "student"),
        courses=plural(len(report.courses), "course"),
        complete=report.complete,
    )
    drafted = any(cell is not None and cell.state == "draft" for row in report.rows for cell in row.cells)
    return f"{said} {phrase('In brackets: drafts, not notified yet.')}" if drafted else said
