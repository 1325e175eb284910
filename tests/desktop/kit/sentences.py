"""What the desktop says, read from its source: every phrase, and every text that is none and is shown."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import sims_desktop

SOURCE = Path(sims_desktop.__file__).parent
# Where a person reads what stands in the code. Stores, calls and threads speak to the program.
DESKS_WITHOUT_WORDS = ("client", "offline")
# Handed to the kit, which puts them into words: place of the argument by the function's name.
KIT_ARGUMENTS = {"phrase": 0, "later": 0, "plural": 1, "Field": 0, "add": 1, "add_action": 1}
# Widgets' own functions whose text a person reads.
SHOWN_BY = {
    *("setText", "setWindowTitle", "setPlaceholderText", "setAccessibleName", "setToolTip", "setFormat"),
    *("setInformativeText", "setPrefix", "setSuffix", "addItem", "addButton", "addMenu", "addTab", "say"),
    *("setAccessibleDescription", "setPlainText", "QLabel", "QPushButton", "QAction", "QCheckBox", "QMenu"),
    *("QGroupBox", "QRadioButton", "QListWidgetItem", "setLabelText", "getOpenFileName", "getSaveFileName"),
}
KEY = re.compile(r"(?:(?:Ctrl|Shift|Alt)\+\S+|F\d+|Del|Esc|Space|Backspace|Enter|Return)\Z")
NAMES = {"SIMS", "Excel (*.xlsx", "CSV (*.csv", "kB"}


class Said(NamedTuple):
    """A text of the code and where it stands."""

    text: str
    place: str


def called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def text_of(node: ast.AST | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


@cache
def nodes_of(tree: ast.AST) -> list[ast.AST]:
    return list(ast.walk(tree))


def phrases_of(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in nodes_of(tree):
        if isinstance(node, ast.FunctionDef) and node.name == "more_keys":
            for pair in ast.walk(node):
                if isinstance(pair, ast.Tuple) and len(pair.elts) == 2:
                    yield from ((text, part.lineno) for part in pair.elts if (text := text_of(part)))
        if not isinstance(node, ast.Call):
            continue
        name, given = called(node), node.args
        at = KIT_ARGUMENTS.get(name)
        if at is not None and len(given) > at and (text := text_of(given[at])) is not None:
            if name in ("add", "add_action") and text_of(given[0]) is None:
                continue
            yield text, node.lineno
            if name == "plural":
                yield (text_of(given[2]) if len(given) > 2 else None) or text + "s", node.lineno
        if name == "run":
            for named in node.keywords:
                if named.arg == "title" and (text := text_of(named.value)):
                    yield text, node.lineno
        if name == "map" and len(given) > 1 and isinstance(given[0], ast.Name) and given[0].id == "later":
            yield from ((text, node.lineno) for part in ast.walk(given[1]) if (text := text_of(part)))


def wrong_values(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Phrases that are handed other values than they name: they would fail when they are said."""
    for node in nodes_of(tree):
        if not isinstance(node, ast.Call) or called(node) != "phrase" or not node.args:
            continue
        text = text_of(node.args[0])
        if text is None or (not node.keywords and "{}" in text):
            continue
        named = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
        if named != {one.arg for one in node.keywords}:
            yield text, node.lineno


def shown_unspoken(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Texts handed straight to a widget, in whole or as part of an f-string."""
    for node in nodes_of(tree):
        if not isinstance(node, ast.Call) or called(node) not in SHOWN_BY:
            continue
        for argument in node.args:
            spoken = {
                id(inner)
                for call in ast.walk(argument)
                if isinstance(call, ast.Call | ast.Compare | ast.Subscript)
                for inner in ast.walk(call)
            }
            for inner in ast.walk(argument):
                text = text_of(inner)
                if text and id(inner) not in spoken and is_language(text):
                    yield text, node.lineno


def is_language(text: str) -> bool:
    bare = text.strip(" ()·:,.…\n")
    return bool(re.search(r"[A-Za-z]{2}", bare)) and not KEY.match(bare) and bare not in NAMES


@cache
def modules() -> list[tuple[str, ast.Module]]:
    files = [(file.relative_to(SOURCE).as_posix(), file) for file in sorted(SOURCE.rglob("*.py"))]
    return [(name, ast.parse(file.read_text("utf-8"))) for name, file in files if "/words/" not in name]


def phrases(without: tuple[str, ...] = ()) -> list[Said]:
    return [
        Said(text, f"{name}:{line}")
        for name, tree in modules()
        if not name.startswith(without or "\0")
        for text, line in phrases_of(tree)
    ]


def unspoken(without: tuple[str, ...] = ()) -> list[Said]:
    return [
        Said(text, f"{name}:{line}")
        for name, tree in modules()
        if not name.startswith((*without, *DESKS_WITHOUT_WORDS))
        for text, line in shown_unspoken(tree)
    ]
