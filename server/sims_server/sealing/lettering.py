"""Letters on paper in any script: faces, bidirectional order, shaping, embedding.

Every string goes through HarfBuzz and lands in the page as glyphs of an embedded subset with a
ToUnicode map; scripts whose letters join are inked as outlines with `/ActualText` over invisible
letters. The rule a newcomer would get wrong: drawing the characters one after another gives isolated,
mirrored Arabic, which the holder of the name sees at once and nobody else does.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.resources
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import uharfbuzz
from bidi import algorithm as bidi
from reportlab.pdfbase import pdfdoc
from reportlab.pdfgen.canvas import Canvas

from sims_shared.seal.page import printable

UNITS = 1000  # glyph widths in PDF are thousandths of the size
FIRST_FACE = "noto_sans"


class LetteringMissing(ValueError):
    """No installed face has these letters. `letters` lists them."""

    def __init__(self, letters: str) -> None:
        super().__init__("no installed face has the letters " + " ".join(f"U+{ord(c):04X}" for c in letters))
        self.letters = letters


class _Pen:
    """Takes a glyph's outline from HarfBuzz as PDF path operators."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.path: list[str] = []
        self.at = (0.0, 0.0)

    def _add(self, operator: str, *points: tuple[float, float]) -> None:
        numbers = " ".join(f"{x * self.scale:.1f} {y * self.scale:.1f}" for x, y in points)
        self.path.append(f"{numbers} {operator}")
        self.at = points[-1]

    def moveTo(self, point: tuple[float, float]) -> None:
        self._add("m", point)

    def lineTo(self, point: tuple[float, float]) -> None:
        self._add("l", point)

    def curveTo(self, *points: tuple[float, float]) -> None:
        self._add("c", *points)

    def qCurveTo(self, control: tuple[float, float], end: tuple[float, float]) -> None:
        # PDF knows cubic curves only; this one is exactly the same curve.
        first, second = (
            (control[0] * 2 / 3 + point[0] / 3, control[1] * 2 / 3 + point[1] / 3) for point in (self.at, end)
        )
        self._add("c", first, second, end)

    def closePath(self) -> None:
        self.path.append("h")


class Face:
    """One static face: a variable file pinned to a weight. `scale` turns font units to thousandths."""

    def __init__(self, name: str, path: Path, weight: int) -> None:
        self.name = name
        variable = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(path)))
        pinned = uharfbuzz.SubsetInput()
        pinned.keep_everything()
        pinned.flags = uharfbuzz.SubsetFlags.RETAIN_GIDS
        if variable.has_var_data:
            pinned.pin_all_axes_to_default(variable)
            if "wght" in {axis.tag for axis in variable.axis_infos}:
                pinned.pin_axis_location(variable, "wght", weight)
        self.face = uharfbuzz.subset(variable, pinned)
        self.font = uharfbuzz.Font(self.face)
        self.scale = UNITS / self.face.upem
        self.letters: frozenset[int] = frozenset(self.face.unicodes)

    def nominal(self, letter: str) -> int:
        """The glyph of a letter standing alone; 0 where the face has none."""
        return int(self.font.get_nominal_glyph(ord(letter)) or 0)

    @functools.lru_cache(maxsize=20_000)  # noqa: B019 - faces live as long as the process
    def advance(self, glyph: int) -> float:
        """The width of a glyph as the document's font declares it, in thousandths of the size."""
        return float(round(self.font.get_glyph_h_advance(glyph) * self.scale, 1))

    @functools.lru_cache(maxsize=4_000)  # noqa: B019
    def outline(self, glyph: int) -> str:
        """Path operators of a glyph in thousandths of the size."""
        pen = _Pen(self.scale)
        self.font.draw_glyph_with_pen(glyph, pen)
        return " ".join(pen.path)

    def subset(self, glyphs: set[int]) -> bytes:
        """A TrueType file with these glyphs only, ids kept."""
        wanted = uharfbuzz.SubsetInput()
        wanted.flags = uharfbuzz.SubsetFlags.RETAIN_GIDS | uharfbuzz.SubsetFlags.NO_LAYOUT_CLOSURE
        wanted.glyph_set.update(glyphs)
        wanted.drop_table_tag_set.update(
            int.from_bytes(tag, "big") for tag in (b"GSUB", b"GPOS", b"GDEF", b"STAT", b"kern", b"meta")
        )
        return bytes(uharfbuzz.subset(self.face, wanted).blob.data)


