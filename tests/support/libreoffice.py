"""LibreOffice Calc on a display of its own, told what to copy and to paste. Run by the system's Python, which
has `uno`: `libreoffice.py PORT`, then one JSON command a line on standard input, one JSON answer a line.

Nothing of this project is imported here.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import uno  # type: ignore[import-not-found]


def connect(port: str) -> Any:
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    address = f"uno:socket,host=127.0.0.1,port={port};urp;StarOffice.ComponentContext"
    while True:  # the test that started us gives up in time
        try:
            return resolver.resolve(address)
        except Exception:
            time.sleep(0.2)


class Calc:
    def __init__(self, port: str) -> None:
        self._context = connect(port)
        self._make = self._context.ServiceManager.createInstanceWithContext
        desktop = self._make("com.sun.star.frame.Desktop", self._context)
        self._document = desktop.loadComponentFromURL("private:factory/scalc", "_blank", 0, ())
        self._sheet = self._document.Sheets.getByIndex(0)

    def fill(self, rows: list[list[Any]], decimal_comma: bool) -> None:
        """Numbers as numbers, texts as texts."""
        for row, cells in enumerate(rows):
            for column, value in enumerate(cells):
                cell = self._sheet.getCellByPosition(column, row)
                if isinstance(value, str):
                    cell.String = value
                else:
                    cell.Value = value
                    if decimal_comma:
                        cell.NumberFormat = self._german()

    def _german(self) -> int:
        locale = uno.createUnoStruct("com.sun.star.lang.Locale")
        locale.Language, locale.Country = "de", "DE"
        formats = self._document.NumberFormats
        found: int = formats.queryKey("0,0#", locale, False)
        return found if found >= 0 else int(formats.addNew("0,0#", locale))

    def _do(self, command: str, left: int, top: int, right: int, bottom: int) -> None:
        controller = self._document.CurrentController
        controller.select(self._sheet.getCellRangeByPosition(left, top, right, bottom))
        dispatcher = self._make("com.sun.star.frame.DispatchHelper", self._context)
        dispatcher.executeDispatch(controller.Frame, command, "", 0, ())

    def copy(self, *block: int) -> None:
        self._do(".uno:Copy", *block)

    def paste(self, left: int, top: int) -> None:
        self._do(".uno:Paste", left, top, left, top)

    def read(self, left: int, top: int, right: int, bottom: int) -> list[list[Any]]:
        return [list(row) for row in self._sheet.getCellRangeByPosition(left, top, right, bottom).DataArray]


def main() -> None:
    calc = Calc(sys.argv[1])
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        name, *given = json.loads(line)
        print(json.dumps(getattr(calc, name)(*given)), flush=True)


if __name__ == "__main__":
    main()
