"""A block of cells as a small OpenDocument spreadsheet: what LibreOffice takes from another spreadsheet.

The rule a newcomer would get wrong: LibreOffice asks its person how to read a table in HTML and how to take
plain text apart, but asks nothing when the clipboard holds a spreadsheet. It knows one by two forms, the
document itself and a description whose media type says everything; the description's bytes it never reads.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

DOCUMENT = 'application/x-openoffice-embed-source-xml;windows_formatname="Star Embed Source (XML)"'
DESCRIPTION = (
    'application/x-openoffice-objectdescriptor-xml;windows_formatname="Star Object Descriptor (XML)";'
    'classname="47BBB4CB-CE4C-4E80-a591-42d9ae74950f";typename="SIMS";viewaspect="1";width="6774";'
    'height="1745";posx="0";posy="0"'
)

_OASIS = "urn:oasis:names:tc:opendocument:xmlns"
_KIND = "application/vnd.oasis.opendocument.spreadsheet"
_MANIFEST = (
    f'<manifest:manifest xmlns:manifest="{_OASIS}:manifest:1.0" manifest:version="1.3">'
    f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{_KIND}"/>'
    '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
    "</manifest:manifest>"
)
# Cells that are text stay text when somebody types into them: 007 does not become 7.
_HEAD = (
    f'<office:document-content xmlns:office="{_OASIS}:office:1.0" xmlns:table="{_OASIS}:table:1.0" '
    f'xmlns:text="{_OASIS}:text:1.0" xmlns:style="{_OASIS}:style:1.0" xmlns:number="{_OASIS}:datastyle:1.0" '
    'office:version="1.3"><office:automatic-styles><number:text-style style:name="N1">'
    '<number:text-content/></number:text-style><style:style style:name="text" style:family="table-cell" '
    'style:data-style-name="N1"/></office:automatic-styles><office:body><office:spreadsheet>'
    '<table:table table:name="SIMS">'
)
_FOOT = "</table:table></office:spreadsheet></office:body></office:document-content>"


def spreadsheet_of(rows: Sequence[Sequence[str | float]]) -> bytes:
    """Numbers as numbers, texts as texts."""
    parts = [_HEAD]
    for row in rows:
        parts.append("<table:table-row>")
        parts += map(_cell, row)
        parts.append("</table:table-row>")
    parts.append(_FOOT)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as document:
        document.writestr("mimetype", _KIND, zipfile.ZIP_STORED)  # first, and readable from outside
        document.writestr("content.xml", "".join(parts))
        document.writestr("META-INF/manifest.xml", _MANIFEST)
    return file.getvalue()


def _cell(value: str | float) -> str:
    if not isinstance(value, str):
        return f'<table:table-cell office:value-type="float" office:value="{value!r}"/>'
    if not value:
        return "<table:table-cell/>"
    lines = "".join(f"<text:p>{_spaced(line)}</text:p>" for line in value.split("\n"))
    return f'<table:table-cell table:style-name="text" office:value-type="string">{lines}</table:table-cell>'


def _spaced(line: str) -> str:
    """Blanks at the ends and several in a row count only when they are said to."""
    return escape(line).replace("\t", "<text:tab/>").replace(" ", "<text:s/>")
