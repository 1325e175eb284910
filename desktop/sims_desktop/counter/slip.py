"""A receipt slip as a PDF of a quarter of a sheet, or a form as one of half a sheet, for the printers that
the counter's paper comes out of."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QSizeF, QUrl
from PySide6.QtGui import QColor, QImage, QPageLayout, QPageSize, QPdfWriter, QTextDocument
from PySide6.QtWidgets import QApplication

from sims_desktop.counter.presenter.slip import CODE
from sims_desktop.kit.codes import dots_of

DPI = 300
MARGIN_MM = 7
QUIET = 4
DOT = 8
POINTS = 9.0


def draw_slip(words: str, code: str, size: QPageSize.PageSizeId = QPageSize.PageSizeId.A6) -> bytes:
    """`words` as rich text that names the picture of its code. In the window's thread: it lays out text."""
    filled = QByteArray()
    buffer = QBuffer(filled)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setResolution(DPI)
    page = QPageSize(size)
    margins = QMarginsF(MARGIN_MM, MARGIN_MM, MARGIN_MM, MARGIN_MM)
    writer.setPageLayout(
        QPageLayout(page, QPageLayout.Orientation.Portrait, margins, QPageLayout.Unit.Millimeter)
    )
    document = QTextDocument()
    font = QApplication.font()
    font.setPointSizeF(POINTS)
    document.setDefaultFont(font)
    document.setDocumentMargin(0)
    document.addResource(QTextDocument.ResourceType.ImageResource, QUrl(CODE), picture_of(code))
    document.setDefaultStyleSheet("body { color: black }")
    document.setHtml(f"<body>{words}</body>")
    room = writer.pageLayout().paintRectPixels(DPI)
    document.documentLayout().setPaintDevice(writer)
    document.setPageSize(QSizeF(room.width(), room.height()))
    document.print_(writer)
    buffer.close()
    return bytes(filled.data())


def picture_of(code: str) -> QImage:
    """Dark on white with the quiet margin that a wand needs."""
    dots = dots_of(code)
    side = (len(dots) + 2 * QUIET) * DOT
    image = QImage(side, side, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    for row, line in enumerate(dots):
        for column, dark in enumerate(line):
            if dark:
                left, top = (column + QUIET) * DOT, (row + QUIET) * DOT
                for y in range(top, top + DOT):
                    for x in range(left, left + DOT):
                        image.setPixel(x, y, 0xFF000000)
    return image
