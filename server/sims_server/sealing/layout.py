"""Laying out a page: blocks with known heights, and the few verbs that put letters on it.

The rule a newcomer would get wrong: the canvas's own text and colour verbs cost more than everything
else on the page, so operators are written directly.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

from reportlab import rl_config
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from sims_server.sealing.lettering import Lettering, width
from sims_server.sealing.ornament import GREY, INK

# Streams as bytes, not spelled in ASCII: a third of the drawing's time, and a quarter of the file.
rl_config.useA85 = 0

LEFT = 42.0
RIGHT = A4[0] - 42.0
WIDE = RIGHT - LEFT
TOP = A4[1] - 36.0
BOTTOM = 50.0
BLACK = (0.0, 0.0, 0.0)
RED = (0.70, 0.09, 0.12)


class Block(NamedTuple):
    """A piece of the page: its height, how it is drawn with its top at `y`, whether it must not be
    the last on its page, and what is drawn above it where it is the first on one."""

    height: float
    draw: Callable[[float], None]
    keep: bool = False
    above: tuple[float, Callable[[float], None]] | None = None


@functools.cache
def fill(colour: tuple[float, float, float]) -> str:
    """The operator that sets the colour to fill with; the canvas's own verb costs more than the text."""
    return " ".join(f"{part:g}" for part in colour) + " rg"


def wrap(text: str, size: float, room: float, weight: int = 400) -> list[str]:
    """Lines of at most `room` points, broken between words."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width(longer, size, weight) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


class Sheet:
    """A canvas with the verbs that all documents use."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.letters = Lettering(canvas)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 8.0,
        *,
        weight: int = 400,
        align: str = "left",
        room: float | None = None,
        datum: str | None = None,
        colour: tuple[float, float, float] = BLACK,
    ) -> float:
        self.canvas._code.append(fill(colour))
        return self.letters.draw(x, y, text, size, weight=weight, align=align, room=room, datum=datum)

    def flow(
        self,
        x: float,
        y: float,
        pieces: list[tuple[str, str | None]],
        size: float,
        colour: tuple[float, float, float] = BLACK,
    ) -> float:
        """Pieces one after another on a line, each with its datum; labels are grey."""
        for piece, datum in pieces:
            shade = colour if datum else GREY
            x += self.text(x, y, piece, size, datum=datum, colour=shade, weight=600 if datum else 400)
        return x

    def rule(self, y: float, colour: tuple[float, float, float] = INK, thick: float = 0.6) -> None:
        self.canvas.setStrokeColorRGB(*colour)
        self.canvas.setLineWidth(thick)
        self.canvas.line(LEFT, y, RIGHT, y)

    def band(self, y: float, height: float, colour: tuple[float, float, float]) -> None:
        self.canvas.setFillColorRGB(*colour)
        self.canvas.rect(LEFT, y - height, WIDE, height, stroke=0, fill=1)
