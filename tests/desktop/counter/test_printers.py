"""What reaches the print system is the sealed file itself. `lp` is stood in for by a program of that name."""

from __future__ import annotations

from pathlib import Path

import pytest

from sims_desktop.counter.presenter.paper import PrinterFault
from sims_desktop.counter.printers import CupsPrinter, FolderPrinter, list_printers

PDF = b"%PDF-1.7\n\x00\xff any bytes\n%%EOF\n"
LP = """#!/bin/sh
printf '%s ' "$@" > "{out}/arguments"
[ "$2" = "Broken" ] && {{ echo "lp: The printer or class does not exist." >&2; exit 1; }}
cat > "{out}/paper"
"""
LPSTAT = """#!/bin/sh
case "$1" in
  -e) printf 'Archive\\nRegistry\\n' ;;
  -d) echo 'system default destination: Registry' ;;
esac
"""


@pytest.fixture
def print_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (("lp", LP.format(out=tmp_path)), ("lpstat", LPSTAT)):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(text)
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return tmp_path


def test_the_print_system_gets_the_sealed_bytes_and_the_serial(print_system: Path) -> None:
    CupsPrinter("Registry").print(PDF, "TR-2026-000001")
    assert (print_system / "paper").read_bytes() == PDF
    assert (print_system / "arguments").read_text() == "-d Registry -t TR-2026-000001 "


def test_the_system_s_own_printer_stands_first(print_system: Path) -> None:
    assert [printer.name for printer in list_printers()] == ["Registry", "Archive"]


def test_a_printer_s_refusal_is_said_in_its_words(print_system: Path) -> None:
    with pytest.raises(PrinterFault, match="Broken: The printer or class does not exist"):
        CupsPrinter("Broken").print(PDF, "TR-2026-000001")


def test_without_a_print_system_the_fault_is_a_printer_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PrinterFault, match="Registry cannot be reached"):
        CupsPrinter("Registry").print(PDF, "TR-2026-000001")


def test_a_file_holds_the_very_bytes(tmp_path: Path) -> None:
    printer = FolderPrinter(tmp_path / "printed")
    printer.print(PDF, "TR-2026-000001")
    assert printer.path_of("TR-2026-000001").read_bytes() == PDF
