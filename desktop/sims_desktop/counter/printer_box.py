"""The printer that the counter's paper comes out of, chosen once and remembered on this computer."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QWidget

from sims_desktop.counter.presenter.paper import Printer
from sims_desktop.counter.printers import FolderPrinter
from sims_desktop.kit.language import phrase
from sims_desktop.kit.remembered import Remembered

CHOSEN_PRINTER = "counter/printer"


class PrinterBox(QComboBox):
    """`folder` stands last, and alone until the print system has answered."""

    def __init__(self, folder: FolderPrinter, remembered: Remembered, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("printer")
        self.setAccessibleName(phrase("Printer"))
        self._folder, self._remembered = folder, remembered
        self._printers: Sequence[Printer] = (folder,)
        self.activated.connect(self._choose)
        self.show_printers(())

    def show_printers(self, found: Sequence[Printer]) -> None:
        self._printers = (*found, self._folder)
        names = [printer.name for printer in self._printers]
        chosen = self._remembered.text(CHOSEN_PRINTER, names[0])
        self.clear()
        for number, printer in enumerate(self._printers):
            self.addItem(phrase("To a file") if printer is self._folder else printer.name)
            self.setItemData(number, printer.name, Qt.ItemDataRole.ToolTipRole)
        self.setCurrentIndex(names.index(chosen) if chosen in names else 0)

    def _choose(self, index: int) -> None:
        self._remembered.put(CHOSEN_PRINTER, self._printers[index].name)

    @property
    def printer(self) -> Printer:
        return self._printers[max(0, self.currentIndex())]
