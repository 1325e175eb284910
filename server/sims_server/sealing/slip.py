"""The roll-number slip on paper: one page a student, many in one file.

It is drawn with the letters and the frame of the documents and is none of them: nothing here is sealed, the
printed code holds plain text for an invigilator's phone, and the invigilator's own list decides. The rule a
newcomer would get wrong: the record holds no photograph, so the box for it stays empty and says so.
"""

from __future__ import annotations

import io
from collections.abc import Mapping

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from sims_server.sealing.layout import BLACK, LEFT, RED, RIGHT, TOP, WIDE, Sheet, wrap
from sims_server.sealing.lettering import width
from sims_server.sealing.ornament import GREY, INK, PALE, TINT, crest, define_ornaments, microtext_rule
from sims_server.sealing.symbol import draw_symbol
from sims_shared.examinations import ExamSlip, SlipPaper

PHOTO = (35 * mm, 45 * mm)
CODE = 36 * mm
ROW = 17.0
COLUMNS = ((0, "Date"), (92, "Time"), (164, "Course"), (262, "Title"), (424, "Room"))
ENDS = 224.0
"""Above this no row of the table, below it instructions, code and signature."""


class SlipSheet:
    """A slip ready to be drawn, with the text its code holds."""

    def __init__(self, slip: ExamSlip, check_text: str) -> None:
        self.slip = slip
        self.check_text = check_text

    def check_letters(self) -> None:
        """Raises `LetteringMissing` while no page has been begun: half a page cannot be taken back."""
        slip = self.slip
        person = (slip.name, slip.reg_no, slip.roll_no or "", slip.program, slip.term)
        for text in (*person, *slip.waiting, *slip.barred, *slip.remarks):
            width(text, 8)
        for paper in slip.papers:
            for text in (
                paper.course_code,
                paper.course_title,
                paper.section_code,
                paper.part,
                paper.room or "",
            ):
                width(text, 8)


