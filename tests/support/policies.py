"""Policies and rows for tests: the three scales of the cases, and a student's record in one line.

The scales are spelled out as the senates print them; a test that needs another clause replaces that
clause only, so that a reader sees what the case is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sims_shared.gpa import CourseRow
from sims_shared.marks import Assessment, Score
from sims_shared.regulations import Policy, check_policy

S1 = [
    ["85", "A", "4.00"],
    ["80", "A-", "3.70"],
    ["75", "B+", "3.30"],
    ["70", "B", "3.00"],
    ["65", "B-", "2.70"],
    ["61", "C+", "2.30"],
    ["58", "C", "2.00"],
    ["55", "C-", "1.70"],
    ["50", "D", "1.00"],
]
S2 = [["80", "A", "4"], ["65", "B", "3"], ["50", "C", "2"], ["40", "D", "1"]]
S3 = [
    ["90", "O", "10"],
    ["80", "A+", "9"],
    ["70", "A", "8"],
    ["60", "B+", "7"],
    ["50", "B", "6"],
    ["40", "C", "5"],
    ["36", "D", "4"],
]
HALF_UP_2 = {"mode": "half_up", "places": 2}


def document(rows: list[list[str]] | None = None, **clauses: Any) -> dict[str, Any]:
    """A policy document on a scale of bands (S1 unless given); other clauses replace the plain ones."""
    base: dict[str, Any] = {
        "code": "TEST-1",
        "version": 1,
        "scale": {"kind": "bands", "rows": rows if rows is not None else S1},
        "gpa": {"sgpa": HALF_UP_2, "cgpa": {"from": "quality_points", **HALF_UP_2}},
    }
    base.update({"pass": clauses.pop("pass_")} if "pass_" in clauses else {})
    base.update(clauses)
    return base


def policy(rows: list[list[str]] | None = None, **clauses: Any) -> Policy:
    """The same, checked."""
    return check_policy(document(rows, **clauses))


def column(id: int, name: str, *, weight: str = "0", of: str = "100", **rest: Any) -> Assessment:
    """An assessment; its type is its name in lower case unless given."""
    rest.setdefault("type", name.lower())
    return Assessment(id=id, name=name, weight=Decimal(weight), max_score=Decimal(of), **rest)


def scored(mark: str | None) -> Score:
    """A cell: marks as text, "ABS", "EXC", "UFM", "PND", or None for a blank."""
    words: Mapping[str, Score] = {
        "ABS": Score("absent"),
        "EXC": Score("excused"),
        "UFM": Score("ufm"),
        "PND": Score("pending"),
    }
    if mark is None:
        return Score()
    return words.get(mark) or Score("scored", Decimal(mark))


def cells(*marks: str | None) -> dict[int, Score]:
    """Cells of the assessments 1, 2, 3 …"""
    return {index: scored(mark) for index, mark in enumerate(marks, start=1)}


def row(course: str, grade: str | None, credits: str = "3", term: int = 1, **rest: Any) -> CourseRow:
    """One attempt; the points come from the policy's scale unless given."""
    rest.setdefault("outcome", _outcome(grade))
    rest.setdefault("key", f"{course}, term {term}")
    points = rest.pop("points", None)
    return CourseRow(
        course=course,
        grade=grade,
        credits=Decimal(credits),
        term=term,
        points=None if points is None else Decimal(points),
        **rest,
    )


def _outcome(grade: str | None) -> str:
    if grade in ("F", "FW", "XF", "WF", "U", "NP"):
        return "fail"
    return {"W": "withdrawn", "WP": "withdrawn", "I": "incomplete", "AU": "audit"}.get(grade or "", "pass")


def base_twelve(term: int = 1) -> list[CourseRow]:
    """Other courses: 12 credits, 36.00 quality points."""
    return [row(f"BASE-{number}", "B", "3", term) for number in range(1, 5)]
