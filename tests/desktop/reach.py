"""Whether a person reaches everything in a window by keyboard and by ear: what stands against it, in words.

Used on every page of every role. Hidden parts are looked at as well: they appear one day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QScrollBar,
    QWidget,
)

from sims_desktop.kit.actions import Actions

TYPED_KEY = re.compile(r"\((?:Esc|Enter|Delete|Space|F\d+|[A-Z]|(?:Ctrl|Shift|Alt)\+[^)]+)\)")
MNEMONIC = re.compile(r"&\S")


def parts(root: QWidget) -> Iterator[QWidget]:
    """What takes the focus: Qt's own insides of a control belong to the control."""
    for widget in [root, *root.findChildren(QWidget)]:
        inside = widget.parentWidget()
        if isinstance(widget, QScrollBar | QMenu) or widget.objectName().startswith("qt_"):
            continue
        if isinstance(inside, QAbstractSpinBox | QComboBox) or _is_inside(widget, QMenu):
            continue
        if inside is not None and inside.metaObject().className() == "QComboBoxPrivateContainer":
            continue
        if isinstance(inside, QAbstractScrollArea) and widget is inside.viewport():
            continue
        yield widget


def _is_inside(widget: QWidget, kind: type[QWidget]) -> bool:
    above = widget.parentWidget()
    while above is not None:
        if isinstance(above, kind):
            return True
        above = above.parentWidget()
    return False


def is_stop(widget: QWidget) -> bool:
    return bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.focusProxy() is None


def spoken_name(widget: QWidget) -> str:
    interface = QAccessible.queryAccessibleInterface(widget)
    said = interface.text(QAccessible.Text.Name).strip() if interface is not None else ""
    return said or widget.accessibleName()  # a bar of tabs speaks of its tabs


def described(widget: QWidget) -> str:
    return f"{type(widget).__name__} {widget.objectName() or '(no name)'}"


def faults(root: QWidget, actions: Actions | None = None) -> list[str]:
    """What keeps somebody from reaching or hearing a part of `root`."""
    found = []
    for part in parts(root):
        if is_stop(part):
            wordless = isinstance(part, QAbstractButton) and not part.isVisibleTo(root)
            if not spoken_name(part) and not wordless:
                found.append(f"{described(part)}: a screen reader says nothing")
            if not part.objectName():
                found.append(f"{described(part)} of {described(part.parentWidget() or part)}: no stable name")
        if isinstance(part, QAbstractButton):
            if part.isVisibleTo(root) and not part.text() and not spoken_name(part):
                found.append(f"{described(part)}: a button without words")
            if not is_stop(part) and not TYPED_KEY.search(part.text()):
                found.append(f"{described(part)} “{part.text()}”: only a mouse presses it")
        if isinstance(part, QLabel) and MNEMONIC.search(part.text()) and part.buddy() is None:
            found.append(f"label “{part.text()}”: its key leads nowhere")
        if isinstance(part, QLineEdit) and part.placeholderText() and not spoken_name(part):
            found.append(f"{described(part)}: named by its placeholder alone")
    for form in root.findChildren(QFormLayout):
        for row in range(form.rowCount()):
            item = form.itemAt(row, QFormLayout.ItemRole.LabelRole)
            label = item.widget() if item is not None else None
            if isinstance(label, QLabel) and label.buddy() is None:
                found.append(f"label “{label.text()}”: belongs to no field")
    if actions is not None:
        found += _unreachable_actions(root, actions)
    return found


def _unreachable_actions(root: QWidget, actions: Actions) -> list[str]:
    """An action is reached through the palette and the sheet of keys when it is registered there."""
    registered = {id(bound.action) for bound in actions.all()}
    found = [f"action {bound.id}: no words" for bound in actions.all() if not bound.action.text().strip()]
    for widget in [root, *root.findChildren(QWidget)]:
        if isinstance(widget, QMenu):
            continue
        for action in widget.actions():
            if _is_ours(action) and id(action) not in registered:
                found.append(
                    f"action “{action.text()}” of {described(widget)}: neither palette nor keys know it"
                )
    return found


def _is_ours(action: QAction) -> bool:
    return not action.isSeparator() and action.menu() is None and not action.objectName().startswith("_q")


def not_reached(window: QWidget, step: QAction) -> list[str]:
    """Parts in sight that `step`, the key to the next part, never leads to."""
    wanted = {
        id(one): one for one in parts(window) if is_stop(one) and one.isVisibleTo(window) and one.isEnabled()
    }
    reached: set[int] = set()
    for _ in range(2 * len(wanted) + 2):
        step.trigger()
        here = QApplication.focusWidget()
        if here is not None:
            reached.add(id(here))
    return [described(one) for key, one in wanted.items() if key not in reached]
