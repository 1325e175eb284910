"""Paper: lists drawn by Qt, and finished PDF documents sent to a printer unchanged.

The rule a newcomer would get wrong: a sealed document is never drawn again by us. Its own pages are
rastered at the printer's resolution, so that what comes out is what was sealed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMarginsF, QRectF
from PySide6.QtGui import QImage, QPageLayout, QPageSize, QPainter, QTextDocument
from PySide6.QtWidgets import QApplication

from sims_desktop.kit.language import phrase
from sims_desktop.kit.theme import POINTS

if TYPE_CHECKING:  # Qt's printing and the PDF renderer load when something is printed, not at the start
    from collections.abc import Iterator

    from PySide6.QtPrintSupport import QPrinter
    from PySide6.QtWidgets import QWidget

PREVIEW_DPI = 110
PAPER_DPI = 300


def printer_to_file(path: Path, *, wide: bool = False) -> QPrinter:
    """A printer that writes a PDF file, A4, upright or wide."""
    from PySide6.QtPrintSupport import QPrinter

    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(path))
    printer.setPageLayout(
        QPageLayout(QPageSize(QPageSize.PageSizeId.A4), _held(wide), QMarginsF(12, 12, 12, 12))
    )
    return printer


def _held(wide: bool) -> QPageLayout.Orientation:
    return QPageLayout.Orientation.Landscape if wide else QPageLayout.Orientation.Portrait


def ask_printer(parent: QWidget, title: str, *, wide: bool = False) -> QPrinter | None:
    """The printer a person chose, or None. `wide` proposes paper held so."""
    from PySide6.QtPrintSupport import QPrintDialog, QPrinter

    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    if wide:
        printer.setPageOrientation(_held(wide))
    dialog = QPrintDialog(printer, parent)
    dialog.setWindowTitle(title)
    return printer if dialog.exec() else None


def print_html(html: str, printer: QPrinter) -> None:
    """A list: award list, signature sheet, day's balance. Of one size, however large the screen shows it."""
    document = QTextDocument()
    font = QApplication.font()
    font.setPointSizeF(POINTS)
    document.setDefaultFont(font)
    document.setHtml(html)
    document.print_(printer)


def pdf_pages(pdf: bytes, dpi: int = PREVIEW_DPI) -> Iterator[QImage]:
    """Each page of a PDF as an image, one at a time: a page at 300 dpi is 35 MB."""
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    try:
        for number in range(len(document)):
            bitmap = document[number].render(scale=dpi / 72, rev_byteorder=False)
            image = QImage(
                bitmap.buffer, bitmap.width, bitmap.height, bitmap.stride, QImage.Format.Format_RGB888
            )
            yield image.rgbSwapped()
            bitmap.close()
    finally:
        document.close()


def print_pdf(pdf: bytes, printer: QPrinter, dpi: int = PAPER_DPI) -> int:
    """Prints a finished document edge to edge; the number of its pages."""
    printer.setFullPage(True)
    painter = QPainter()
    if not painter.begin(printer):
        raise OSError(phrase("The printer does not answer"))
    pages = 0
    try:
        for image in pdf_pages(pdf, dpi):
            if pages:
                printer.newPage()
            painter.drawImage(QRectF(painter.viewport()), image)
            pages += 1
    finally:
        painter.end()
    return pages