def _font_files() -> list[tuple[str, Path]]:
    """Upright files of every installed Noto Sans font package, the Latin one first. A deployment
    adds a script by installing its package."""
    found = []
    for entry in importlib.metadata.entry_points(group="fontpkg.family"):
        if not entry.name.startswith("noto_sans"):
            continue
        folder = Path(str(importlib.resources.files(entry.value))) / "files"
        upright = sorted(path for path in folder.glob("*.[to]tf") if "Italic" not in path.name)
        if upright:
            found.append((entry.name, upright[0]))
    return sorted(found, key=lambda item: (item[0] != FIRST_FACE, item[0]))


@functools.cache
def faces(weight: int) -> tuple[Face, ...]:
    """The faces of a weight (400 text, 600 headings), loaded once per process."""
    return tuple(
        Face(f"{name.title().replace('_', '')}-{weight}", path, weight) for name, path in _font_files()
    )


class Glyph(NamedTuple):
    """A placed glyph: id, advance and offsets in thousandths of the size, the text it stands for."""

    id: int
    advance: float
    dx: float
    dy: float
    text: str


class Run:
    """Shaped text of one face and direction. What a document needs of it does not depend on its size,
    so it is spelled once and kept: `body` is the operand of TJ, `used` the text of each glyph."""

    def __init__(self, face: Face, glyphs: tuple[Glyph, ...], text: str, right_to_left: bool) -> None:
        self.face = face
        self.glyphs = glyphs
        self.text = text
        self.right_to_left = right_to_left
        self.width = sum(glyph.advance for glyph in glyphs) / UNITS  # of one point's size
        # One glyph a character, from left to right, each on the base line: the glyphs tell the text.
        self.plain = (
            not right_to_left
            and len(glyphs) == len(text)
            and all(g.dx == g.dy == 0 and g.text and g.id == face.nominal(g.text) for g in glyphs)
        )
        self.used = {glyph.id: glyph.text for glyph in glyphs} if self.plain else {}
        self.body = self._spell() if self.plain else ""

    def _spell(self) -> str:
        parts: list[str] = []
        pending = ""
        for glyph in self.glyphs:
            pending += f"{glyph.id:04X}"
            difference = self.face.advance(glyph.id) - glyph.advance
            if abs(difference) > 0.5:
                parts.append(f"<{pending}> {difference:.0f}")
                pending = ""
        if pending:
            parts.append(f"<{pending}>")
        return " ".join(parts)


_UNKNOWN_TO_BIDI = {"": "L", "LRI": "ON", "RLI": "ON", "FSI": "ON", "PDI": "ON"}


def _levels(text: str) -> list[int]:
    """The embedding level of each character (UAX 9); odd is right to left."""
    if text.isascii():
        return [0] * len(text)
    storage = bidi.get_empty_storage()
    base = bidi.get_base_level(text)
    storage["base_level"] = base
    storage["base_dir"] = ("L", "R")[base]
    bidi.get_embedding_levels(text, storage)
    for index, character in enumerate(storage["chars"]):
        character["place"] = index
        # The library asserts on what it does not know: isolates, and what Unicode has not assigned (for
        # which there is no letter either, as is told in words further on).
        character["type"] = _UNKNOWN_TO_BIDI.get(character["type"], character["type"])
    bidi.explicit_embed_and_overrides(storage)
    bidi.resolve_weak_types(storage)
    bidi.resolve_neutral_types(storage, False)
    bidi.resolve_implicit_levels(storage, False)
    levels = [base] * len(text)
    for character in storage["chars"]:
        levels[character["place"]] = character["level"]
    return levels


def _assign_faces(text: str, available: tuple[Face, ...]) -> list[Face]:
    chosen: list[Face] = []
    missing = ""
    previous: Face | None = None
    for character in text:
        # A mark or a space stays with the face before it where it can, so that shaping sees whole words.
        if previous is not None and ord(character) in previous.letters:
            face: Face | None = previous if not character.isalpha() else None
        else:
            face = None
        face = face or next((face for face in available if ord(character) in face.letters), None)
        if face is None and previous is not None and not character.isprintable():
            face = previous
        if face is None:
            missing += character
            continue
        chosen.append(face)
        previous = face
    if missing:
        raise LetteringMissing(missing)
    return chosen


