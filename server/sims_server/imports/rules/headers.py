"""The first row of a file: which of our columns each of its headers means. Pure.

A header of another name is never guessed at: the office says once what "Roll No" means, sees it applied
in the preview, and is offered the same the next time.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence

from sims_server.imports.rules.cells import Cell, plain
from sims_server.imports.rules.columns import COLUMNS
from sims_shared.imports import HeaderOffer, MissingColumn, UnknownColumn
from sims_shared.problems import Fault

# What offices write above our columns, as `_bare` leaves it.
_CALLED: dict[str, tuple[str, ...]] = {
    "reg_no": (
        "registration", "registrationno", "registrationnumber", "regno", "regnumber", "reg", "rollno",
        "rollnumber", "roll", "studentid", "studentno", "studentnumber", "studentregno",
    ),
    "name": ("studentname", "fullname", "nameofstudent", "names", "title", "room", "hall"),
    "name_native": ("nativename", "nameurdu", "urduname"),
    "father_name": ("father", "fathersname", "fathername", "guardian"),
    "national_id": ("cnic", "nic", "cnicno", "nationalid", "bform"),
    "date_of_birth": ("dob", "birthdate", "dateofbirth", "birthday"),
    "phone": ("mobile", "mobileno", "cell", "contactno", "phoneno", "telephone"),
    "email": ("mail", "emailaddress"),
    "program_code": ("program", "programme", "degree", "programcode"),
    "department_code": ("department", "dept", "deptcode"),
    "admitted_on": ("admissiondate", "dateofadmission", "admitted", "joined"),
    "course_code": ("course", "subject", "subjectcode", "paper", "papercode", "coursecode"),
    "course_title": ("coursename", "subjectname", "papertitle"),
    "code": ("coursecode", "id", "shortname", "abbreviation", "programcode", "departmentcode"),
    "credits": ("credit", "credithours", "credithour", "ch", "cr", "crhrs"),
    "term": ("semester", "session", "examination", "termname"),
    "section": ("sec", "group", "class", "sectioncode"),
    "assessment": ("exam", "component", "test", "assessmentname"),
    "score": ("marks", "mark", "obtained", "obtainedmarks", "marksobtained", "points"),
    "max_score": ("maximum", "totalmarks", "maxmarks", "outof", "max"),
    "weight": ("weightage", "percent", "percentage"),
    "mark": ("status", "remarks"),
    "faculty": ("teacher", "instructor", "lecturer", "teachers"),
    "capacity": ("seats", "strength", "size"),
    "username": ("user", "login", "userid", "account"),
    "roles": ("role",),
    "amount": ("dues", "balance", "outstanding", "due", "feedue", "payable", "amountdue"),
    "reason": ("remarks", "note", "notes", "description"),
    "date": ("day", "classdate", "heldon", "examdate", "paperdate"),
    "status": ("attendance", "state"),
    "slot": ("period", "lecture"),
    "grade": ("lettergrade", "lg"),
    "grade_points": ("gp", "gradepoint", "points"),
    "total": ("marks", "totalmarks", "marksobtained", "obtained"),
    "outcome": ("result", "status", "remarks"),
    "sgpa": ("gpa", "semestergpa", "termgpa"),
    "cgpa": ("cumulativegpa",),
    "start_date": ("start", "from", "begins"),
    "end_date": ("end", "to", "ends"),
    "starts_at": ("from", "time", "begins", "start", "starttime", "timefrom"),
    "ends_at": ("to", "till", "until", "ends", "end", "endtime", "timeto"),
    "rooms": ("room", "hall", "halls", "venue", "place", "centre", "center"),
    "part": ("type", "papertype", "kind", "theorypractical"),
    "seats": ("capacity", "strength", "size"),
}  # fmt: skip


def _bare(header: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", header.lower().replace("#", "no").replace("№", "no"))


def columns_of(header: Sequence[Cell], mapping: Mapping[str, str]) -> list[str]:
    """The column that each header means, in the file's order; the header itself where nobody said."""
    said = {plain(name).lower(): column for name, column in mapping.items()}
    return [said.get(plain(cell).lower(), plain(cell).lower()) for cell in header]


def header_faults(kind: str, header: Sequence[Cell], mapping: Mapping[str, str]) -> list[Fault]:
    """What is wrong with the first row: columns missing, unknown or named twice."""
    names = columns_of(header, mapping)
    known = {column.name for column in COLUMNS[kind]}
    faults = [
        Fault(f"row 1, column {column.name}", "missing_column", f"The file lacks the column “{column.name}”.")
        for column in COLUMNS[kind]
        if column.required and column.name not in names
    ]
    for place, name in enumerate(names):
        if not name:
            continue
        if name not in known:
            offered = ", ".join(column.name for column in COLUMNS[kind])
            faults.append(
                Fault(
                    f"row 1, column {name[:60]}",
                    "unknown_column",
                    f"A file of {kind} has no column “{name[:60]}”; it has {offered}.",
                )
            )
        elif name in names[:place]:
            faults.append(
                Fault(f"row 1, column {name}", "repeated_column", f"The column “{name}” stands there twice.")
            )
    return faults


def mapping_faults(kind: str, mapping: Mapping[str, str]) -> list[Fault]:
    """What is wrong with a mapping of headers: columns that a file of the kind does not have, or twice.
    A header mapped to nothing ("") is left out."""
    known = {column.name for column in COLUMNS[kind]}
    faults = [
        Fault(
            "/mapping",
            "unknown_column",
            f"“{header[:60]}” cannot mean “{column[:60]}”: a file of {kind} has {', '.join(sorted(known))}.",
        )
        for header, column in mapping.items()
        if column and column not in known
    ]
    meant = [column for column in mapping.values() if column]
    return faults + [
        Fault("/mapping", "repeated_column", f"Two headers would mean “{column}”.")
        for column in sorted(set(meant))
        if meant.count(column) > 1
    ]


def offer(
    kind: str, header: Sequence[Cell], mapping: Mapping[str, str], remembered: Mapping[str, str]
) -> HeaderOffer:
    """Headers nobody knows and columns nobody named, each with what it may be: what this account said
    the last time first, then what such a header usually means, then what looks alike."""
    names = columns_of(header, mapping)
    known = [column.name for column in COLUMNS[kind]]
    said = {name.lower(): column for name, column in remembered.items()}
    unknown = [
        (plain(cell), name) for cell, name in zip(header, names, strict=True) if name and name not in known
    ]
    free = [name for name in known if name not in names]
    found: dict[str, list[str]] = {}
    for shown, name in unknown:
        bare = _bare(name)
        likely = [said[name]] if name in said else []
        likely += [column for column in free if bare == _bare(column)]
        likely += [column for column in free if bare in _CALLED.get(column, ())]
        likely += difflib.get_close_matches(bare, [_bare(column) for column in free], n=2, cutoff=0.75)
        by_bare = {_bare(column): column for column in free}
        found[shown] = list(
            dict.fromkeys(
                by_bare.get(column, column) for column in likely if by_bare.get(column, column) in free
            )
        )
    return HeaderOffer(
        unknown=[UnknownColumn(header=shown[:200], suggestions=found[shown]) for shown, _ in unknown],
        missing=[
            MissingColumn(
                column=column.name,
                suggestions=[shown[:200] for shown, _ in unknown if column.name in found[shown]],
            )
            for column in COLUMNS[kind]
            if column.required and column.name in free
        ],
        free=free,
    )
