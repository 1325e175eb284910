"""Light, dark and high contrast: what is readable is computed; zoom reaches everything that was sized."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from sims_desktop.kit import theme
from sims_desktop.kit.printing import print_html, printer_to_file
from sims_desktop.kit.remembered import Remembered
from sims_desktop.kit.tables import Field, RecordModel, RecordView

Role = QPalette.ColorRole
PAIRS = [
    (Role.WindowText, Role.Window),
    (Role.WindowText, Role.Base),
    (Role.Text, Role.Base),
    (Role.Text, Role.AlternateBase),
    (Role.ButtonText, Role.Button),
    (Role.ButtonText, Role.Window),
    (Role.HighlightedText, Role.Highlight),
    (Role.ToolTipText, Role.ToolTipBase),
    (Role.PlaceholderText, Role.Base),
    (Role.PlaceholderText, Role.Window),
    (Role.Link, Role.Base),
    (Role.Link, Role.Window),
    (Role.LinkVisited, Role.Base),
]
LEAST = {theme.LIGHT: 4.5, theme.DARK: 4.5, theme.CONTRAST: 7.0}


def contrast(one: QColor, other: QColor) -> float:
    """As the accessibility guidelines compute it, 1 … 21."""

    def light(colour: QColor) -> float:
        parts = [colour.redF(), colour.greenF(), colour.blueF()]
        red, green, blue = (p / 12.92 if p <= 0.03928 else float(((p + 0.055) / 1.055) ** 2.4) for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.fixture
def look(qtbot: QtBot, tmp_path: Path) -> Iterator[theme.Theme]:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    look = theme.Theme(app, Remembered(tmp_path))
    yield look
    look.zoom_reset()
    look.set_look(theme.LIGHT)


@pytest.mark.parametrize("name", theme.COLOURS)
def test_every_text_is_readable_on_what_lies_behind_it(look: theme.Theme, name: str) -> None:
    look.set_look(name)
    palette = QApplication.palette()
    pairs = {
        f"{text.name} on {back.name}": (palette.color(text), palette.color(back)) for text, back in PAIRS
    }
    for meaning in theme.BEHIND[name]:
        pairs[f"text on {meaning}"] = palette.color(Role.Text), theme.tint(meaning)
    for meaning in theme.MARK[name]:
        pairs[f"words of {meaning}"] = theme.mark(meaning), palette.color(Role.Window)
        pairs[f"sign of {meaning}"] = theme.mark(meaning), palette.color(Role.Base)
        pairs[f"sign of {meaning} on its own"] = theme.mark(meaning), theme.tint(meaning)
    faint = {pair: round(contrast(*both), 1) for pair, both in pairs.items() if contrast(*both) < LEAST[name]}
    assert faint == {}
    edge = palette.color(Role.Window).darker(140)  # as Fusion draws the frame of a field
    if name == theme.CONTRAST:
        assert contrast(edge, palette.color(Role.Base)) > 3
    assert all(one.alpha() == 255 for both in pairs.values() for one in both)


def test_contrast_is_computed_as_the_guidelines_do() -> None:
    assert contrast(QColor("#000000"), QColor("#ffffff")) == pytest.approx(21)
    assert contrast(QColor("#777777"), QColor("#ffffff")) == pytest.approx(4.48, abs=0.01)


def test_states_that_ask_for_something_have_signs_of_their_own() -> None:
    asking = set(theme.MARK[theme.LIGHT]) - {"waiting"}
    assert set(theme.SIGNS) == asking
    assert len(set(theme.SIGNS.values())) == len(asking)
    assert all(set(colours) == set(theme.BEHIND[theme.LIGHT]) for colours in theme.BEHIND.values())


def test_the_look_is_chosen_and_remembered(look: theme.Theme, tmp_path: Path) -> None:
    look.set_look(theme.CONTRAST)
    assert QApplication.palette().color(Role.Window) == QColor("#c8c8c8")
    assert theme.present() == theme.CONTRAST
    assert Remembered(tmp_path).text("look/scheme") == theme.CONTRAST
    look.set_look(theme.SYSTEM)
    assert theme.present() in (theme.LIGHT, theme.DARK)


def test_headings_rows_and_columns_follow_the_zoom(look: theme.Theme, qtbot: QtBot) -> None:
    heading = QLabel("Marks")
    qtbot.addWidget(heading)
    theme.enlarge(heading, 1.5, bold=True)
    model: RecordModel[str] = RecordModel([Field("Name", str, 120), Field("Father", str)])
    view: RecordView[str] = RecordView(model, "names")
    qtbot.addWidget(view)
    model.set_records(["Ayesha"])
    view.setColumnWidth(0, 200)
    size, high = heading.font().pointSizeF(), view.rowHeight(0)
    view.show()
    while look.zoom < 200:
        look.zoom_in()
    QApplication.processEvents()
    assert heading.font().pointSizeF() == pytest.approx(2 * size)
    assert heading.font().bold()
    assert view.rowHeight(0) > 1.6 * high
    assert view.columnWidth(0) == pytest.approx(400, abs=20)
    later: RecordView[str] = RecordView(model, "later")
    qtbot.addWidget(later)
    assert later.columnWidth(0) == 240
    look.zoom_reset()
    QApplication.processEvents()
    assert view.rowHeight(0) == high


def test_paper_is_of_one_size_however_large_the_screen_shows_it(look: theme.Theme, tmp_path: Path) -> None:
    def printed(name: str) -> list[tuple[float, float, float, float]]:
        path = tmp_path / name
        print_html("<h2>Award list</h2><p>2024-CS-0001 Ayesha Khan 71</p>", printer_to_file(path))
        text = pypdfium2.PdfDocument(path)[0].get_textpage()
        return [text.get_rect(place) for place in range(text.count_rects())]

    usual = printed("usual.pdf")
    assert usual
    for _ in range(4):
        look.zoom_in()
    assert printed("enlarged.pdf") == usual