def _shape(face: Face, text: str, level: int) -> Run:
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    right_to_left = level % 2 == 1
    buffer.direction = "rtl" if right_to_left else "ltr"
    uharfbuzz.shape(face.font, buffer, {"liga": right_to_left, "clig": right_to_left})
    infos, positions = buffer.glyph_infos, buffer.glyph_positions
    starts = sorted({info.cluster for info in infos})
    ends = dict(zip(starts, [*starts[1:], len(text)], strict=True))
    told: set[int] = set()
    glyphs = []
    for info, position in zip(infos, positions, strict=True):
        # The first glyph of a cluster carries its text; the others are marks on it.
        stands_for = "" if info.cluster in told else text[info.cluster : ends[info.cluster]]
        told.add(info.cluster)
        glyphs.append(
            Glyph(
                info.codepoint,
                position.x_advance * face.scale,
                position.x_offset * face.scale,
                position.y_offset * face.scale,
                stands_for,
            )
        )
    return Run(face, tuple(glyphs), text, right_to_left)


@functools.lru_cache(maxsize=20_000)
def shape(text: str, weight: int) -> tuple[Run, ...]:
    """The runs of a line in the order they stand on paper, left to right. Raises `LetteringMissing`."""
    if not text:
        return ()
    levels = _levels(text)
    chosen = _assign_faces(text, faces(weight))
    pieces: list[tuple[int, Run]] = []
    start = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or levels[place] != levels[start] or chosen[place] is not chosen[start]:
            pieces.append((levels[start], _shape(chosen[start], text[start:place], levels[start])))
            start = place
    # Rule L2 of UAX 9, over runs instead of characters.
    highest = max(level for level, _ in pieces)
    for level in range(highest, 0, -1):
        place = 0
        while place < len(pieces):
            end = place
            while end < len(pieces) and pieces[end][0] >= level:
                end += 1
            pieces[place:end] = reversed(pieces[place:end])
            place = max(end, place + 1)
    return tuple(run for _, run in pieces)


def width(text: str, size: float, weight: int = 400) -> float:
    """Of a line, in points."""
    return sum(run.width for run in shape(text if text.isprintable() else printable(text), weight)) * size


class _Embedded(pdfdoc.PDFObject):  # type: ignore[misc]
    """A face as the document's Type 0 font, written when everything was drawn."""

    def __init__(self, face: Face, name: str) -> None:
        self.face = face
        self.name = name
        self.used: dict[int, str] = {}

    def addObjects(self, document: Any) -> None:
        face, glyphs = self.face, {0, *self.used}
        prefix = "".join(
            chr(65 + (zlib.crc32(repr(sorted(glyphs)).encode()) >> shift) % 26) for shift in range(6)
        )
        base = pdfdoc.PDFName(f"{prefix}+{face.name}")
        extents = face.font.get_font_extents("ltr")
        program = pdfdoc.PDFStream(
            dictionary=pdfdoc.PDFDictionary({}),
            content=face.subset(glyphs),
            filters=[pdfdoc.PDFZCompress],
        )
        program.dictionary["Length1"] = len(program.content)
        descriptor = pdfdoc.PDFDictionary(
            {
                "Type": "/FontDescriptor",
                "FontName": base,
                "Flags": 4,
                "FontBBox": "[-1000 -500 3000 1200]",
                "ItalicAngle": 0,
                "Ascent": round(extents.ascender * face.scale),
                "Descent": round(extents.descender * face.scale),
                "CapHeight": 714,
                "StemV": 80,
                "FontFile2": document.Reference(program),
            }
        )
        widths = " ".join(f"{glyph} [{face.advance(glyph):g}]" for glyph in sorted(self.used))
        descendant = pdfdoc.PDFDictionary(
            {
                "Type": "/Font",
                "Subtype": "/CIDFontType2",
                "BaseFont": base,
                "CIDSystemInfo": "<< /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>",
                "FontDescriptor": document.Reference(descriptor),
                "DW": 0,
                "W": f"[{widths}]",
                "CIDToGIDMap": "/Identity",
            }
        )
        to_unicode = pdfdoc.PDFStream(
            dictionary=pdfdoc.PDFDictionary({}),
            content=_character_map(self.used),
            filters=[pdfdoc.PDFZCompress],
        )
        font = pdfdoc.PDFDictionary(
            {
                "Type": "/Font",
                "Subtype": "/Type0",
                "BaseFont": base,
                "Encoding": "/Identity-H",
                "DescendantFonts": pdfdoc.PDFArray([document.Reference(descendant)]),
                "ToUnicode": document.Reference(to_unicode),
            }
        )
        fonts = document.idToObject["BasicFonts"].dict
        fonts[self.name] = document.Reference(font)


