"""Urdu, sentence by sentence: the test reads the program's source and names what has none."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from sims_desktop.kit import language
from sims_desktop.kit.language import on_paper, phrase
from sims_desktop.kit.qt_words import QtWords
from sims_desktop.kit.wording import left_to_right, listed, plural, when
from sims_desktop.kit.words.urdu import CATALOG
from tests.desktop.kit.sentences import modules, phrases, phrases_of, shown_unspoken, unspoken, wrong_values

# Modules whose words are English only so far. The shorter the better; nothing else may be.
NOT_YET: tuple[str, ...] = ()


@pytest.fixture
def urdu() -> Iterator[None]:
    language.speak(language.URDU)
    yield
    language.speak(language.ENGLISH)


def values_in(text: str) -> list[tuple[str, str]]:
    """The values of a phrase with how each is written, in any order: Urdu has its own."""
    return sorted(
        (name, form or "") for _, name, form, _ in string.Formatter().parse(text) if name is not None
    )


def test_every_sentence_of_the_program_has_its_urdu() -> None:
    missing = sorted(
        {f"{said.text!r} ({said.place})" for said in phrases(NOT_YET) if said.text not in CATALOG}
    )
    assert not missing, "no Urdu yet:\n" + "\n".join(missing)


def test_nothing_is_shown_that_was_not_put_into_words() -> None:
    plain = sorted({f"{said.text!r} ({said.place})" for said in unspoken(NOT_YET)})
    assert not plain, "wrap these in phrase():\n" + "\n".join(plain)


def test_each_urdu_holds_the_values_of_its_english() -> None:
    other = [english for english, said in CATALOG.items() if values_in(english) != values_in(said)]
    assert other == []


def test_each_phrase_is_given_the_values_it_names() -> None:
    wrong = [f"{text!r} ({name}:{line})" for name, tree in modules() for text, line in wrong_values(tree)]
    assert not wrong, "\n".join(wrong)


def test_no_urdu_is_left_of_what_the_program_no_longer_says() -> None:
    from sims_desktop.kit.words.urdu import kit

    said = {said.text for said in phrases()}
    stale = [english for english in CATALOG if english not in said and english not in kit.OF_QT]
    assert stale == []


def test_urdu_is_urdu() -> None:
    """Only keys and what has no words of its own – SGPA, a name beside a number – stay as they are."""
    same = {
        english for english, said in CATALOG.items() if not any("\u0600" <= sign <= "\u06ff" for sign in said)
    }
    plain = re.compile(
        r"\{[^}]*\}|[CS]GPA|SIMS|DEMO|Enter|Shift|Ctrl|Esc|Tab|F\d|417[LVP]?|/ahmed|[AEPU]{1,2}|[^A-Za-z]"
    )
    assert {english: left for english in same if (left := plain.sub("", english))} == {}


def test_numerals_stay_western() -> None:
    eastern = set("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹")
    assert [english for english, said in CATALOG.items() if eastern & set(said)] == []


def test_what_the_checks_look_for_is_found() -> None:
    """Each way to say something, broken on purpose."""
    code = ast.parse(
        "label.setText('Not wrapped')\n"
        "label.setText(f'{count} waiting')\n"
        "label.setText(phrase('Wrapped'))\n"
        "page.add_action('a.b', 'An action', 'Ctrl+D', call)\n"
        "Field('A title', len)\n"
        "plural(3, 'mouse', 'mice')\n"
    )
    assert [text for text, _ in shown_unspoken(code)] == ["Not wrapped", " waiting"]
    assert {text for text, _ in phrases_of(code)} == {"Wrapped", "An action", "A title", "mouse", "mice"}
    wrong = ast.parse("phrase('{count} of {total}', count=3, sum=4)")
    assert list(wrong_values(wrong)) == [("{count} of {total}", 1)]


def test_values_are_filled_in_and_keep_their_own_direction(urdu: None) -> None:
    said = phrase("{reg_no} · student of this sheet", reg_no="2022-XU-0417")
    assert said == "\u20682022-XU-0417\u2069 · اس شیٹ کا طالب علم"
    assert phrase("{count:,} chosen", count=2498) == "2,498 منتخب"
    assert "\u20662022-XU-0417\u2069" in left_to_right("2022-XU-0417")


def test_a_sentence_within_a_sentence_ends_once(urdu: None) -> None:
    text = "{error}. Eligibility needs the server; F5 asks again."
    with on_paper():
        assert phrase(text, error="1 fault.") == "1 fault. Eligibility needs the server; F5 asks again."
        assert phrase(text, error="Away") == "Away. Eligibility needs the server; F5 asks again."
    assert "۔" not in phrase(text, error="ایک غلطی۔").split("\u2069")[0]


def test_counts_lists_and_times_are_said_in_urdu(urdu: None) -> None:
    now = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    assert plural(3, "mark") == "3 نمبر"
    assert listed(["الف", "ب"]) == "\u2068الف\u2069 اور \u2068ب\u2069"
    assert when(datetime(2026, 3, 3, 10, 0, tzinfo=UTC), now).startswith("3 مارچ")


def test_what_is_printed_for_the_record_stays_english(urdu: None) -> None:
    with on_paper():
        assert phrase("Published") == "Published"
    assert phrase("Published") != "Published"


def test_a_text_nobody_translated_is_said_as_it_is(urdu: None) -> None:
    assert phrase("Nobody translated {this}", this=3) == "Nobody translated 3"
    assert language.speak("tlh") == language.ENGLISH


def test_keys_keep_their_names_and_qt_s_own_menu_is_urdu(qtbot: QtBot) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    words = QtWords(app)
    words.follow(app, language.URDU)
    try:
        native = QKeySequence.SequenceFormat.NativeText
        assert [QKeySequence(key).toString(native) for key in ("Ctrl+Shift+P", "F9")] == [
            "Ctrl+Shift+P",
            "F9",
        ]
        line = QLineEdit()
        qtbot.addWidget(line)
        menu = line.createStandardContextMenu()
        assert "کاپی کریں" in "".join(action.text() for action in menu.actions())
    finally:
        words.follow(app, language.ENGLISH)
