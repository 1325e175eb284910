"""The body of a detailed marks certificate: marks per head, obtained of what, and the total in words."""

from __future__ import annotations

from collections.abc import Iterator

from sims_server.sealing.documents import HeadMarks, MarksRow, MarksSheet
from sims_server.sealing.layout import LEFT, Block, Sheet
from sims_server.sealing.ornament import GREY, INK, PALE

MARK_COLUMNS = (
    ("Cr", 230.0),
    ("Att.", 252.0),
    ("Max", 322.0),
    ("Obtained", 364.0),
    ("Min", 388.0),
    ("Total", 426.0),
    ("%", 450.0),
    ("Grade", 480.0),
    ("Points", 508.0),
)


def marks_blocks(sheet: Sheet, marks: MarksSheet) -> Iterator[Block]:
    """The table of a marks certificate and its totals."""

    def head(y: float) -> None:
        sheet.band(y - 3, 13, PALE)
        sheet.text(LEFT + 6, y - 12.5, "Course", 7.5, weight=600, colour=INK)
        for label, right in MARK_COLUMNS:
            sheet.text(LEFT + right, y - 12.5, label, 6.8, align="right", colour=GREY)

    yield Block(18, head, keep=True)
    for index, row in enumerate(marks.rows):
        yield _marks_row(sheet, f"/marks/rows/{index}", row)

    def total(y: float) -> None:
        sheet.rule(y - 2)
        pieces: list[tuple[str, str | None]] = []
        if marks.obtained:
            pieces += [
                ("Marks obtained ", None),
                (marks.obtained, "/marks/obtained"),
                (" of ", None),
                (marks.maximum, "/marks/maximum"),
                (" (", None),
                (marks.in_words, "/marks/in_words"),
                (")   ", None),
            ]
        pieces += [
            ("SGPA ", None),
            (marks.sgpa, "/marks/sgpa"),
            ("   CGPA ", None),
            (marks.cgpa, "/marks/cgpa"),
        ]
        sheet.flow(LEFT + 6, y - 15, pieces, 8)
        if marks.standing:
            sheet.flow(LEFT + 6, y - 27, [("Status ", None), (marks.standing, "/marks/standing")], 8)

    yield Block(34, total)


def _marks_row(sheet: Sheet, root: str, row: MarksRow) -> Block:
    def head_line(y: float, at: str, head: HeadMarks) -> None:
        sheet.text(LEFT + 260, y, head.head, 7.5, align="left", room=46, colour=GREY, datum=f"{at}/head")
        places = dict(MARK_COLUMNS)
        for name, value, label in (
            ("maximum", head.maximum, "Max"),
            ("obtained", head.obtained, "Obtained"),
            ("minimum", head.minimum, "Min"),
        ):
            sheet.text(LEFT + places[label], y, value, 8, align="right", datum=f"{at}/{name}")

    def draw(y: float) -> None:
        base, places = y - 9, dict(MARK_COLUMNS)
        sheet.text(LEFT + 6, base, row.code, 8, room=54, datum=f"{root}/code")
        sheet.text(LEFT + 62, base, row.title, 8, room=148, datum=f"{root}/title")
        for name, value, label in (
            ("credits", row.credits, "Cr"),
            ("attempt", row.attempt, "Att."),
            ("total", row.total, "Total"),
            ("percentage", row.percentage, "%"),
            ("grade", row.grade, "Grade"),
            ("points", row.points, "Points"),
        ):
            sheet.text(
                LEFT + places[label],
                base,
                value,
                8,
                weight=600 if label == "Grade" else 400,
                align="right",
                datum=f"{root}/{name}",
            )
        for index, mark in enumerate(row.heads):
            head_line(base - 10 * index, f"{root}/heads/{index}", mark)
        under = base - 10
        if row.outcome:
            sheet.text(LEFT + 62, under, row.outcome, 7, colour=GREY, datum=f"{root}/outcome")

    return Block(13.0 + 10 * max(len(row.heads) - 1, 1 if row.outcome else 0), draw)
