"""The look: Fusion in light, dark or high contrast, fonts that come with the program, zoom.

No style sheets: they break high contrast, dark mode and right-to-left in ways that a palette does not. All
three palettes are written down here, so that their contrast is computed by a test and not hoped for.
The rules a newcomer would get wrong: a colour is never the only sign of a state, every state has a sign
and words too; and a font or width that was computed once does not follow the zoom – `enlarge` and
`scaled` do.
"""

from __future__ import annotations

from importlib import resources

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from sims_desktop.kit.remembered import Remembered

FONT_PACKAGES = ("fontpkg_noto_sans", "fontpkg_noto_sans_arabic")
ZOOM_STEPS = (70, 80, 90, 100, 110, 125, 150, 175, 200, 250)
POINTS = 10.0

SYSTEM, LIGHT, DARK, CONTRAST = "system", "light", "dark", "contrast"
SCHEMES = {
    LIGHT: Qt.ColorScheme.Light,
    DARK: Qt.ColorScheme.Dark,
    CONTRAST: Qt.ColorScheme.Light,
}

_ROLE = QPalette.ColorRole
COLOURS: dict[str, dict[QPalette.ColorRole, str]] = {
    LIGHT: {
        _ROLE.Window: "#f3f3f3",
        _ROLE.Base: "#ffffff",
        _ROLE.AlternateBase: "#f5f7fa",
        _ROLE.Text: "#1a1a1a",
        _ROLE.WindowText: "#1a1a1a",
        _ROLE.ButtonText: "#1a1a1a",
        _ROLE.BrightText: "#ffffff",
        _ROLE.Button: "#e9eaec",
        _ROLE.Light: "#ffffff",
        _ROLE.Midlight: "#f0f0f0",
        _ROLE.Mid: "#b4b7bb",
        _ROLE.Dark: "#8a8d91",
        _ROLE.Shadow: "#6b6e72",
        _ROLE.ToolTipBase: "#ffffe1",
        _ROLE.ToolTipText: "#1a1a1a",
        _ROLE.Highlight: "#1f66a8",
        _ROLE.HighlightedText: "#ffffff",
        _ROLE.PlaceholderText: "#5f6368",
        _ROLE.Link: "#0b57d0",
        _ROLE.LinkVisited: "#6a3fa0",
    },
    DARK: {
        _ROLE.Window: "#25272b",
        _ROLE.Base: "#1c1d20",
        _ROLE.AlternateBase: "#222428",
        _ROLE.Text: "#eceded",
        _ROLE.WindowText: "#eceded",
        _ROLE.ButtonText: "#eceded",
        _ROLE.BrightText: "#ffffff",
        _ROLE.Button: "#2f3237",
        _ROLE.Light: "#4a4e55",
        _ROLE.Midlight: "#3a3e44",
        _ROLE.Mid: "#4a4e55",
        _ROLE.Dark: "#17181a",
        _ROLE.Shadow: "#000000",
        _ROLE.ToolTipBase: "#33363c",
        _ROLE.ToolTipText: "#eceded",
        _ROLE.Highlight: "#2f6aa6",
        _ROLE.HighlightedText: "#ffffff",
        _ROLE.PlaceholderText: "#a4a8b0",
        _ROLE.Link: "#8ab8ff",
        _ROLE.LinkVisited: "#c9a7ff",
    },
    # Black on white with a grey window: Fusion draws frames and grid lines a shade darker than the window,
    # so that on a black one no field would have an edge.
    CONTRAST: {
        _ROLE.Window: "#c8c8c8",
        _ROLE.Base: "#ffffff",
        _ROLE.AlternateBase: "#f4f4f4",
        _ROLE.Text: "#000000",
        _ROLE.WindowText: "#000000",
        _ROLE.ButtonText: "#000000",
        _ROLE.BrightText: "#ffffff",
        _ROLE.Button: "#dedede",
        _ROLE.Light: "#ffffff",
        _ROLE.Midlight: "#f0f0f0",
        _ROLE.Mid: "#000000",
        _ROLE.Dark: "#303030",
        _ROLE.Shadow: "#000000",
        _ROLE.ToolTipBase: "#ffffff",
        _ROLE.ToolTipText: "#000000",
        _ROLE.Highlight: "#00006b",
        _ROLE.HighlightedText: "#ffffff",
        _ROLE.PlaceholderText: "#2e2e2e",
        _ROLE.Link: "#00007a",
        _ROLE.LinkVisited: "#4b0066",
    },
}
DISABLED = {LIGHT: "#6f7378", DARK: "#8b8f97", CONTRAST: "#404040"}

