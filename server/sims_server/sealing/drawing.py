"""The page: content laid out on A4, drawn on a canvas.

Blocks have known heights, so pages are cut first and drawn then; "page x of y" stands on each
without a second run. Every line that prints a datum says which (`datum`, a JSON pointer into the
content), and the verifier reads them back: paper that differs from the data is refused. Nothing here
reaches a markup-reading paragraph, so a name like `<b>` prints as it is.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import NamedTuple

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from sims_server.sealing.documents import Content, CourseRow, TermBlock
from sims_server.sealing.layout import BLACK, BOTTOM, LEFT, RED, RIGHT, TOP, WIDE, Block, Sheet, wrap
from sims_server.sealing.lettering import width
from sims_server.sealing.marks_table import marks_blocks
from sims_server.sealing.ornament import (
    GREY,
    INK,
    PALE,
    TINT,
    crest,
    define_ornaments,
    microtext_rule,
)
from sims_server.sealing.symbol import SIDE, Code, draw_symbol

TITLES = {
    "transcript": "TRANSCRIPT",
    "dmc": "DETAILED MARKS CERTIFICATE",
    "provisional": "PROVISIONAL CERTIFICATE",
    "bonafide": "BONAFIDE LETTER",
}


class Unofficial(NamedTuple):
    """What an unofficial copy carries instead of a seal: the address of its 48-hour token, and until
    when it is valid, in words."""

    address: str
    valid_until: str


def draw_document(content: Content, code: Code | None, unofficial: Unofficial | None = None) -> bytes:
    """The PDF of a content, not sealed yet (about 8 ms). Give the code of what will be sealed, or the
    token of an unofficial copy. Raises `LetteringMissing` for letters that no installed face has."""
    return _Document(content, code, unofficial).draw()


class _Document(Sheet):
    def __init__(self, content: Content, code: Code | None, unofficial: Unofficial | None) -> None:
        self.content = content
        self.code = code
        self.unofficial = unofficial
        self.buffer = io.BytesIO()
        super().__init__(Canvas(self.buffer, pagesize=A4, pageCompression=1, lang="en", invariant=1))
        self.canvas._make_preamble = lambda: setattr(self.canvas, "_preamble", "1 0 0 1 0 0 cm")
        self.canvas._make_preamble()
        self.phrase = f"{content.issuer.name.upper()} · "

    # -- pages ------------------------------------------------------------------------------------

    def draw(self) -> bytes:
        content = self.content
        self.canvas.setTitle(f"{self.title()} {content.serial} – {content.holder.name}")
        self.canvas.setAuthor(content.issuer.name)
        self.canvas.setSubject(f"{content.registration.reg_no} {content.registration.program}")
        self.canvas.setCreator("SIMS")
        define_ornaments(self.canvas, A4, WIDE, self.phrase)
        closing = self.closing()
        pages = self.cut(list(self.blocks()), closing.height)
        count = len(pages) + 1
        for number, (first_y, blocks) in enumerate(pages, 1):
            self.frame(number, count)
            y = first_y
            if number == 1:
                self.heading()
            for block in blocks:
                block.draw(y)
                y -= block.height
            if number == len(pages):
                self.strike(y, BOTTOM + closing.height)
                closing.draw(BOTTOM + closing.height)
            else:
                self.text(
                    (LEFT + RIGHT) / 2, BOTTOM - 4, "continued overleaf", 7, align="center", colour=GREY
                )
            self.canvas.showPage()
        self.attestation(count)
        # The canvas registers Helvetica whether it is used or not; everything printed is embedded.
        self.canvas._doc.idToObject["BasicFonts"].dict.pop("F1", None)
        self.canvas.save()
        return self.buffer.getvalue()

    def cut(self, blocks: list[Block], closing: float) -> list[tuple[float, list[Block]]]:
        """Blocks to pages, with the y each page starts at; the last page keeps room for the closing."""
        first, later = TOP - self.heading_height(), TOP - 44.0
        pages: list[tuple[float, list[Block]]] = [(first, [])]
        y = first
        place = 0
        while place < len(blocks):
            end = place + 1
            while blocks[end - 1].keep and end < len(blocks):
                end += 1
            group = blocks[place:end]
            height = sum(block.height for block in group)
            if y - height < BOTTOM + 12 and pages[-1][1]:
                pages.append((later, []))
                y = later
                if group[0].above:
                    group.insert(0, Block(*group[0].above))
                    height += group[0].height
            pages[-1][1].extend(group)
            y -= height
            place = end
        if y - closing - 8 < BOTTOM:
            # What is said last moves along, so that the closing never stands on an empty page.
            moved: list[Block] = []
            while pages[-1][1] and (not moved or pages[-1][1][-1].keep or len(moved) < 2):
                moved.insert(0, pages[-1][1].pop())
            if moved[0].above:
                moved.insert(0, Block(*moved[0].above))
            pages.append((later, moved))
        return pages

    def title(self) -> str:
        return TITLES.get(self.content.document, self.content.document.upper())

    def frame(self, number: int, count: int) -> None:
        content, canvas = self.content, self.canvas
        canvas.doForm("frame")
        for text, wanted in (("DEMO", content.demo), ("UNOFFICIAL", self.unofficial is not None)):
            if wanted:
                canvas.saveState()
                canvas.translate(A4[0] / 2, A4[1] / 2 + (130 if text == "DEMO" else -110))
                canvas.rotate(32)
                self.text(0, 0, text, 92, weight=600, align="center", colour=(0.955, 0.88, 0.88))
                canvas.restoreState()
        # The serial and the page stand on each sheet, so that sheets of two documents cannot be mixed.
        foot = 36.0
        x = LEFT + self.text(LEFT, foot, "Serial ", 7, colour=GREY)
        self.text(x, foot, content.serial, 7, weight=600, datum="/serial")
        self.text(RIGHT, foot, f"Page {number} of {count}", 7, weight=600, align="right")
        words = "Errors and omissions excepted. Not valid without seal and serial."
        if self.unofficial:
            words = (
                f"UNOFFICIAL COPY – not valid as a record. Code valid until {self.unofficial.valid_until}."
            )
        elif content.demo:
            words = "DEMO – sealed with a demonstration key, not a valid document."
        self.text(
            A4[0] / 2, foot, words, 7, align="center", colour=RED if self.unofficial or content.demo else GREY
        )
        if number > 1:
            y = TOP - 14
            x = LEFT + self.text(LEFT, y, content.holder.name, 9, weight=600, room=250, datum="/holder/name")
            self.text(x + 8, y, content.registration.reg_no, 8, datum="/registration/reg_no")
            self.text(RIGHT, y, self.title(), 8, weight=600, align="right", colour=INK)
            microtext_rule(canvas, LEFT, y - 8)

    # -- heading ----------------------------------------------------------------------------------

    def facts(self) -> list[tuple[str, list[tuple[str, str | None]]]]:
        content = self.content
        registration = content.registration
        found: list[tuple[str, list[tuple[str, str | None]]]] = [
            ("Registration no.", [(registration.reg_no, "/registration/reg_no")]),
            ("Program", [(registration.program, "/registration/program")]),
        ]
        if content.holder.father_name:
            found.append(("Father's name", [(content.holder.father_name, "/holder/father_name")]))
        if registration.roll_no:
            found.append(("Roll no.", [(registration.roll_no, "/registration/roll_no")]))
        level = [part for part in (registration.level, registration.mode) if part]
        if level:
            found.append(("Level and mode", [(", ".join(level), None)]))
        found.append(("Intake", [(registration.intake, "/registration/intake")]))
        if registration.admitted_on:
            found.append(("Admitted on", [(registration.admitted_on, "/registration/admitted_on")]))
        if registration.completed_on:
            completed: list[tuple[str, str | None]] = [
                (registration.completed_on, "/registration/completed_on")
            ]
            if registration.notification:
                completed += [
                    (" vide ", None),
                    (registration.notification.number, "/registration/notification/number"),
                    (" of ", None),
                    (registration.notification.date, "/registration/notification/date"),
                ]
            found.append(("Completed on", completed))
        if registration.requirement:
            found.append(("Requirement", [(registration.requirement, "/registration/requirement")]))
        if content.marks:
            found.append(("Examination", [(content.marks.examination, "/marks/examination")]))
            if content.marks.exam_roll:
                found.append(("Exam roll", [(content.marks.exam_roll, "/marks/exam_roll")]))
            if content.marks.attempt:
                found.append(("Attempt", [(content.marks.attempt, "/marks/attempt")]))
            if content.marks.notification:
                found.append(
                    (
                        "Result declared",
                        [
                            (content.marks.notification.date, "/marks/notification/date"),
                            (" vide ", None),
                            (content.marks.notification.number, "/marks/notification/number"),
                        ],
                    )
                )
        found.append(("Issued on", [(content.issued_on, "/issued_on")]))
        if content.valid_until:
            found.append(("Valid until", [(content.valid_until, "/valid_until")]))
        return found

    def heading_height(self) -> float:
        return (
            114.0
            + 12.5 * ((len(self.facts()) + 1) // 2)
            + 12 * (bool(self.notes()) + bool(self.content.remark))
        )

    def notes(self) -> list[str]:
        content = self.content
        notes = []
        if content.kind != "original":
            notes.append(
                content.kind.upper() + (f" – replaces {content.replaces}" if content.replaces else "")
            )
        if content.copies > 1:
            notes.append(f"Copy {content.copy} of {content.copies}")
        if content.document == "bonafide":  # its text says to whom and for what
            return notes
        if content.addressee:
            notes.append(f"To: {content.addressee}")
        if content.purpose:
            notes.append(f"Purpose: {content.purpose}")
        return notes

    def heading(self) -> None:
        content, issuer = self.content, self.content.issuer
        crest(self.canvas, LEFT, TOP - 52, 48)
        self.text(LEFT + 58, TOP - 18, issuer.name.upper(), 16, weight=600, room=300, colour=INK)
        self.text(LEFT + 58, TOP - 32, issuer.office, 8.5, weight=600, room=300)
        contact = " · ".join(part for part in (issuer.address, issuer.phone, issuer.url) if part)
        self.text(LEFT + 58, TOP - 44, contact, 7, room=300, colour=GREY)
        if issuer.name_native:
            self.text(RIGHT, TOP - 18, issuer.name_native, 13, align="right", room=130, colour=INK)
        self.text(RIGHT, TOP - 34, "Serial", 7, align="right", colour=GREY)
        self.text(RIGHT, TOP - 46, content.serial, 11, weight=600, align="right", datum="/serial")
        microtext_rule(self.canvas, LEFT, TOP - 58)
        self.band(TOP - 62, 20, INK)
        prefix = "UNOFFICIAL COPY – " if self.unofficial else "OFFICIAL "
        state = ""
        if content.document == "transcript":
            state = " – COMPLETE" if content.complete else " – PROGRAM IN PROGRESS"
        title = prefix + self.title() + state
        self.text(LEFT + 8, TOP - 76, title, 10.5, weight=600, colour=(1, 1, 1))
        if content.demo:
            self.text(RIGHT - 8, TOP - 76, "DEMO", 10.5, weight=600, align="right", colour=(1, 0.8, 0.8))
        y = TOP - 100
        self.text(LEFT, y, content.holder.name, 14, weight=600, room=320, datum="/holder/name")
        named_at = y
        y -= 16
        if self.notes():
            self.text(LEFT, y, " · ".join(self.notes()), 7.5, room=WIDE, colour=GREY)
            y -= 12
        if content.remark:
            self.text(LEFT, y, content.remark, 8, weight=600, room=WIDE, colour=RED, datum="/remark")
            y -= 12
        facts = self.facts()
        half = (len(facts) + 1) // 2
        for index, (label, pieces) in enumerate(facts):
            x = LEFT if index < half else LEFT + WIDE / 2 + 6
            line = y - 12.5 * (index % half)
            self.text(x, line, label, 7.5, colour=GREY)
            room = WIDE / 2 - 80
            if len(pieces) == 1:
                self.text(x + 74, line, pieces[0][0], 8.5, weight=600, room=room, datum=pieces[0][1])
            else:
                self.flow(x + 74, line, pieces, 8)
        # Drawn by itself, not after the Latin name: readers order the words of one line together.
        if content.holder.name_native:
            native = content.holder.name_native
            self.text(RIGHT, named_at, native, 14, align="right", room=180, datum="/holder/name_native")
        self.rule(y - 12.5 * half + 5, TINT)

    # -- body -------------------------------------------------------------------------------------

    def blocks(self) -> Iterator[Block]:
        content = self.content
        for index in range(len(content.transfers)):
            yield self.transfer(index)
        for index, term in enumerate(content.terms):
            yield from self.term(f"/terms/{index}", term)
        if content.marks:
            yield from marks_blocks(self, content.marks)
        for index, statement in enumerate(content.statements):
            yield self.statement(f"/statements/{index}", statement)
        yield Block(20, self.end_line)

    def statement(self, root: str, statement: str) -> Block:
        lines = wrap(statement, 10.5, WIDE - 24)

        def draw(y: float) -> None:
            for index, line in enumerate(lines):
                self.text(LEFT + 12, y - 22 - 17 * index, line, 10.5, datum=root, room=WIDE - 24)

        return Block(14 + 17 * len(lines), draw)

    def transfer(self, index: int) -> Block:
        block, root = self.content.transfers[index], f"/transfers/{index}"
        lines = -(-len(block.rows) // 2)

        def draw(y: float) -> None:
            self.band(y - 2, 13, PALE)
            x = LEFT + 6 + self.text(LEFT + 6, y - 11.5, "TRANSFER CREDIT  ", 8, weight=600, colour=INK)
            self.flow(
                x,
                y - 11.5,
                [
                    (block.institution, f"{root}/institution"),
                    ("  ref ", None),
                    (block.reference, f"{root}/reference"),
                ],
                7.5,
            )
            total = f"{root}/credits"
            self.text(RIGHT - 6, y - 11.5, block.credits, 8, weight=600, align="right", datum=total)
            self.text(RIGHT - 20, y - 11.5, "Credits", 7.5, align="right", colour=GREY)
            for place, row in enumerate(block.rows):
                x = LEFT + 6 + (place % 2) * WIDE / 2
                line = y - 24 - 10.5 * (place // 2)
                at = f"{root}/rows/{place}"
                self.text(x, line, row.title, 8, room=WIDE / 2 - 70, datum=f"{at}/title")
                end = LEFT + (place % 2 + 1) * WIDE / 2 - 12
                self.text(end - 24, line, row.credits, 8, align="right", datum=f"{at}/credits")
                self.text(end, line, row.grade, 8, align="right", weight=600, datum=f"{at}/grade")

        return Block(22 + 10.5 * lines, draw)

    COLUMNS = (("Credits", 338.0), ("Marks", 378.0), ("Grade", 412.0), ("Points", 448.0), ("Quality", 488.0))

    def term(self, root: str, term: TermBlock) -> Iterator[Block]:
        def head(y: float) -> None:
            self.band(y - 3, 13, PALE)
            self.text(LEFT + 6, y - 12.5, term.name, 8.5, weight=600, colour=INK, datum=f"{root}/name")
            for label, right in self.COLUMNS:
                self.text(LEFT + right, y - 12.5, label, 6.8, align="right", colour=GREY)

        def head_again(y: float) -> None:
            head(y)
            x = LEFT + 6 + width(term.name, 8.5, 600)
            self.text(x + 5, y - 12.5, "continued", 7, colour=GREY)

        yield Block(18, head, keep=True)
        for index, row in enumerate(term.rows):
            keep = index == 0 or index >= len(term.rows) - 2
            block = self.course(f"{root}/rows/{index}", row, keep=keep)
            yield block._replace(above=(18, head_again))

        def line(y: float) -> None:
            self.canvas.setStrokeColorRGB(*TINT)
            self.canvas.setLineWidth(0.4)
            self.canvas.line(LEFT + 6, y - 1, RIGHT, y - 1)
            if term.notification:
                self.flow(
                    LEFT + 6,
                    y - 10.5,
                    [
                        ("Notification ", None),
                        (term.notification.number, f"{root}/notification/number"),
                        (" of ", None),
                        (term.notification.date, f"{root}/notification/date"),
                    ],
                    6.8,
                )
            elif term.recorded:
                self.text(LEFT + 6, y - 10.5, "Averages as recorded", 6.8)
            right = RIGHT - 23
            for label, value, name in (
                ("CGPA", term.cgpa, "cgpa"),
                ("SGPA", term.sgpa, "sgpa"),
                ("Quality points", term.quality_points, "quality_points"),
                ("GPA credits", term.gpa_credits, "gpa_credits"),
            ):
                if value:
                    right -= self.text(
                        right, y - 10.5, value, 8, weight=600, align="right", datum=f"{root}/{name}"
                    )
                    right -= self.text(right - 4, y - 10.5, label, 7, align="right", colour=GREY) + 16

        yield Block(15, line)

    def course(self, root: str, row: CourseRow, *, keep: bool) -> Block:
        titles = wrap(row.title, 8, 236) or [row.title]

        def draw(y: float) -> None:
            base = y - 8.6
            self.text(LEFT + 6, base, row.code, 8, room=58, datum=f"{root}/code")
            for index, title in enumerate(titles):
                self.text(LEFT + 68, base - 9 * index, title, 8, room=236, datum=f"{root}/title")
            columns = dict(self.COLUMNS)
            if row.split:
                split = self.text(
                    LEFT + columns["Credits"], base, f"({row.split})", 6.5, align="right", colour=GREY
                )
            else:
                split = 0.0
            self.text(
                LEFT + columns["Credits"] - (split + 2 if split else 0),
                base,
                row.credits,
                8,
                align="right",
                datum=f"{root}/credits",
            )
            self.text(LEFT + columns["Marks"], base, row.marks, 8, align="right", datum=f"{root}/marks")
            self.text(
                LEFT + columns["Grade"] - 9,
                base,
                row.grade,
                8,
                weight=600,
                align="center",
                datum=f"{root}/grade",
            )
            self.text(LEFT + columns["Points"], base, row.points, 8, align="right", datum=f"{root}/points")
            self.text(
                LEFT + columns["Quality"],
                base,
                row.quality_points,
                8,
                align="right",
                datum=f"{root}/quality_points",
            )
            self.text(
                LEFT + 493, base, row.mark, 7, weight=600, room=WIDE - 493, datum=f"{root}/mark", colour=INK
            )
            if row.note:
                self.text(
                    LEFT + 68,
                    base - 9 * len(titles),
                    row.note,
                    6.8,
                    room=WIDE - 68,
                    colour=GREY,
                    datum=f"{root}/note",
                )

        return Block(10.6 + 9 * (len(titles) - 1) + (9 if row.note else 0), draw, keep)

    def summary_height(self) -> float:
        summary = self.content.summary
        if summary is None:
            return 0.0
        return 42.0 + (9 if summary.derivation or summary.division or summary.rank else 0)

    def summary(self, top: float, room: float) -> None:
        summary = self.content.summary
        if summary is None:
            return
        cells = [
            ("Attempted", summary.attempted, "attempted"),
            ("GPA credits", summary.gpa_credits, "gpa_credits"),
            ("Earned", summary.earned, "earned"),
            ("Transferred", summary.transferred, "transferred"),
            ("Quality points", summary.quality_points, "quality_points"),
            ("CGPA", summary.cgpa, "cgpa"),
        ]
        height = 30.0
        self.canvas.setStrokeColorRGB(*INK)
        self.canvas.setLineWidth(0.7)
        self.canvas.rect(LEFT, top - height, room, height, stroke=1, fill=0)
        step = room / len(cells)
        for index, (label, value, name) in enumerate(cells):
            x = LEFT + step * (index + 0.5)
            self.text(x, top - 11, label, 6.8, align="center", colour=GREY, room=step - 6)
            large = name == "cgpa"
            self.text(
                x,
                top - 24,
                value,
                12 if large else 10,
                weight=600,
                align="center",
                room=step - 6,
                datum=f"/summary/{name}",
                colour=INK if large else BLACK,
            )
        pieces: list[tuple[str, str | None]] = []
        for label, value, name in (
            ("CGPA is ", summary.derivation, "derivation"),
            ("Division ", summary.division, "division"),
            ("Rank ", summary.rank, "rank"),
        ):
            if value:
                pieces += [(label, None), (value, f"/summary/{name}"), ("   ", None)]
        self.flow(LEFT, top - height - 9, pieces, 6.8)

    def end_line(self, y: float) -> None:
        words = f"END OF {self.title()}"
        room = width(words, 8, 600)
        self.canvas.setStrokeColorRGB(*INK)
        self.canvas.setLineWidth(0.6)
        middle = (LEFT + RIGHT) / 2
        self.canvas.line(LEFT, y - 10, middle - room / 2 - 8, y - 10)
        self.canvas.line(middle + room / 2 + 8, y - 10, RIGHT, y - 10)
        self.text(middle, y - 12.8, words, 8, weight=600, align="center", colour=INK)

    def strike(self, top: float, bottom: float) -> None:
        """Strikes out what stays empty, so that nothing can be typed into it."""
        if top - bottom < 16:
            return
        self.canvas.setStrokeColorRGB(*GREY)
        self.canvas.setLineWidth(0.6)
        self.canvas.line(LEFT, bottom + 6, RIGHT, top - 4)

    # -- closing ----------------------------------------------------------------------------------

    def closing(self) -> Block:
        content = self.content
        side = SIDE if self.code else 30 * mm
        beside = WIDE - side - 18
        legend = [
            (index, line) for index, text in enumerate(content.legend) for line in wrap(text, 6.8, beside)
        ]
        signed = content.signatories and not self.unofficial
        summed = self.summary_height()
        height = max(side + 38, 24 + summed + 8.6 * len(legend) + (66 if signed else 10))

        def draw(y: float) -> None:
            self.rule(y)
            self.summary(y - 7, beside)
            if legend:
                self.text(LEFT, y - summed - 13, "Legend", 7.5, weight=600, colour=INK)
            line = y - summed - 22.5
            for index, text in legend:
                self.text(LEFT, line, text, 6.8, room=beside, datum=f"/legend/{index}")
                line -= 8.6
            self.code_block(y, side)
            if signed:
                self.signatures(y - height + 28, beside)

        return Block(height, draw)

    def code_block(self, y: float, side: float) -> None:
        x = RIGHT - side
        address = self.code.address if self.code else self.unofficial.address if self.unofficial else ""
        if address:
            draw_symbol(self.canvas, address, x, y - side - 6, side)
        middle = x + side / 2
        if self.code:
            self.text(middle, y - side - 15, "Scan, or type", 6.5, align="center", colour=GREY)
            self.text(middle, y - side - 23.5, self.code.short, 6.5, align="center", room=side, weight=600)
            x0 = middle - width(f"check code {self.code.check}", 6.5) / 2
            x0 += self.text(x0, y - side - 32, "check code ", 6.5, colour=GREY)
            self.text(x0, y - side - 32, self.code.check, 6.5, weight=600)
        elif self.unofficial:
            self.text(middle, y - side - 15, "valid until", 6.5, align="center", colour=GREY)
            self.text(middle, y - side - 23.5, self.unofficial.valid_until, 6.5, align="center", weight=600)

    def signatures(self, y: float, room: float) -> None:
        people = self.content.signatories
        step = room / len(people)
        for index, person in enumerate(people):
            x = LEFT + step * index
            self.canvas.setStrokeColorRGB(*BLACK)
            self.canvas.setLineWidth(0.5)
            self.canvas.line(x, y, x + step - 12, y)
            self.text(x, y - 9, person.role, 7, colour=GREY, room=step - 12)
            self.text(x, y - 17.5, person.name, 7.5, weight=600, room=step - 12)
            self.text(x, y - 25, person.designation, 6.5, colour=GREY, room=step - 12)

    def attestation(self, count: int) -> None:
        """The back page: empty on purpose, for stamps."""
        self.frame(count, count)
        top = TOP - 44
        self.text(
            A4[0] / 2,
            top,
            "This page is left blank for attestation. Do not laminate.",
            8,
            align="center",
            colour=GREY,
        )
        self.canvas.showPage()
