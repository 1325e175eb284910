"""What Qt itself says – the menu of a line, the buttons of its dialogs – in the program's language.

Qt ships no Urdu. The rule a newcomer would get wrong: "" is a translation to nothing – of the word
“Ctrl”, too. What has no Urdu answers itself.
"""

from __future__ import annotations

from PySide6.QtCore import QLocale, QObject, QTranslator
from PySide6.QtWidgets import QApplication

from sims_desktop.kit.language import ENGLISH, URDU


def system_language() -> str:
    """What is spoken until somebody chooses."""
    return URDU if QLocale.system().language() is QLocale.Language.Urdu else ENGLISH


class QtWords(QTranslator):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._words: dict[str, str] = {}

    def follow(self, app: QApplication, language: str) -> None:
        app.removeTranslator(self)
        if language == URDU:
            from sims_desktop.kit.words.urdu.kit import OF_QT

            self._words = OF_QT
            app.installTranslator(self)

    def isEmpty(self) -> bool:
        return not self._words

    def translate(self, context: str, sourceText: str, disambiguation: str | None = None, n: int = -1) -> str:
        return self._words.get(sourceText, sourceText)
