"""A department that joins the university: its files as its office would send them, for the tour.

Its people have names in two scripts. Some of its students came from other departments and bring a record;
they are named by the registration numbers that `write_files` is given.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

ORDER = (
    "departments",
    "programs",
    "courses",
    "terms",
    "accounts",
    "sections",
    "students",
    "enrollments",
    "assessments",
    "scores",
)
LEAD, COLLEAGUE, HEAD = "saima.noor", "kamran.rehman", "zainab.haider"
NAMES = {LEAD: "Dr. Saima Noor", COLLEAGUE: "Kamran Rehman", HEAD: "Prof. Dr. Zainab Haider"}
DEPARTMENT, PROGRAM = "AI", "BSAI"
COURSE, OTHER_COURSE = "AI-210", "AI-110"
SECTION = "A"
_TITLES = {COURSE: "Foundations of Machine Learning", OTHER_COURSE: "Programming for Data Analysis"}

_FRESH = (
    ("Abdullah Khan", "عبداللہ خان"),
    ("Aiman Fatima", "ایمن فاطمہ"),
    ("Ali Raza", "علی رضا"),
    ("Amna Tariq", "آمنہ طارق"),
    ("Danish Iqbal", "دانش اقبال"),
    ("Fahad Mehmood", "فہد محمود"),
    ("Fatima Zahra", "فاطمہ زہرا"),
    ("Hamza Yousaf", "حمزہ یوسف"),
    ("Hira Aslam", "حرا اسلم"),
    ("Iqra Batool", "اقرا بتول"),
    ("Kashif Nawaz", "کاشف نواز"),
    ("Laiba Shahid", "لائبہ شاہد"),
    ("Maryam Javed", "مریم جاوید"),
    ("Muhammad Saad", "محمد سعد"),
    ("Noor ul Ain", "نور العین"),
    ("Rabia Anwar", "رابعہ انور"),
    ("Usama Ghani", "اسامہ غنی"),
    ("Zain Abbas", "زین عباس"),
)


@dataclass(frozen=True, slots=True)
class OpenTerm:
    """The term that runs now."""

    name: str
    start: date
    end: date


def write_files(folder: Path, term: OpenTerm, guests: Sequence[str], password: str) -> dict[str, Path]:
    """One CSV file of each kind in `folder`; `guests` are registration numbers that exist already."""
    folder.mkdir(parents=True, exist_ok=True)
    year = term.start.year
    fresh = [f"{year}-{PROGRAM}-{number:03}" for number in range(1, len(_FRESH) + 1)]
    roster = [*fresh, *guests]
    place = {"term": term.name, "section": SECTION}
    here = {"course_code": COURSE, **place}
    rows: dict[str, list[Mapping[str, object]]] = {
        "departments": [
            {
                "code": DEPARTMENT,
                "name": "Department of Artificial Intelligence",
                "faculty_name": "Faculty of Computing",
            }
        ],
        "programs": [
            {
                "code": PROGRAM,
                "name": "BS Artificial Intelligence",
                "department_code": DEPARTMENT,
                "level": "UG",
                "credits_required": 130,
                "semesters": 8,
            }
        ],
        "courses": [
            {"code": code, "title": title, "credits": 3, "department_code": DEPARTMENT}
            for code, title in _TITLES.items()
        ],
        "terms": [
            {"name": term.name, "start_date": term.start, "end_date": term.end},
            {
                "name": f"Summer {term.end.year}",
                "start_date": term.end + timedelta(days=21),
                "end_date": term.end + timedelta(days=77),
                "kind": "summer",
            },
        ],
        "accounts": [
            {"username": LEAD, "name": NAMES[LEAD], "roles": "faculty", "password": password},
            {"username": COLLEAGUE, "name": NAMES[COLLEAGUE], "roles": "faculty", "password": password},
            {"username": HEAD, "name": NAMES[HEAD], "roles": f"{DEPARTMENT}:head", "password": password},
        ],
        "sections": [
            {**here, "capacity": 40, "faculty": f"{LEAD} {COLLEAGUE}"},
            {"course_code": OTHER_COURSE, **place, "capacity": 40, "faculty": LEAD},
        ],
        "students": [
            {
                "reg_no": reg_no,
                "name": name,
                "name_native": native,
                "program_code": PROGRAM,
                "admitted_on": term.start,
                "batch": year,
            }
            for reg_no, (name, native) in zip(fresh, _FRESH, strict=True)
        ],
        "enrollments": [
            *[{"reg_no": reg_no, **here} for reg_no in roster],
            *[{"reg_no": reg_no, "course_code": OTHER_COURSE, **place} for reg_no in fresh],
        ],
        "assessments": [
            {
                **here,
                "assessment": "Quizzes",
                "type": "quiz",
                "weight": 20,
                "max_score": 20,
                "must_sit": "no",
            },
            {
                **here,
                "assessment": "Midterm",
                "type": "midterm",
                "weight": 30,
                "max_score": 50,
                "must_sit": "no",
            },
            {
                **here,
                "assessment": "Final",
                "type": "final",
                "weight": 50,
                "max_score": 100,
                "must_sit": "yes",
            },
        ],
        "scores": [
            {
                "reg_no": reg_no,
                **here,
                "assessment": assessment,
                "score": "" if absent else score,
                "mark": "absent" if absent else "scored",
            }
            for at, reg_no in enumerate(roster)
            for assessment, score, absent in (
                ("Quizzes", 11 + at * 5 % 9, False),
                ("Midterm", 26 + at * 7 % 22, at == 4),
            )
        ],
    }
    paths = {}
    for kind in ORDER:
        paths[kind] = folder / f"{kind}.csv"
        _write(paths[kind], rows[kind])
    return paths


def write_faulty_scores(path: Path, good: Path) -> None:
    """The same marks, with two slips of the pen: a mark above the maximum, a number nobody has."""
    lines = good.read_text(encoding="utf-8").splitlines()
    lines[1] = lines[1].replace(",11,", ",111,")
    lines[4] = "20X" + lines[4][3:]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
