"""How a text travels in a cell of a table that people open with a spreadsheet.

A text that begins with = + - @ would be computed there, so an export puts ' before it and an import
takes it away again. The rule a newcomer would get wrong: a text that begins with '= must get one as well,
or the import would take away what belongs to it.
"""

from __future__ import annotations

import re

# What a spreadsheet computes (in East Asian settings also what looks wide), what it trims, and what an import
# would take for one of the two.
_RISKY = re.compile(r"'*[=+\-@＝＋－＠\t\r]")
_TRIMMED = re.compile(r"'*\s|.*\s\Z", re.DOTALL)
_QUOTED = re.compile(r"'+[=+\-@＝＋－＠\s]|'.*\s\Z", re.DOTALL)


def protected(value: str) -> str:
    """The text as a CSV cell carries it."""
    return f"'{value}" if _RISKY.match(value) or _TRIMMED.match(value) else value


def protected_in_workbook(value: str) -> str:
    """The text as a workbook's text cell carries it: nothing computes it there, so only what
    `unprotected` would change is protected."""
    return f"'{value}" if _QUOTED.match(value) or _TRIMMED.match(value) else value


def unprotected(cell: str) -> str:
    """The text that a cell carries: without what protects it, else without the blanks around it."""
    return cell[1:] if _QUOTED.match(cell) else cell.strip()
