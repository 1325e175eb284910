"""How a figure came about, as a tree that adds up to it. Qt-free.

The server's derivation is read as it comes: what a later regulation adds to it is shown without this
program knowing of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from html import escape
from typing import Any

from sims_desktop.kit.language import later, on_paper, phrase
from sims_desktop.kit.wording import day_words, local, when
from sims_shared.attendance import AttendanceExplained
from sims_shared.grading import AssessmentView, ScoreView
from sims_shared.results import CgpaExplained, RegulationRef, ResultExplained

DASH = "–"


@dataclass(frozen=True, slots=True)
class Node:
    """One step: what it is, its figure, and the rule in words."""

    what: str
    figure: str = ""
    rule: str = ""
    parts: Sequence[Node] = ()


def of_trace(trace: Any) -> list[Node]:
    """The steps of a derivation; what was left out stands beneath with its reason."""
    if not isinstance(trace, dict):
        return []
    parts = [node for part in trace.get("parts", ()) for node in of_trace(part)]
    for row in trace.get("left_out", ()):
        if isinstance(row, dict):
            parts.append(Node(str(row.get("what", "")), phrase("left out"), str(row.get("why", ""))))
    shown, exact = trace.get("shown"), trace.get("exact")
    figure = str(shown if shown is not None else exact or "")
    # The exact fraction stands beside what is printed where the two are not the same figure.
    if shown is not None and exact is not None and not _is_same(str(shown), str(exact)):
        figure = f"{shown}… = {exact}"
    return [Node(str(trace.get("label", "")), figure, str(trace.get("rule", "")), parts)]


def _is_same(shown: str, exact: str) -> bool:
    try:
        return Fraction(shown) == Fraction(exact)
    except (ValueError, ZeroDivisionError):
        return "/" not in exact


def of_cgpa(found: CgpaExplained) -> list[Node]:
    terms = [
        Node(
            found_term.term,
            found_term.sgpa.printed,
            phrase("declared {sgpa}", sgpa=found_term.declared) if found_term.declared is not None else "",
            of_trace(found_term.sgpa.trace),
        )
        for found_term in found.terms
    ]
    rows = [
        Node(
            row.key,
            f"{row.grade or row.outcome} {row.grade_points if row.grade_points is not None else ''}".strip(),
            row.why or row.counts,
        )
        for row in found.rows
    ]
    wanting = [Node(words) for words in found.wanting]
    return [
        *of_trace(found.cgpa.trace),
        Node(phrase("SGPA of each term"), "", "", terms),
        Node(phrase("Every row of the record"), "", "", rows),
        *([Node(phrase("Wanting for the degree"), "", "", wanting)] if wanting else []),
        *_remarks(found.remarks),
        _regulation(found.regulation),
    ]


def of_result(found: ResultExplained) -> list[Node]:
    total = "" if found.total_shown is None else f"{found.total_shown:f}"
    head = Node(
        phrase("Grade"),
        found.grade or found.outcome,
        phrase("total {total}", total=total) if total else "",
        of_trace(found.trace),
    )
    return [head, *_remarks(found.remarks), _regulation(found.regulation)]


def of_attendance(found: AttendanceExplained) -> list[Node]:
    sessions = [
        Node(
            f"{day_words(row.date)} · {row.slot}",
            row.status or phrase("not marked"),
            row.why or ("" if row.counts else phrase("does not count")),
        )
        for row in found.rows
    ]
    return [
        *of_trace(found.trace),
        Node(phrase("Classes"), str(found.total), "", sessions),
        *_remarks(found.remarks),
        _regulation(found.regulation),
    ]


MARKS = {
    "absent": later("absent"),
    "excused": later("excused"),
    "ufm": later("unfair means"),
    "pending": later("pending"),
}


def of_marks(columns: Sequence[AssessmentView], scores: Sequence[ScoreView], now: datetime) -> list[Node]:
    """What stands in each assessment before there is a result, and since when its students see it."""
    held = {score.assessment_id: score for score in scores}
    nodes = []
    for column in columns:
        score = held.get(column.id)
        if score is None or score.mark is None:
            figure = DASH
        elif score.score is None:
            figure = phrase(MARKS.get(score.mark, score.mark))
        else:
            maximum = _short(column.max_score)
            figure = phrase("{score} of {maximum}", score=_short(score.score), maximum=maximum)
        shown = (
            phrase("shown {when}", when=when(column.released_at, now))
            if column.released_at is not None
            else phrase("not shown to the students")
        )
        weight = phrase("weight {weight} %", weight=_short(column.weight))
        nodes.append(Node(column.name, figure, f"{weight} · {shown}"))
    return nodes or [Node(phrase("No mark of this course is shown yet."))]


def _short(value: Decimal) -> str:
    """34 and 34.5, not 34.00."""
    return f"{value.normalize():f}"


def as_text(nodes: Sequence[Node], depth: int = 0) -> str:
    """The tree as lines, for the clipboard and a letter of appeal."""
    lines = []
    for node in nodes:
        rule = f"  ({node.rule})" if node.rule else ""
        figure = f": {node.figure}" if node.figure else ""
        lines.append(f"{'    ' * depth}{node.what}{figure}{rule}")
        if node.parts:
            lines.append(as_text(node.parts, depth + 1))
    return "\n".join(lines)


@on_paper()
def as_paper(title: str, nodes: Sequence[Node], now: datetime) -> str:
    """The tree as a page for a letter of appeal: each step below what it is a part of."""
    return (
        f"<h3>{escape(title)}</h3><p>As the records stood on {local(now):%Y-%m-%d %H:%M}. "
        "An explanation, no document of the university.</p>"
        "<table width='100%' cellspacing='0' cellpadding='3' border='1'><thead><tr><th align='left'>Step</th>"
        "<th align='right'>Figure</th><th align='left'>Rule</th></tr></thead>"
        f"<tbody>{_paper_rows(nodes, 0)}</tbody></table>"
    )


def _paper_rows(nodes: Sequence[Node], depth: int) -> str:
    return "".join(f"{_paper_row(node, depth)}{_paper_rows(node.parts, depth + 1)}" for node in nodes)


def _paper_row(node: Node, depth: int) -> str:
    what = f"{'&nbsp;' * 4 * depth}{escape(node.what)}"
    if not node.figure and not node.rule:  # a sentence, which has the whole width
        return f"<tr><td colspan='3'>{what}</td></tr>"
    return f"<tr><td>{what}</td><td align='right'>{escape(node.figure)}</td><td>{escape(node.rule)}</td></tr>"


def _remarks(remarks: Sequence[str]) -> list[Node]:
    return [Node(phrase("Remark"), "", remark) for remark in remarks]


def _regulation(regulation: RegulationRef) -> Node:
    name = f"{regulation.code} v{regulation.version}"
    return Node(phrase("Regulation"), name, "", [Node(words) for words in regulation.in_words])
