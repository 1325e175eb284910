"""Real input: turns the Open University Learning Analytics Dataset into the import's own files.

The dataset lies outside the project (CC BY 4.0, J. Kuzilek, M. Hlosta, Z. Zdrahal, Scientific Data
4:170171, 2017). Names are not in it: they are made from the student's number, the same every time.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path

# The order in which they are imported: each refers only to those before it.
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

TUTOR_PASSWORD = "tutors-of-2013-and-2014"

_STARTS = {"B": (2, 1), "J": (10, 1)}
_TYPES = {"TMA": "assignment", "CMA": "quiz", "Exam": "final"}
_FIRST = (
    "Amina",
    "Bilal",
    "Chen",
    "Daniel",
    "Esther",
    "Farah",
    "Grace",
    "Hamza",
    "Irene",
    "Jamal",
    "Kiran",
    "Laila",
    "Maryam",
    "Noah",
    "Omar",
    "Priya",
    "Rosa",
    "Sana",
    "Tomas",
    "Usman",
    "Vera",
    "Wei",
    "Yusuf",
    "Zara",
)
_LAST = (
    "Ahmed",
    "Baker",
    "Chaudhry",
    "Davies",
    "Evans",
    "Farooq",
    "Green",
    "Hussain",
    "Iqbal",
    "Jones",
    "Khan",
    "Lewis",
    "Malik",
    "Novak",
    "Okafor",
    "Patel",
    "Qureshi",
    "Roberts",
    "Shah",
    "Taylor",
    "Umar",
    "Walker",
    "Young",
    "Zafar",
    "Siddiqui",
    "Morris",
    "Rahman",
    "Clarke",
    "Bukhari",
)


def find_dataset() -> Path | None:
    """The folder of the dataset beside the checkout, or None."""
    for parent in Path(__file__).resolve().parents[2:5]:
        folder = parent / "shared" / "data" / "oulad"
        if (folder / "studentAssessment.csv.gz").is_file():
            return folder
    return None


@dataclass(frozen=True)
class Facts:
    """What the dataset's description says of it; an import is held against these."""

    students: int = 28_785
    enrollments: int = 32_593
    withdrawals: int = 10_072
    submitted: int = 173_912
    scored: int = 173_739
    sections: int = 22
    assessments: int = 206
    largest_section: int = 2_498


def _rows(folder: Path, name: str) -> Iterator[dict[str, str]]:
    with gzip.open(folder / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _start(presentation: str) -> date:
    return date(int(presentation[:4]), *_STARTS[presentation[4]])


def _day(presentation: str, days: str) -> str:
    return "" if days in ("", "?") else (_start(presentation) + timedelta(days=int(days))).isoformat()


def made_up_name(number: int) -> str:
    """A name from the student's number, the same every time."""
    return f"{_FIRST[number % len(_FIRST)]} {_LAST[number // len(_FIRST) % len(_LAST)]}"


def scaled_weights(weights: list[Decimal]) -> list[Decimal]:
    """Weights that sum to 100.00 exactly; what is lost below a hundredth goes to the last."""
    total = sum(weights)
    scaled = [(weight * 100 / total).quantize(Decimal("0.01"), ROUND_FLOOR) for weight in weights]
    scaled[-1] += 100 - sum(scaled)
    return scaled


def convert(dataset: Path, target: Path) -> dict[str, Path]:
    """Writes the import's files into `target`; the path of each kind, in the order of `ORDER`."""
    target.mkdir(parents=True, exist_ok=True)
    presentations = [
        (row["code_module"], row["code_presentation"], int(row["module_presentation_length"]))
        for row in _rows(dataset, "courses")
    ]
    modules = sorted({module for module, _, _ in presentations})
    terms = sorted({presentation for _, presentation, _ in presentations})
    made: dict[str, Path] = {}

    def write(kind: str, header: str, rows: Iterable[Iterable[object]]) -> None:
        made[kind] = target / f"{kind}.csv"
        with made[kind].open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(header.split())
            writer.writerows(rows)

    seats: dict[tuple[str, str], int] = {}
    registrations = list(_rows(dataset, "studentRegistration"))
    for row in registrations:
        key = (row["code_module"], row["code_presentation"])
        seats[key] = seats.get(key, 0) + 1
    first_term: dict[str, str] = {}
    for row in _rows(dataset, "studentInfo"):
        number, presentation = row["id_student"], row["code_presentation"]
        first_term[number] = min(presentation, first_term.get(number, presentation))

    write(
        "departments",
        "code name",
        [
            ("OU", "Open University"),
        ],
    )
    write("programs", "code name department_code level", [("OU-OPEN", "Open Degree", "OU", "UG")])
    write(
        "courses",
        "code title credits department_code",
        [(module, f"Module {module}", 4, "OU") for module in modules],
    )
    write(
        "terms",
        "name kind academic_year start_date end_date",
        [
            (
                name,
                "spring" if name[4] == "B" else "fall",
                name[:4],
                _start(name).isoformat(),
                (
                    _start(name)
                    + timedelta(days=max(length for _, other, length in presentations if other == name))
                ).isoformat(),
            )
            for name in terms
        ],
    )
    write(
        "accounts",
        "username name roles password",
        [(f"tutor.{module.lower()}", f"Tutor of {module}", "faculty", TUTOR_PASSWORD) for module in modules],
    )
    write(
        "sections",
        "course_code term section capacity faculty",
        [
            (module, term, "A", seats[module, term], f"tutor.{module.lower()}")
            for module, term, _ in presentations
        ],
    )
    write(
        "students",
        "reg_no name program_code admitted_on",
        [
            (number, made_up_name(int(number)), "OU-OPEN", _start(presentation).isoformat())
            for number, presentation in sorted(first_term.items(), key=lambda item: int(item[0]))
        ],
    )
    write(
        "enrollments",
        "reg_no course_code term section status enrolled_on ended_on",
        (
            (
                row["id_student"],
                row["code_module"],
                row["code_presentation"],
                "A",
                "enrolled" if row["date_unregistration"] in ("", "?") else "withdrawn",
                _day(row["code_presentation"], row["date_registration"]),
                _day(row["code_presentation"], row["date_unregistration"]),
            )
            for row in registrations
        ),
    )

    by_section: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in _rows(dataset, "assessments"):
        by_section.setdefault((row["code_module"], row["code_presentation"]), []).append(row)
    named: dict[str, tuple[str, str, str]] = {}
    assessments: list[tuple[object, ...]] = []
    for (module, term), rows in by_section.items():
        counted: dict[str, int] = {}
        for row, weight in zip(rows, scaled_weights([Decimal(row["weight"]) for row in rows]), strict=True):
            kind = row["assessment_type"]
            counted[kind] = counted.get(kind, 0) + 1
            name = f"{kind} {counted[kind]}"
            named[row["id_assessment"]] = (module, term, name)
            assessments.append((module, term, "A", name, _TYPES[kind], weight, 100, _day(term, row["date"])))
    write("assessments", "course_code term section assessment type weight max_score due_date", assessments)
    write(
        "scores",
        "reg_no course_code term section assessment score",
        (
            (row["id_student"], module, term, "A", name, "" if row["score"] in ("", "?") else row["score"])
            for row in _rows(dataset, "studentAssessment")
            for module, term, name in (named[row["id_assessment"]],)
        ),
    )
    return {kind: made[kind] for kind in ORDER}
