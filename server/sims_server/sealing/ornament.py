"""Lines that please: border, rosette and microtext, all vector, made once per process.

They claim no security. A copier reproduces them, and what convinces is the seal and the code.
"""

from __future__ import annotations

import functools
import math
import zlib

from reportlab.pdfbase import pdfdoc
from reportlab.pdfgen.canvas import Canvas

from sims_server.sealing.lettering import UNITS, shape

INK = (0.09, 0.18, 0.36)
TINT = (0.80, 0.85, 0.92)
PALE = (0.93, 0.95, 0.98)
GREY = (0.35, 0.38, 0.44)


def _polyline(points: list[tuple[float, float]]) -> str:
    first, *rest = points
    return f"{first[0]:.1f} {first[1]:.1f} m " + " ".join(f"{x:.1f} {y:.1f} l" for x, y in rest) + " S"


@functools.cache
def rosette(radius: float) -> str:
    """Path operators of a rosette around the origin, stroked in the current colour."""
    parts = []
    for ring, (petals, depth, turns) in enumerate(((18, 0.16, 7), (24, 0.10, 11), (12, 0.22, 5))):
        size = radius * (1 - 0.24 * ring)
        points = []
        for step in range(721):
            angle = 2 * math.pi * step / 720 * turns
            reach = size * (1 - depth + depth * math.cos(petals / turns * angle + ring))
            points.append((reach * math.cos(angle), reach * math.sin(angle)))
        parts.append(_polyline(points))
    return " ".join(parts)


@functools.cache
def border(width: float, height: float, amplitude: float = 3.2, length: float = 14.0) -> str:
    """Path operators of two interlaced waves around a rectangle with its corner at the origin."""
    parts = []
    for phase in (0.0, math.pi):
        for along, fixed in ((width, 0.0), (width, height)):
            waves = round(along / length)
            points = [
                (along * step / (waves * 8), fixed + amplitude * math.sin(2 * math.pi * step / 8 + phase))
                for step in range(waves * 8 + 1)
            ]
            parts.append(_polyline(points))
        for fixed in (0.0, width):
            waves = round(height / length)
            points = [
                (fixed + amplitude * math.sin(2 * math.pi * step / 8 + phase), height * step / (waves * 8))
                for step in range(waves * 8 + 1)
            ]
            parts.append(_polyline(points))
    return " ".join(parts)


@functools.lru_cache(maxsize=32)
def microtext(text: str, size: float) -> tuple[str, float]:
    """Outlines of a line and its width, so that it is drawn and never read as text."""
    parts, along = [f"q {size / UNITS:.6f} 0 0 {size / UNITS:.6f} 0 0 cm"], 0.0
    for run in shape(text, 600):
        for glyph in run.glyphs:
            path = run.face.outline(glyph.id)
            if path:
                parts.append(f"q 1 0 0 1 {along + glyph.dx:.0f} {glyph.dy:.0f} cm {path} f Q")
            along += glyph.advance
    parts.append("Q")
    return " ".join(parts), along * size / UNITS


class _ReadyForm(pdfdoc.PDFObject):  # type: ignore[misc]
    """A form that was written once for all documents of this process; each document needs an object of
    its own, because the canvas names it."""

    def __init__(self, written: bytes) -> None:
        self.written = written

    def format(self, document: object) -> bytes:
        return self.written


def _written_form(box: tuple[float, float, float, float], operators: str) -> bytes:
    stream = zlib.compress(operators.encode("ascii"), 9)
    corners = " ".join(f"{corner:.2f}" for corner in box)
    head = (
        f"<< /Type /XObject /Subtype /Form /BBox [{corners}] /Resources << >> "
        f"/Filter /FlateDecode /Length {len(stream)} >>\nstream\n"
    )
    return head.encode("ascii") + stream + b"\nendstream"


def _stroke(colour: tuple[float, float, float], thick: float) -> str:
    return " ".join(f"{part:g}" for part in colour) + f" RG {thick:g} w"


