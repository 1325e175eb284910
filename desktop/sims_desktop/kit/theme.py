"""The look: Fusion in the system's light or dark, fonts that come with the program, zoom.

No style sheets: they break high contrast, dark mode and right-to-left in ways that a palette does not.
The rule a newcomer would get wrong: a badge's colour is never the only sign of it; every badge has a
corner mark and words too.
"""

from __future__ import annotations

from importlib import resources

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from sims_desktop.kit.remembered import Remembered

FONT_PACKAGES = ("fontpkg_noto_sans", "fontpkg_noto_sans_arabic")
ZOOM_STEPS = (70, 80, 90, 100, 110, 125, 150, 175, 200, 250)
POINTS = 10.0

LOOKS = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}


# Tints by meaning, in both schemes, each with a contrast above 7 to the text on it.
BEHIND_LIGHT = {
    "conflict": "#ffe0b3",
    "refused": "#ffd6d9",
    "invalid": "#ffd6d9",
    "waiting": "#e3efff",
    "closed": "#efefef",
}
BEHIND_DARK = {
    "conflict": "#5a3d00",
    "refused": "#5c1f26",
    "invalid": "#5c1f26",
    "waiting": "#173a5e",
    "closed": "#303030",
}
MARK_LIGHT = {"conflict": "#b25c00", "refused": "#b00020", "invalid": "#b00020", "waiting": "#1769c2"}
MARK_DARK = {"conflict": "#ffb74d", "refused": "#ff8a95", "invalid": "#ff8a95", "waiting": "#78b4ff"}


def is_dark() -> bool:
    return QGuiApplication.palette().color(QPalette.ColorRole.Window).lightness() < 128


def tint(meaning: str) -> QColor:
    """The background behind cells of this meaning."""
    return QColor((BEHIND_DARK if is_dark() else BEHIND_LIGHT)[meaning])


def mark(meaning: str) -> QColor:
    """The stronger colour of its corner mark, or of words in an error's colour (`refused`)."""
    return QColor((MARK_DARK if is_dark() else MARK_LIGHT)[meaning])


def load_fonts() -> list[str]:
    """The families that the font packages brought, in the order of fall-back."""
    families: list[str] = []
    for package in FONT_PACKAGES:
        for file in sorted(resources.files(package).joinpath("files").iterdir(), key=lambda file: file.name):
            if file.name.endswith(".ttf") and "Italic" not in file.name:
                number = QFontDatabase.addApplicationFontFromData(file.read_bytes())
                families += [f for f in QFontDatabase.applicationFontFamilies(number) if f not in families]
    return families


def dark_palette() -> QPalette:
    """Fusion in the dark, for platforms without a scheme of their own."""
    palette = QPalette(QColor("#2d2f33"))
    role, group = QPalette.ColorRole, QPalette.ColorGroup
    for where, colour in (
        (role.Window, "#25272b"),
        (role.Base, "#1c1d20"),
        (role.AlternateBase, "#222428"),
        (role.Text, "#eceded"),
        (role.WindowText, "#eceded"),
        (role.ButtonText, "#eceded"),
        (role.Button, "#2f3237"),
        (role.ToolTipBase, "#33363c"),
        (role.ToolTipText, "#eceded"),
        (role.Highlight, "#3d7ab8"),
        (role.HighlightedText, "#ffffff"),
        (role.Mid, "#4a4e55"),
        (role.PlaceholderText, "#9a9ea6"),
        (role.Link, "#8ab8ff"),
    ):
        palette.setColor(where, QColor(colour))
    for where in (role.Text, role.WindowText, role.ButtonText):
        palette.setColor(group.Disabled, where, QColor("#7d8189"))
    return palette


class Theme(QObject):
    """Applies look and zoom to the whole program. `changed` tells painters to drop cached colours."""

    changed = Signal()

    def __init__(self, app: QApplication, remembered: Remembered) -> None:
        super().__init__(app)
        self._app = app
        self._remembered = remembered
        app.setStyle("Fusion")
        self._families = load_fonts() or [app.font().family()]
        self.zoom = min(max(remembered.number("look/zoom", 100), ZOOM_STEPS[0]), ZOOM_STEPS[-1])
        self.look = remembered.text("look/scheme", "system")
        self._apply()
        app.styleHints().colorSchemeChanged.connect(lambda scheme: self.changed.emit())

    def set_look(self, look: str) -> None:
        """`system`, `light` or `dark`."""
        self.look = look
        self._remembered.put("look/scheme", look)
        self._apply()

    def zoom_in(self) -> None:
        self._zoom_to(next((step for step in ZOOM_STEPS if step > self.zoom), ZOOM_STEPS[-1]))

    def zoom_out(self) -> None:
        self._zoom_to(next((step for step in reversed(ZOOM_STEPS) if step < self.zoom), ZOOM_STEPS[0]))

    def zoom_reset(self) -> None:
        self._zoom_to(100)

    def _zoom_to(self, percent: int) -> None:
        self.zoom = percent
        self._remembered.put("look/zoom", percent)
        self._apply()

    def _apply(self) -> None:
        wanted = LOOKS.get(self.look, Qt.ColorScheme.Unknown)
        hints = self._app.styleHints()
        hints.setColorScheme(wanted)
        if wanted is Qt.ColorScheme.Unknown or hints.colorScheme() is wanted:
            self._app.setPalette(QPalette())
        else:
            # Some platforms cannot be asked for a scheme; Fusion takes the palette instead.
            dark = wanted is Qt.ColorScheme.Dark
            self._app.setPalette(dark_palette() if dark else self._app.style().standardPalette())
        font = QFont(self._families)
        font.setPointSizeF(POINTS * self.zoom / 100)
        self._app.setFont(font)
        self.changed.emit()
