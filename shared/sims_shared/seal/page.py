"""What a sealed page shows, read back from its drawing: the printed data and the code.

The server marks every printed datum with the JSON pointer of the content it prints, and the code as
a section of squares. Reading them back is how a verifier says "the paper equals the data" without
trusting that the two were made together.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any
from unicodedata import category

import pikepdf

from sims_shared.seal.symbol import Matrix, SymbolUnreadable, read_symbol

CODE_SECTION = "/SIMSCode"
MAPPED = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>")


def printable(text: str) -> str:
    """A text as paper can show it: white space and control characters are single spaces."""
    if text.isprintable() and "  " not in text:
        return text.strip()
    return " ".join("".join(" " if category(letter) == "Cc" else letter for letter in text).split())


class PageUnreadable(ValueError):
    """The page is not drawn as ours are."""


def _character_map(font: Any) -> dict[int, str]:
    table = {}
    for code, text in MAPPED.findall(bytes(font["/ToUnicode"].read_bytes()).split(b"beginbfchar", 1)[-1]):
        table[int(code, 16)] = bytes.fromhex(text.decode()).decode("utf-16-be")
    return table


class _Reader:
    """Walks the operators of one page."""

    def __init__(self, page: pikepdf.Page, fonts: dict[Any, dict[int, str]]) -> None:
        self.page = page
        self.fonts = fonts
        self.data: list[tuple[str, str]] = []  # pointer, piece of text
        self.squares: list[tuple[int, int, int]] = []
        self.serials = 0
        self._sections: list[tuple[str, str | None, bool]] = []
        self._font: dict[int, str] = {}
        self._hidden = False

    def read(self) -> None:
        for instruction in pikepdf.parse_content_stream(self.page):
            operands: Any = instruction.operands
            name = str(instruction.operator)
            if name in ("BDC", "BMC"):
                self._open(operands)
            elif name == "EMC":
                self._sections.pop()
            elif name == "Tf":
                self._font = self._load(str(operands[0]))
            elif name == "Tr":
                self._hidden = int(operands[0]) == 3
            elif name == "ET":
                self._hidden = False
            elif name in ("Tj", "TJ"):
                self._show(operands[0])
            elif name in ("'", '"'):
                raise PageUnreadable("text is shown in a way ours is not")
            elif name == "re" and any(section[0] == CODE_SECTION for section in self._sections):
                self.squares.append((int(operands[0]), int(operands[1]), int(operands[2])))

    def _open(self, operands: Any) -> None:
        tag, pointer, told = str(operands[0]), None, False
        properties = operands[1] if len(operands) > 1 else None
        if isinstance(properties, pikepdf.Dictionary):
            if "/P" in properties:
                pointer = str(properties["/P"])
            if "/ActualText" in properties:
                self._add(str(properties["/ActualText"]))
                told = True
        self._sections.append((tag, pointer, told))

    def _load(self, name: str) -> dict[int, str]:
        font = self.page.resources["/Font"][name]
        if font.objgen not in self.fonts:
            self.fonts[font.objgen] = _character_map(font)
        return self.fonts[font.objgen]

    def _show(self, operand: Any) -> None:
        # Where an /ActualText stands for the letters, it was taken instead of them.
        if self._hidden or any(told for _, _, told in self._sections):
            return
        items = operand if isinstance(operand, pikepdf.Array) else [operand]
        codes = b"".join(bytes(item) for item in items if isinstance(item, pikepdf.String))
        self._add(
            "".join(
                self._font.get(int.from_bytes(codes[place : place + 2], "big"), "\ufffd")
                for place in range(0, len(codes), 2)
            )
        )

    def _add(self, text: str) -> None:
        pointer = next((pointer for _, pointer, _ in reversed(self._sections) if pointer), None)
        if pointer is not None:
            self.data.append((pointer, text))


class Shown:
    """What all pages show: pieces of text by pointer, in order; on how many pages each pointer
    stands; and the text of the one code."""

    def __init__(self, document: pikepdf.Pdf) -> None:
        fonts: dict[Any, dict[int, str]] = {}
        self.pieces: dict[str, list[str]] = defaultdict(list)
        self.by_page: list[dict[str, list[str]]] = []
        symbols: list[Matrix] = []
        for page in document.pages:
            reader = _Reader(page, fonts)
            reader.read()
            here: dict[str, list[str]] = defaultdict(list)
            for pointer, text in reader.data:
                self.pieces[pointer].append(text)
                here[pointer].append(text)
            self.by_page.append(here)
            if reader.squares:
                symbols.append(_matrix(reader.squares))
        if len(symbols) != 1:
            raise PageUnreadable(f"the document shows {len(symbols)} codes instead of one")
        try:
            self.code = read_symbol(symbols[0])
        except SymbolUnreadable as failure:
            raise PageUnreadable(str(failure)) from failure

    def says(self, pointer: str, text: str, page: int | None = None) -> bool:
        """Whether what is printed for a pointer is this text, each time it is printed. Lines of a
        broken text are joined by a space; runs of a text in two scripts stand in the order of the
        paper, so only their letters are compared."""
        pieces = self.pieces.get(pointer, []) if page is None else self.by_page[page].get(pointer, [])
        if not pieces:
            return False
        wanted = printable(text)
        if all(printable(piece) == wanted for piece in pieces):
            return True
        letters = sorted("".join(wanted.split()))
        shown = sorted("".join("".join(pieces).split()))
        times, rest = divmod(len(shown), len(letters)) if letters else (0, 1)
        return rest == 0 and shown == sorted(letters * times)


def _matrix(squares: list[tuple[int, int, int]]) -> Matrix:
    size = max(left + length for left, _, length in squares)
    if size > 177 or min(line for _, line, _ in squares) != 0:
        raise PageUnreadable("the code is not drawn as ours are")
    matrix: Matrix = [[False] * size for _ in range(size)]
    for left, line, length in squares:
        if not 0 <= line < size or left < 0:
            raise PageUnreadable("the code is not drawn as ours are")
        for column in range(left, left + length):
            matrix[size - 1 - line][column] = True
    return matrix
