"""Where paper comes out: the print system, Qt's printer, or a folder.

The rule a newcomer would get wrong: the print system is handed the sealed file itself. Only where there is
no `lp` are its pages rastered, and "to a file" writes the very bytes that were sealed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sims_desktop.counter.presenter.paper import Printer, PrinterFault
from sims_desktop.kit.language import phrase

ANSWERS_WITHIN = 30.0


@dataclass(frozen=True, slots=True)
class CupsPrinter:
    """A queue of the print system."""

    name: str

    def print(self, pdf: bytes, title: str) -> None:
        try:
            done = subprocess.run(
                ["lp", "-d", self.name, "-t", title], input=pdf, capture_output=True, timeout=ANSWERS_WITHIN
            )
        except subprocess.TimeoutExpired:
            raise PrinterFault(
                phrase(
                    "{name} did not take the page within {seconds:g} s.",
                    name=self.name,
                    seconds=ANSWERS_WITHIN,
                )
            ) from None
        except OSError as fault:
            raise PrinterFault(
                phrase("{name} cannot be reached: {strerror}.", name=self.name, strerror=fault.strerror)
            ) from fault
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().removeprefix("lp: ").rstrip(".")
            raise PrinterFault(f"{self.name}: {said or phrase('refused the page')}.")


@dataclass(frozen=True, slots=True)
class RasterPrinter:
    """A printer that takes no PDF from us: its pages, at its own resolution."""

    name: str

    def print(self, pdf: bytes, title: str) -> None:
        from PySide6.QtPrintSupport import QPrinter

        from sims_desktop.kit.printing import print_pdf

        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        printer.setPrinterName(self.name)
        printer.setDocName(title)
        if not printer.isValid():
            raise PrinterFault(phrase("{name} is not there any more.", name=self.name))
        try:
            print_pdf(pdf, printer)
        except OSError as fault:
            raise PrinterFault(f"{self.name}: {fault}.") from fault


@dataclass(frozen=True, slots=True)
class FolderPrinter:
    """Files in a folder, named by their serials."""

    folder: Path

    @property
    def name(self) -> str:
        return f"file in {self.folder}"

    def path_of(self, title: str) -> Path:
        return self.folder / f"{title}.pdf"

    def print(self, pdf: bytes, title: str) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.path_of(title).write_bytes(pdf)
        except OSError as fault:
            raise PrinterFault(
                phrase("{folder} cannot be written: {strerror}.", folder=self.folder, strerror=fault.strerror)
            ) from fault


def list_printers() -> Sequence[Printer]:
    """The printers of this computer, the system's own choice first. Off the window's thread."""
    if shutil.which("lpstat") is None or shutil.which("lp") is None:
        from PySide6.QtPrintSupport import QPrinterInfo

        default = QPrinterInfo.defaultPrinterName()
        names = QPrinterInfo.availablePrinterNames()
        return [RasterPrinter(name) for name in sorted(names, key=lambda name: (name != default, name))]
    names = _lines("lpstat", "-e")
    default = " ".join(_lines("lpstat", "-d")).rpartition(": ")[2]
    return [CupsPrinter(name) for name in sorted(names, key=lambda name: (name != default, name))]


def _lines(*command: str) -> list[str]:
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=ANSWERS_WITHIN, env={**os.environ, "LC_ALL": "C"}
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.decode(errors="replace").split("\n")[:-1] if done.returncode == 0 else []