def _character_map(used: dict[int, str]) -> bytes:
    lines = [
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
        "/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
        "1 begincodespacerange <0000> <FFFF> endcodespacerange",
    ]
    known = [(glyph, text) for glyph, text in sorted(used.items()) if text]
    for start in range(0, len(known), 100):  # a block holds at most 100
        block = known[start : start + 100]
        lines.append(f"{len(block)} beginbfchar")
        lines += [f"<{glyph:04X}> <{text.encode('utf-16-be').hex().upper()}>" for glyph, text in block]
        lines.append("endbfchar")
    lines.append("endcmap CMapName currentdict /CMap defineresource pop end end")
    return "\n".join(lines).encode("ascii")


@functools.lru_cache(maxsize=20_000)
def pdf_text(text: str) -> str:
    """A PDF text string (UTF-16BE, hexadecimal)."""
    return "<FEFF" + text.encode("utf-16-be").hex().upper() + ">"


class Lettering:
    """The letters of one document. Draw with it, then save the canvas; the faces embed themselves."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.embedded: dict[str, _Embedded] = {}

    def _embed(self, face: Face) -> _Embedded:
        font = self.embedded.get(face.name)
        if font is None:
            font = self.embedded[face.name] = _Embedded(face, f"S{len(self.embedded) + 1}")
            self.canvas._doc.delayedFonts.append(font)
        return font

    def draw(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        weight: int = 400,
        align: str = "left",
        room: float | None = None,
        datum: str | None = None,
    ) -> float:
        """Draws a line with its base line at `y` (points) and answers its width. `room` is the most
        it may take: a longer line is set in smaller letters. `datum` is the JSON pointer of the
        content this line prints; the verifier reads it back and compares."""
        if not text.isprintable():
            text = printable(text)
        if not text:
            return 0.0
        runs = shape(text, weight)
        natural = sum(run.width for run in runs)
        if room is not None and natural * size > room:
            size = room / natural
        total = natural * size
        x -= {"left": 0.0, "right": total, "center": total / 2}[align]
        code = self.canvas._code
        if datum:
            code.append(f"/Span << /P {pdf_text(datum)} >> BDC")
        for run in runs:
            if run.plain:
                self._set(code, run, x, y, size)
            else:
                self._outline(code, run, x, y, size)
            x += run.width * size
        if datum:
            code.append("EMC")
        return total

    def _set(self, code: list[str], run: Run, x: float, y: float, size: float) -> None:
        font = self._embed(run.face)
        shown = f"BT /{font.name} {size:.2f} Tf {x:.2f} {y:.2f} Td [{run.body}] TJ ET"
        known = font.used
        if all(known.setdefault(glyph, text) == text for glyph, text in run.used.items()):
            code.append(shown)
        else:  # one glyph for two letters (a Greek mu and a micro sign): the text must be told beside it
            code.append(f"/Span << /ActualText {pdf_text(run.text)} >> BDC {shown} EMC")

    def _outline(self, code: list[str], run: Run, x: float, y: float, size: float) -> None:
        """Joined scripts are inked as outlines, and their text lies under them in invisible letters,
        one nominal glyph a character in the order of the paper. Shaped glyphs cannot carry it: their
        dots are glyphs without text, and readers disagree on the order of an `/ActualText` around
        glyphs (poppler turns it round, others do not)."""
        scale = f"{size / UNITS:.5f}"
        code.append(f"/Span << /ActualText {pdf_text(run.text)} >> BDC")
        code.append(f"q {scale} 0 0 {scale} {x:.2f} {y:.2f} cm")
        along = 0.0
        for glyph in run.glyphs:
            path = run.face.outline(glyph.id)
            if path:
                code.append(f"q 1 0 0 1 {along + glyph.dx:.1f} {glyph.dy:.1f} cm {path} f Q")
            along += glyph.advance
        code.append("Q EMC")
        font = self._embed(run.face)
        letters = run.text[::-1] if run.right_to_left else run.text
        ids = [run.face.nominal(letter) for letter in letters]
        for letter, identity in zip(letters, ids, strict=True):
            font.used.setdefault(identity, letter)
        natural = sum(run.face.advance(identity) for identity in ids) or 1.0
        shown = "".join(f"{identity:04X}" for identity in ids)
        code.append(
            f"BT 3 Tr /{font.name} {size:.2f} Tf {100 * along / natural:.3f} Tz "
            f"{x:.2f} {y:.2f} Td <{shown}> Tj 100 Tz 0 Tr ET"
        )