# Backgrounds by meaning, and the stronger colour of its sign or words.
BEHIND = {
    LIGHT: {
        "conflict": "#ffe0b3",
        "refused": "#ffd6d9",
        "invalid": "#ffd6d9",
        "waiting": "#e3efff",
        "closed": "#efefef",
    },
    DARK: {
        "conflict": "#5a3d00",
        "refused": "#5c1f26",
        "invalid": "#5c1f26",
        "waiting": "#173a5e",
        "closed": "#303030",
    },
    CONTRAST: {
        "conflict": "#ffe0a8",
        "refused": "#ffd0d4",
        "invalid": "#ffd0d4",
        "waiting": "#d6e8ff",
        "closed": "#e4e4e4",
    },
}
MARK = {
    LIGHT: {"conflict": "#8a4600", "refused": "#a8001e", "invalid": "#a8001e", "waiting": "#14569e"},
    DARK: {"conflict": "#ffb74d", "refused": "#ffa3ac", "invalid": "#ffa3ac", "waiting": "#8cc0ff"},
    CONTRAST: {"conflict": "#4a2500", "refused": "#6b0012", "invalid": "#6b0012", "waiting": "#00305e"},
}
# What stands in a cell besides its colour. Waiting has the corner alone: it asks nothing of anybody.
SIGNS = {"conflict": "≠", "refused": "✕", "invalid": "?"}

_present = LIGHT
_FACTOR = "font_factor"


def present() -> str:
    """The look that is on: light, dark or contrast."""
    return _present


def is_dark() -> bool:
    return QGuiApplication.palette().color(QPalette.ColorRole.Window).lightness() < 128


def tint(meaning: str) -> QColor:
    """The background behind cells of this meaning."""
    return QColor(BEHIND[_present][meaning])


def mark(meaning: str) -> QColor:
    """The stronger colour of its corner mark, or of words in an error's colour (`refused`)."""
    return QColor(MARK[_present][meaning])


def palette_of(look: str) -> QPalette:
    palette = QPalette(QColor(COLOURS[look][QPalette.ColorRole.Button]))
    for role, colour in COLOURS[look].items():
        palette.setColor(role, QColor(colour))
    for where in (_ROLE.Text, _ROLE.WindowText, _ROLE.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, where, QColor(DISABLED[look]))
    return palette


def scaled(pixels: int) -> int:
    """A width of the usual size, at the present zoom."""
    return round(pixels * QApplication.font().pointSizeF() / POINTS)


def enlarge(widget: QWidget, factor: float = 1.0, *, bold: bool = False) -> None:
    """A font that is `factor` of the program's and stays so at every zoom."""
    widget.setProperty(_FACTOR, factor)
    font = QApplication.font()
    font.setPointSizeF(font.pointSizeF() * factor)
    font.setBold(bold)
    widget.setFont(font)


def load_fonts() -> list[str]:
    """The families that the font packages brought, in the order of fall-back."""
    families: list[str] = []
    for package in FONT_PACKAGES:
        for file in sorted(resources.files(package).joinpath("files").iterdir(), key=lambda file: file.name):
            if file.name.endswith(".ttf") and "Italic" not in file.name:
                number = QFontDatabase.addApplicationFontFromData(file.read_bytes())
                families += [f for f in QFontDatabase.applicationFontFamilies(number) if f not in families]
    return families


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
        self.look = remembered.text("look/scheme", SYSTEM)
        self._apply()
        hints = app.styleHints()
        hints.colorSchemeChanged.connect(self._system_changed)
        hints.accessibility().contrastPreferenceChanged.connect(self._system_changed)

    def set_look(self, look: str) -> None:
        """`system`, `light`, `dark` or `contrast`."""
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

    def wanted(self) -> str:
        """Light, dark or contrast: as chosen, or as the system says."""
        if self.look in COLOURS:
            return self.look
        hints = self._app.styleHints()
        if hints.accessibility().contrastPreference() is Qt.ContrastPreference.HighContrast:
            return CONTRAST
        return DARK if hints.colorScheme() is Qt.ColorScheme.Dark else LIGHT

    def _system_changed(self, *told: object) -> None:
        if self.look not in COLOURS:
            self._apply()

    def _apply(self) -> None:
        global _present
        # Frames of the window's own title follow where the platform can be asked.
        self._app.styleHints().setColorScheme(SCHEMES.get(self.look, Qt.ColorScheme.Unknown))
        _present = self.wanted()
        self._app.setPalette(palette_of(_present))
        font = QFont(self._families)
        font.setPointSizeF(POINTS * self.zoom / 100)
        if font != self._app.font():
            self._app.setFont(font)
            for widget in self._app.allWidgets():
                factor = widget.property(_FACTOR) if isValid(widget) else None
                if factor is not None:
                    enlarge(widget, factor, bold=widget.font().bold())
            # Qt hands the new font to the widgets a turn later; whoever measures measures then.
            QTimer.singleShot(0, self, self.changed.emit)
        self.changed.emit()