class Slips(Sheet):
    """A file of slips. `frame` has what all of them say alike: institution, office, instructions. Raises
    `LetteringMissing` before there is a page."""

    def __init__(self, frame: Mapping[str, str]) -> None:
        for text in (*frame.values(), frame["institution"].upper()):
            width(text, 8)
        self.frame = frame
        self.buffer = io.BytesIO()
        super().__init__(Canvas(self.buffer, pagesize=A4, pageCompression=1, lang="en", invariant=1))
        self.canvas._make_preamble = lambda: setattr(self.canvas, "_preamble", "1 0 0 1 0 0 cm")
        self.canvas._make_preamble()
        self.canvas.setTitle("Roll-number slips")
        self.canvas.setAuthor(frame["institution"])
        self.canvas.setCreator("SIMS")
        define_ornaments(self.canvas, A4, WIDE, f"{frame['institution'].upper()} · ")

    def add(self, sheet: SlipSheet) -> None:
        """One page."""
        self._background()
        self._heading(sheet.slip)
        self._person(sheet.slip)
        self._papers(sheet.slip)
        self._foot(sheet)
        self.canvas.showPage()

    def finish(self) -> bytes:
        # The canvas registers Helvetica whether it is used or not; everything printed is embedded.
        self.canvas._doc.idToObject["BasicFonts"].dict.pop("F1", None)
        self.canvas.save()
        return self.buffer.getvalue()

    # -- parts ------------------------------------------------------------------------------------

    def _background(self) -> None:
        self.canvas.doForm("frame")
        if self.frame["demo"]:
            self.canvas.saveState()
            self.canvas.translate(A4[0] / 2, A4[1] / 2)
            self.canvas.rotate(32)
            self.text(0, 0, self.frame["demo"], 92, weight=600, align="center", colour=(0.955, 0.88, 0.88))
            self.canvas.restoreState()

    def _heading(self, slip: ExamSlip) -> None:
        frame = self.frame
        crest(self.canvas, LEFT, TOP - 52, 48)
        self.text(LEFT + 58, TOP - 18, frame["institution"].upper(), 16, weight=600, room=300, colour=INK)
        self.text(LEFT + 58, TOP - 32, frame["office"], 8.5, weight=600, room=300)
        self.text(LEFT + 58, TOP - 44, frame["address"], 7, room=300, colour=GREY)
        if frame["institution_native"]:
            self.text(RIGHT, TOP - 18, frame["institution_native"], 13, align="right", room=130, colour=INK)
        microtext_rule(self.canvas, LEFT, TOP - 58)
        self.band(TOP - 62, 20, INK)
        self.text(LEFT + 8, TOP - 76, "ROLL-NUMBER SLIP", 10.5, weight=600, colour=(1, 1, 1))
        words = f"Examinations of {slip.term}"
        self.text(RIGHT - 8, TOP - 76, words, 10.5, weight=600, align="right", colour=(1, 1, 1), room=300)

    def _person(self, slip: ExamSlip) -> None:
        wide, high = PHOTO
        top = TOP - 92
        self.canvas.setStrokeColorRGB(*GREY)
        self.canvas.setLineWidth(0.6)
        self.canvas.rect(RIGHT - wide, top - high, wide, high, stroke=1, fill=0)
        for line, words in enumerate(
            ("Photograph", "(none on record:", "paste one here and", "have it attested)")
        ):
            self.text(RIGHT - wide / 2, top - 54 - 10 * line, words, 7, align="center", colour=GREY)
        room = WIDE - wide - 20
        self.text(LEFT, top - 14, slip.name, 15, weight=600, room=room)
        y = top - 40
        facts = (
            ("Roll number", slip.roll_no or slip.reg_no, 15.0),
            ("Registration no.", slip.reg_no, 10.0),
            ("Program", slip.program, 10.0),
        )
        for label, value, size in facts:
            self.text(LEFT, y, label, 8, colour=GREY)
            self.text(LEFT + 84, y, value, size, weight=600, room=room - 84)
            y -= 22

    def _papers(self, slip: ExamSlip) -> None:
        y = TOP - 92 - PHOTO[1] - 16
        self.band(y, 16, PALE)
        for x, title in COLUMNS:
            self.text(LEFT + 6 + x, y - 11.5, title, 8, weight=600, colour=INK)
        y -= 16
        after = self._after(slip)
        high = min(ROW, (y - ENDS - 11 * len(after)) / max(1, len(slip.papers)))
        size = min(8.5, high - 3)
        for paper in slip.papers:
            self._row(paper, y - high / 2 - size / 3, size)
            y -= high
            self.rule(y, TINT, 0.4)
        y -= 14
        for words, colour in after:
            self.text(LEFT + 6, y, words, 8, colour=colour, room=WIDE - 12)
            y -= 11

    def _row(self, paper: SlipPaper, y: float, size: float) -> None:
        course = " ".join(word for word in (paper.course_code, paper.section_code, paper.part) if word)
        if paper.held_on is None or paper.starts_at is None or paper.minutes is None:
            cells = ("to be announced", "", course, paper.course_title, "")
        else:
            hours, minutes = (int(part) for part in paper.starts_at.split(":"))
            ends = hours * 60 + minutes + paper.minutes
            time = f"{paper.starts_at} – {ends // 60:02d}:{ends % 60:02d}"
            room = paper.room or "to be announced"
            cells = (f"{paper.held_on:%a %d %b %Y}", time, course, paper.course_title, room)
        edges = [x for x, _ in COLUMNS[1:]] + [WIDE - 6]
        for (x, title), cell, edge in zip(COLUMNS, cells, edges, strict=True):
            weight = 600 if title in ("Date", "Time", "Room") else 400
            self.text(LEFT + 6 + x, y, cell, size, weight=weight, room=edge - x - 6)

    def _after(self, slip: ExamSlip) -> list[tuple[str, tuple[float, float, float]]]:
        """What is said below the table: what is not on it, and why."""
        said = []
        if slip.waiting:
            said += [
                (line, BLACK)
                for line in wrap(
                    f"Not on this slip, because who may sit is not notified yet: {', '.join(slip.waiting)}.",
                    8,
                    WIDE - 12,
                )
            ]
        if slip.barred:
            words = f"Barred by the notified list: {', '.join(slip.barred)}."
            said += [(line, BLACK) for line in wrap(words, 8, WIDE - 12)]
        for remark in slip.remarks:
            said += [(line, RED) for line in wrap(remark, 8, WIDE - 12)]
        return said[:6]

    def _foot(self, sheet: SlipSheet) -> None:
        slip, frame = sheet.slip, self.frame
        top = ENDS - 10
        self.rule(top)
        self.text(LEFT, top - 13, "Instructions", 8.5, weight=600, colour=INK)
        y, room = top - 26, WIDE - CODE - 24
        for number, instruction in enumerate(frame["instructions"].splitlines(), 1):
            for place, line in enumerate(wrap(instruction, 8, room - 14)):
                if y > 88:
                    if place == 0:
                        self.text(LEFT, y, f"{number}.", 8)
                    self.text(LEFT + 14, y, line, 8, room=room - 14)
                y -= 10.5
        draw_symbol(self.canvas, sheet.check_text, RIGHT - CODE, top - CODE - 10, CODE)
        middle = RIGHT - CODE / 2
        self.text(middle, top - CODE - 20, "This slip in plain text", 6.5, align="center", colour=GREY)
        self.canvas.setStrokeColorRGB(*BLACK)
        self.canvas.setLineWidth(0.5)
        self.canvas.line(RIGHT - 170, 62, RIGHT, 62)
        self.text(RIGHT, 53, "Controller of Examinations", 7.5, align="right")
        self.text(LEFT, 62, f"Printed {frame['as_of']} for {slip.reg_no}.", 7, colour=GREY)
        self.text(
            LEFT, 53, "Not a sealed document: the invigilator's list decides who sits where.", 7, colour=GREY
        )
