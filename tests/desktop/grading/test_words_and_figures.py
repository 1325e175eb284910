"""My sheets in words, a column in figures, devices in a sentence."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sims_desktop.grading.presenter.entry import BLANK, Value
from sims_desktop.grading.presenter.overview import OverviewPresenter, SheetLine
from sims_desktop.grading.presenter.refusals import WHY, refusal_words
from sims_desktop.grading.presenter.statistics import distribution
from sims_desktop.grading.presenter.submission import Device
from sims_desktop.kit.wording import when
from sims_shared.grading import REJECTIONS_IN_WORDS

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ABSENT = Value("absent", None)


def scored(text: str) -> Value:
    return Value("scored", Decimal(text))


def test_absent_students_are_judged_but_not_averaged() -> None:
    spread = distribution([scored("10"), scored("30"), ABSENT, Value("excused", None), BLANK], Decimal(40))
    assert (spread.scored, spread.absent, spread.other, spread.missing) == (2, 1, 1, 1)
    assert (spread.mean, spread.total) == (20, Decimal(40))
    assert spread.pass_rate == pytest.approx(1 / 3)
    assert spread.in_words == "Mean 20.0, median 20.0, 33% pass, 1 missing"


def test_a_column_without_marks_has_no_mean() -> None:
    assert distribution([BLANK, BLANK], Decimal(40)).in_words == "Nothing entered, 2 missing"


@given(st.lists(st.decimals(0, 40, places=2), max_size=40))
def test_every_score_stands_in_one_bar(scores: list[Decimal]) -> None:
    spread = distribution([Value("scored", score) for score in scores], Decimal(40))
    assert sum(spread.bars) == len(scores)


def line(state: str, **more: object) -> SheetLine:
    given = {"filled": 10, "total": 40} | more
    return SheetLine(1, "CS-211", "Data Structures", "A", "Fall 2026", state, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sheet", "words"),
    [
        (line("open"), "Open"),
        (line("open", filled=0), "Open, not started"),
        (line("open", returned_because="Quiz 2 is missing"), "Returned: Quiz 2 is missing"),
        (
            line("open", asked_at=NOW, asked_by="Nadia", asked_note="by Friday"),
            f"Open · Nadia asked for it {when(NOW, NOW)}: by Friday",
        ),
        (line("submitted"), "Submitted, waiting for the head of department"),
        (line("approved"), "Approved, waiting to be published"),
    ],
)
def test_a_sheet_s_state_is_a_sentence(sheet: SheetLine, words: str) -> None:
    assert sheet.state_words(NOW) == words


def test_what_is_missing_and_what_waits_are_told_apart() -> None:
    sheet = line("open", waiting=3, conflicts=1)
    assert sheet.missing_words == "30 of 40 missing"
    assert sheet.waiting_words == "3 marks to send, 1 conflict"
    assert line("open", filled=40).missing_words == "complete"
    assert line("open", here=False).waiting_words == "not on this computer yet"


class Shelf:
    def __init__(self, *lines: SheetLine) -> None:
        self.lines = lines

    def list_sheets(self) -> tuple[SheetLine, ...]:
        return self.lines


def test_my_sheets_are_summed_up_in_one_sentence() -> None:
    presenter = OverviewPresenter(Shelf(line("open", waiting=3), line("submitted", filled=40)))
    assert presenter.sentence == "1 open sheet, 30 marks missing, 3 marks waiting to be sent."
    back = OverviewPresenter(Shelf(line("open"), line("open", returned_because="Quiz 2 is missing")))
    assert back.sentence == "2 open sheets, 1 returned, 60 marks missing."
    assert OverviewPresenter(Shelf()).sentence.startswith("No sheets yet.")


def test_a_colleague_s_device_is_named_with_what_it_holds() -> None:
    device = Device.reported(
        {"client_id": "c", "name": "office PC", "account": {"id": 1, "name": "Dr Saad Aziz"}, "pending": 1}
    )
    assert device.in_words(NOW) == "Dr Saad Aziz on office PC: 1 mark not sent, last seen never"


def test_a_refusal_is_said_in_the_server_s_words_and_an_unknown_one_names_its_code() -> None:
    assert dict(REJECTIONS_IN_WORDS) == WHY
    assert refusal_words("sync.of_tomorrow").endswith("tell the administrator: sync.of_tomorrow")