@functools.cache
def _frame(width: float, height: float) -> bytes:
    return _written_form(
        (0, 0, width, height),
        f"{_stroke(TINT, 0.35)} q 1 0 0 1 20 20 cm {border(width - 40, height - 40)} Q "
        f"{_stroke(PALE, 0.35)} q 1 0 0 1 {width / 2:.1f} {height / 2:.1f} cm {rosette(190.0)} Q "
        f"{_stroke(INK, 0.5)} 26 26 {width - 52:.2f} {height - 52:.2f} re S",
    )


@functools.lru_cache(maxsize=32)
def _rule(length: float, phrase: str) -> bytes:
    """A rule made of the phrase, again and again."""
    outlines, phrase_width = microtext(phrase, 1.1)
    step = phrase_width + 1.5
    placed = [f"q 1 0 0 1 {index * step:.2f} 0 cm {outlines} Q" for index in range(int(length // step))]
    ink = " ".join(f"{part:g}" for part in INK) + " rg "
    return _written_form((0, -1, length, 3), ink + " ".join(placed))


def define_ornaments(canvas: Canvas, page: tuple[float, float], length: float, phrase: str) -> None:
    """Writes the ornaments once into the document, as the forms `frame` and `rule`."""
    canvas._doc.addForm("frame", _ReadyForm(_frame(*page)))
    canvas._doc.addForm("rule", _ReadyForm(_rule(length, phrase)))


def microtext_rule(canvas: Canvas, x: float, y: float) -> None:
    """Draws the form `rule` from (x, y) to the right."""
    canvas._code.append(f"q 1 0 0 1 {x:.2f} {y:.2f} cm")
    canvas.doForm("rule")
    canvas._code.append("Q")


def crest(canvas: Canvas, x: float, y: float, size: float) -> None:
    """A plain shield with an open book, where the institution has given no crest of its own. (x, y) is
    its lower left corner."""
    canvas.saveState()
    canvas.translate(x, y)
    canvas.scale(size / 100, size / 100)
    canvas.setFillColorRGB(*INK)
    canvas.setStrokeColorRGB(*INK)
    shield = canvas.beginPath()
    shield.moveTo(10, 96)
    shield.lineTo(90, 96)
    shield.lineTo(90, 48)
    shield.curveTo(90, 22, 66, 8, 50, 0)
    shield.curveTo(34, 8, 10, 22, 10, 48)
    shield.close()
    canvas.drawPath(shield, fill=1, stroke=0)
    canvas.setStrokeColorRGB(1, 1, 1)
    canvas.setLineWidth(2)
    inner = canvas.beginPath()
    inner.moveTo(16, 90)
    inner.lineTo(84, 90)
    inner.lineTo(84, 48)
    inner.curveTo(84, 26, 64, 14, 50, 7)
    inner.curveTo(36, 14, 16, 26, 16, 48)
    inner.close()
    canvas.drawPath(inner, fill=0, stroke=1)
    canvas.setFillColorRGB(1, 1, 1)
    for side in (-1, 1):
        page = canvas.beginPath()
        page.moveTo(50, 36)
        page.curveTo(50 + side * 8, 42, 50 + side * 18, 42, 50 + side * 26, 38)
        page.lineTo(50 + side * 26, 62)
        page.curveTo(50 + side * 18, 66, 50 + side * 8, 66, 50, 60)
        page.close()
        canvas.drawPath(page, fill=1, stroke=0)
    canvas.setStrokeColorRGB(*INK)
    canvas.setLineWidth(1.6)
    canvas.line(50, 37, 50, 60)
    star = canvas.beginPath()
    for point in range(10):
        angle = math.pi / 2 + point * math.pi / 5
        reach = 8 if point % 2 == 0 else 3.4
        place = (50 + reach * math.cos(angle), 77 + reach * math.sin(angle))
        if point == 0:
            star.moveTo(*place)
        else:
            star.lineTo(*place)
    star.close()
    canvas.drawPath(star, fill=1, stroke=0)
    canvas.restoreState()
