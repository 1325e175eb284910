"""`./sims tour`: the whole story, from an imported department to a document that was superseded.

Played by a real server, real stores and real windows that are driven by keys. `--out` keeps a numbered
picture of each step, the sealed PDF, the printed file and a log; the command ends non-zero when a step
does not come out.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pypdfium2
import zxingcpp
from PySide6.QtTest import QTest

from sims_desktop.approvals.page import InboxPage
from sims_desktop.counter.page import CounterPage
from sims_desktop.counter.presenter.paper import Stage as PaperStage
from sims_desktop.grading.page import GridPage
from sims_desktop.grading.panels import SubmitPanel, TrayPanel
from sims_desktop.grading.presenter.sheet import Badge
from sims_desktop.results.page import PublishPage
from tests.support import new_department
from tests.support.new_department import COLLEAGUE, COURSE, HEAD, LEAD, NAMES, OpenTerm
from tests.support.stage import PASSWORD, Cable, Caller, Someone, Stage, StepFailed, ended_by_signals

GUESTS = 6
FINAL = 2  # its column
ABSENT_ROW, DISPUTED_ROW = 7, 11
LEAD_READS, COLLEAGUE_READS = "64,5", "46,5"
CORRECTED = 61  # the Final of the student who fetched a transcript, with the overlooked pages


@dataclass(slots=True)
class Story:
    """What one step leaves to the next."""

    stage: Stage
    registrar: Caller
    cables: dict[str, Cable] = field(default_factory=dict)
    people: dict[str, Someone] = field(default_factory=dict)
    section_id: int = 0
    term_id: int = 0
    student: dict[str, Any] = field(default_factory=dict)
    serial: str = ""
    sealed: Path = field(default_factory=Path)
    code: str = ""


# -- 1. Import -------------------------------------------------------------------------------------


def import_department(story: Story) -> None:
    """A department joins: ten files, previewed, then committed as they were previewed."""
    stage, registrar = story.stage, story.registrar
    stage.step("A department joins the university: its ten files are previewed and imported")
    term = next(term for term in registrar.every("/api/terms/") if term["status"] == "open")
    guests = _students_with_a_record(registrar)
    story.student = guests[0]
    story.term_id = term["id"]
    files = new_department.write_files(
        stage.out / "import",
        OpenTerm(term["name"], date.fromisoformat(term["start_date"]), date.fromisoformat(term["end_date"])),
        [guest["reg_no"] for guest in guests],
        PASSWORD,
    )
    for kind in new_department.ORDER:
        if kind == "scores":
            _refuse_faulty_scores(story, files[kind])
        if kind == "accounts":
            # Who may sign in is not the registrar's to say: the operator brings them, at the server.
            place = ("--data", str(stage.server_data))
            stage.say(stage.run("sims_server", "import", kind, str(files[kind]), *place))
            continue
        counts = _import(story, kind, files[kind])["counts"]
        stage.say(f"{kind:<12} {counts['new']:>3} new, {counts['same']} as they were")
    again = _import(story, "scores", files["scores"])["counts"]
    stage.expect(again["same"] == again["rows"], "a second import of the same marks changes nothing")
    stage.say("The scores once more: nothing changes.")
    sections = registrar.every("/api/sections/", term_id=term["id"], search=COURSE)
    story.section_id = next(section["id"] for section in sections if section["course_code"] == COURSE)


def _students_with_a_record(registrar: Caller) -> list[dict[str, Any]]:
    """Students of the second year and above who passed everything so far, without a hold."""
    held = {hold["student_id"] for hold in registrar.every("/api/holds/") if hold["lifted_at"] is None}
    found = registrar.get("/api/registrations/", page_size=200, program_id=1)["results"]
    good = [one for one in found if float(one["cgpa"] or 0) >= 2.8 and one["student_id"] not in held]
    if len(good) < GUESTS:
        raise StepFailed(f"the demo has {GUESTS} good students without a hold")
    return good[:GUESTS]


def _import(story: Story, kind: str, path: Path) -> dict[str, Any]:
    plan = _preview(story, kind, path)
    if plan["status"] != "previewed":
        raise StepFailed(f"the preview of {path.name} is without faults: {plan['faults'][:5]}")
    story.registrar.post(f"/api/imports/{plan['id']}/commit/", {"plan_hash": plan["plan_hash"]})
    return story.stage.until(
        lambda: _import_in(story, plan["id"], "committed", "failed"), f"{path.name} is imported"
    )


def _preview(story: Story, kind: str, path: Path) -> dict[str, Any]:
    uploaded = story.registrar.upload("/api/imports/", path, kind=kind)
    return story.stage.until(
        lambda: _import_in(story, uploaded["id"], "previewed", "faulty", "failed", "committed"),
        f"{path.name} is previewed",
    )


def _import_in(story: Story, id: int, *states: str) -> dict[str, Any]:
    seen: dict[str, Any] = story.registrar.get(f"/api/imports/{id}/")
    return seen if seen["status"] in states else {}


def _refuse_faulty_scores(story: Story, good: Path) -> None:
    """Faults are all named at once, and nothing of the file gets in."""
    faulty = good.with_name("scores-with-faults.csv")
    new_department.write_faulty_scores(faulty, good)
    plan = _preview(story, "scores", faulty)
    story.stage.expect(plan["status"] == "faulty", "a file with faults is not imported")
    story.stage.say(f"{faulty.name} is refused as a whole:")
    for fault in plan["faults"]:
        story.stage.say(f"  {fault['pointer']}: {fault['detail']}")


# -- 2, 3, 4. Off line, conflict, submit -----------------------------------------------------------


def mark_off_line(story: Story) -> None:
    """Two professors open one sheet, lose the network, and mark."""
    stage = story.stage
    stage.step("Two professors open the same sheet; then both lose the network and go on")
    for username in (LEAD, COLLEAGUE):
        story.cables[username] = stage.lay_cable()
        someone = story.people[username] = stage.seat(username, story.cables[username])
        stage.say(f"{NAMES[username]}: {someone.standing}")
    lead, colleague = story.people[LEAD], story.people[COLLEAGUE]
    stage.until(lambda: lead.window.page is not None, "there is a page")
    lead.picture("my sheets")
    for someone in (lead, colleague):
        someone.go_to(COURSE, GridPage)
    lead.picture("the sheet on line")
    for username in (LEAD, COLLEAGUE):
        story.cables[username].cut()
    count = lead.page(GridPage).grid.row_count
    _mark(lead, range(DISPUTED_ROW), LEAD_READS)
    stage.until(lambda: lead.standing.startswith("Off line since"), "the window says that it is off line")
    stage.say(f"{NAMES[LEAD]}: {lead.standing}")
    lead.press("Ctrl+F")
    lead.picture("marking off line")
    lead.press("Ctrl+F")
    _mark(colleague, range(DISPUTED_ROW + 1, count), COLLEAGUE_READS)
    stage.until(
        lambda: colleague.standing.startswith("Off line since"), "the window says that it is off line"
    )
    stage.say(f"{NAMES[COLLEAGUE]}: {colleague.standing}")
    colleague.picture("the colleague marks off line")


def _mark(someone: Someone, rows: range, disputed: str) -> None:
    """Types the Final of these rows from the top down, then of the row that both believe to be theirs."""
    page = someone.page(GridPage)
    page.view.put_cursor((rows.start, 0))
    someone.press("Right", "Right")
    for row in rows:
        someone.type("a" if row == ABSENT_ROW else str(38 + row * 13 % 55))
        someone.press("Return")
    page.view.put_cursor((DISPUTED_ROW, 0))
    someone.press("Right", "Right")
    someone.type(disputed)
    someone.press("Return")
    kept = all(page.grid.cell(row, FINAL).badge is Badge.WAITING for row in (*rows, DISPUTED_ROW))
    someone.stage.expect(kept, "every typed mark is kept on this computer and waits")


def resolve_conflict(story: Story) -> None:
    """Back on line, the second one finds the first one's mark in the tray."""
    stage = story.stage
    lead, colleague = story.people[LEAD], story.people[COLLEAGUE]
    stage.step("The network is back: marks merge by themselves, one conflict waits for a person")
    story.cables[LEAD].mend()
    lead_page, page = lead.page(GridPage), colleague.page(GridPage)
    stage.until(lambda: not lead_page.grid.counted(Badge.WAITING, Badge.SENDING), "her marks are sent", 120)
    stage.until(lambda: lead.standing.startswith("Connected"), "the window says that it is connected")
    stage.say(f"{NAMES[LEAD]}: {lead.standing}")
    story.cables[COLLEAGUE].mend()
    stage.until(lambda: page.grid.counted(Badge.CONFLICT) == 1, "one cell is in conflict", 120)
    stage.until(lambda: not page.grid.counted(Badge.WAITING, Badge.SENDING), "all other marks are sent")
    stage.until(lambda: colleague.standing.startswith("Connected · 1 conflict"), "the window says so")
    stage.say(f"{NAMES[COLLEAGUE]}: {colleague.standing}")
    colleague.press("Ctrl+J")
    stage.expect(isinstance(page.panel, TrayPanel), "Ctrl+J opens the tray")
    stage.say(" | ".join(text for text in page.tray.texts(page.tray.conflicts[0], page.around.now())))
    colleague.picture("the conflict tray")
    colleague.press("M")
    stage.until(lambda: not page.grid.counted(Badge.CONFLICT), "the conflict is resolved")
    colleague.press("Escape")
    kept = COLLEAGUE_READS.replace(",", ".")
    stage.until(lambda: page.grid.cell(DISPUTED_ROW, FINAL).badge is Badge.SAVED, "his mark is sent again")
    stage.expect(page.grid.cell(DISPUTED_ROW, FINAL).text == kept, "his mark stands")
    stage.until(lambda: colleague.standing.startswith("Connected · last"), "the window says that all is sent")
    colleague.picture("mine was kept")
    stage.until(lambda: lead_page.grid.cell(DISPUTED_ROW, FINAL).text == kept, "her sheet shows it too", 90)
    stage.say(f"{NAMES[COLLEAGUE]} kept his {kept}; the sheet of {NAMES[LEAD]} shows it by itself.")
    lead.picture("the lead sees it too")
    colleague.leave()


def submit(story: Story) -> None:
    """The lead checks with the server, sees that nothing is missing, and submits."""
    stage, lead = story.stage, story.people[LEAD]
    stage.step("The lead submits the sheet to the head of department")
    page = lead.page(GridPage)
    lead.press("Ctrl+Return")
    stage.until(lambda: page.submission.may_submit, "the sheet may be submitted")
    panel = page.panel
    stage.expect(isinstance(panel, SubmitPanel), "the panel shows what a submit would do")
    assert isinstance(panel, SubmitPanel)
    stage.say(panel.question.text())
    stage.expect(not page.submission.missing, "no mark is missing")
    lead.picture("before submitting")
    lead.press("Ctrl+Return")
    stage.until(lambda: page.grid.sheet.state == "submitted", "the sheet is submitted")
    QTest.qWait(50)
    lead.picture("submitted")
    stage.say(page.state.text())


# -- Approve, publish, freeze ----------------------------------------------------------------------


def approve(story: Story) -> None:
    """The head of department looks at the sheet in the inbox and approves it."""
    stage = story.stage
    stage.step("The head of department approves the sheet in the inbox")
    head = stage.seat(HEAD)
    page = head.go_to("Approvals", InboxPage)
    stage.until(lambda: page.current is not None, "the sheet waits in the inbox")
    stage.until(lambda: page.detail.model is not None and page.detail.model.records, "the sheet is shown")
    stage.say(page.summary.text())
    head.picture("the approval inbox")
    head.press("A")
    stage.until(lambda: not page.presenter.items, "the sheet has left the inbox")
    stage.say(page.note.text())
    head.picture("approved")
    head.leave()


def publish_and_freeze(story: Story) -> None:
    """The controller of examinations declares the section's results, then closes them for good."""
    stage = story.stage
    stage.step("The controller of examinations publishes the section's results")
    controller = stage.seat("examcell")
    page = _look_at_section(story, controller)
    controller.picture("ready to publish")
    controller.press("Ctrl+Return")
    stage.expect(page.asking.question.isVisible(), "the page says what a publish would do")
    stage.say(page.asking.question.text())
    controller.picture("what publishing would do")
    controller.press("Ctrl+Return")
    stage.until(lambda: page.note.text().startswith("Published:"), "the results are published")
    stage.say(page.note.text())
    _wait_for_state(story, page, "published")
    controller.picture("published")
    stage.step("The controller freezes them")
    controller.press("Ctrl+Shift+F")
    stage.expect(page.asking.question.isVisible(), "the page says what a freeze would do")
    stage.say(page.asking.question.text())
    controller.press("Ctrl+Return")
    stage.until(lambda: page.note.text().startswith("Frozen:"), "the results are frozen")
    _wait_for_state(story, page, "frozen")
    stage.say(page.note.text())
    controller.picture("frozen")
    controller.leave()


def _look_at_section(story: Story, someone: Someone) -> PublishPage:
    """The publish page with the cursor on our section and its students listed."""
    stage = story.stage
    page = someone.go_to("Publish results", PublishPage)
    stage.until(lambda: page.presenter.is_loaded, "the sections of the term are listed")
    someone.press("Ctrl+K")
    someone.type(f"notify {COURSE}")
    someone.press("Return")
    stage.until(
        lambda: (here := page.list.current()) is not None and here.section_id == story.section_id,
        f"the cursor is on {COURSE}",
    )
    stage.until(lambda: page.row_model.records, "its students are listed")
    return page


def _wait_for_state(story: Story, page: PublishPage, state: str) -> None:
    """Until every student's row says so."""
    story.stage.until(
        lambda: (
            page.row_model.records
            and all(row.result is not None and row.result.state == state for row in page.row_model.records)
        ),
        f"every row says {state}",
    )


# -- The paper, and whoever checks it --------------------------------------------------------------


def issue_and_print(story: Story) -> None:
    """At the counter: find, show, seal, print to a file, record; no mouse."""
    stage = story.stage
    stage.step("The counter seals a transcript and prints it to a file")
    clerk = story.people["counter"] = stage.seat("counter")
    page = clerk.go_to("Counter", CounterPage)
    clerk.type(story.student["reg_no"])
    clerk.press("Return")
    stage.until(lambda: story.student["reg_no"] in page.headline.text(), "the student is found")
    stage.say(f"{page.headline.text()}: {page.note.text()}")
    clerk.picture("at the counter")
    clerk.press("Ctrl+P", "End", "Return")  # the last in the list is always the file
    clerk.press("F2")
    clerk.type("3")
    clerk.press("Return")
    stage.until(lambda: page.paper.stage is PaperStage.PREVIEW, "the preview is shown")
    clerk.picture("before sealing")
    clerk.press("Return")
    stage.until(lambda: "recorded" in page.note.text(), "it is sealed, printed and recorded")
    stage.until(lambda: page.documents.records, "the register shows it")
    stage.say(page.note.text())
    story.serial = page.documents.records[0].serial
    stage.until(lambda: "as sealed" in page.preview.title.text(), "the sealed paper is shown")
    clerk.picture("sealed printed recorded")
    printed = stage.data / "computers" / "counter"
    (file,) = printed.rglob(f"{story.serial}.pdf")
    (stage.out / "printed").mkdir(exist_ok=True)
    shutil.copy(file, stage.out / "printed")
    story.sealed = stage.out / f"transcript-{story.serial}.pdf"
    story.sealed.write_bytes(story.registrar.download(f"/api/transcripts/issued/{story.serial}/pdf/"))


def verify(story: Story) -> None:
    """A stranger judges the printed file, a file with one byte changed, and the code on the page."""
    stage = story.stage
    stage.step("A stranger checks the printed file, and the code on the page")
    (printed,) = (stage.out / "printed").glob("*.pdf")
    stage.expect(printed.read_bytes() == story.sealed.read_bytes(), "what was printed is what was sealed")
    stage.say(_judge(story, str(printed), code=0, word="genuine"))
    altered = stage.out / "altered.pdf"
    data = bytearray(printed.read_bytes())
    data[len(data) // 3] ^= 1
    altered.write_bytes(data)
    stage.say(_judge(story, str(altered), code=1, word="altered").splitlines()[0])
    story.code = _read_code(stage, printed)
    stage.say(f"The code on the page says {story.code[:60]}… ({len(story.code)} letters)")
    stage.say(_judge(story, story.code, code=0, word="genuine").splitlines()[0])


def _judge(story: Story, question: str, *, code: int, word: str) -> str:
    """What `./sims verify` says, with the keys and the status list that anybody may fetch."""
    url = story.stage.server.base_url
    said = story.stage.run("sims_shared.seal", question, "--keys", url, "--status", url, code=code)
    story.stage.expect(said.startswith(f"{word}:"), f"the verdict is “{word}”: {said}")
    return said


def _read_code(stage: Stage, file: Path) -> str:
    """What a reader finds on the pages as a camera sees them; the page that carries it is kept."""
    document = pypdfium2.PdfDocument(file)
    try:
        pages = [document[number].render(scale=150 / 72).to_pil() for number in range(len(document))]
    finally:
        document.close()
    found = []
    for page in pages:
        if codes := zxingcpp.read_barcodes(page):
            page.save(stage.next_picture("the sealed transcript"))
            found += [code.text for code in codes]
    if len(found) != 1:
        raise StepFailed(f"the sealed document carries one code: {found}")
    return found[0]


# -- A change, and what becomes of the paper --------------------------------------------------------


def change_by_marks(story: Story) -> None:
    """The registrar asks; the head, then the examination cell approve; the document is superseded."""
    stage = story.stage
    stage.step("Two answer pages were overlooked: a change of marks is asked for")
    registrar = stage.seat("registrar")
    page = _look_at_section(story, registrar)
    registrar.press("Tab")
    stage.expect(page.rows.hasFocus(), "Tab leads to the students")
    place = [row.reg_no for row in page.row_model.records].index(story.student["reg_no"])
    registrar.press("Home", *["Down"] * place)
    registrar.press("Ctrl+R")
    registrar.type(f"Final {CORRECTED}")
    registrar.press("Return")
    stage.until(
        lambda: "CGPA" in page.asking.question.text() or page.asking.complaint.text(), "the effect is shown"
    )
    stage.say(page.asking.question.text() or page.asking.complaint.text())
    registrar.type("Pages 7 and 8 of the answer book were not added up")
    registrar.picture("asking for a change")
    registrar.press("Return")
    stage.until(lambda: page.note.text().startswith("Asked:"), "the change is asked for")
    stage.say(page.note.text())
    registrar.leave()
    _approve_change(story, HEAD, "head of department", asks=False)
    _approve_change(story, "examcell", "examination cell", asks=True)


def _approve_change(story: Story, username: str, capacity: str, *, asks: bool) -> None:
    stage = story.stage
    stage.step(f"The {capacity} approves the change")
    someone = stage.seat(username)
    page = someone.go_to("Approvals", InboxPage)

    def ours() -> list[bool]:
        """The demo has changes of its own under way."""
        return [
            item.change is not None and story.student["reg_no"] in item.title for item in page.presenter.items
        ]

    stage.until(lambda: any(ours()), "the change waits in the inbox")
    place = ours().index(True)
    someone.press(*["K"] * len(page.presenter.items), *["J"] * place)
    stage.until(
        lambda: page.current is not None and story.student["reg_no"] in page.current.title,
        "the cursor is on it",
    )
    stage.say(page.detail.lead.text())
    if asks:
        someone.press("Ctrl+Return")
        stage.expect(page.asking.question.isVisible(), "whoever applies it is asked once")
        stage.say(page.asking.question.text())
    someone.picture(f"the change before the {capacity}")
    someone.press("Ctrl+Return")
    stage.until(
        lambda: (
            not any(mine and not item.barred for mine, item in zip(ours(), page.presenter.items, strict=True))
        ),
        "it has left the inbox",
    )
    stage.say(page.note.text())
    someone.leave()


def superseded(story: Story) -> None:
    """The paper that was handed out says so itself, to whoever asks."""
    stage = story.stage
    stage.step("The old document is superseded, and says so to whoever checks it")
    (printed,) = (stage.out / "printed").glob("*.pdf")
    stage.say(_judge(story, str(printed), code=1, word="superseded").splitlines()[0])
    stage.say(_judge(story, story.code, code=1, word="superseded").splitlines()[0])
    clerk = story.people["counter"]
    page = clerk.page(CounterPage)
    clerk.press("Ctrl+L")
    clerk.type(story.student["reg_no"])
    clerk.press("Return")
    stage.until(
        lambda: page.documents.records and page.documents.records[0].status == "superseded",
        "the counter's list says superseded",
    )
    clerk.picture("superseded at the counter")
    clerk.press("F9")
    clerk.type(story.code)
    clerk.press("Return")
    verify = page.verify
    stage.until(
        lambda: verify.finding is not None and verify.finding.original is not None,
        "the verdict stands there, and the original beside it",
    )
    stage.expect(verify.verdict.text().upper() == "SUPERSEDED", "the counter's verdict is superseded")
    stage.say(f"{verify.verdict.text()}: {verify.in_words.text()}")
    QTest.qWait(200)
    clerk.picture("verified at the counter")


# -- The whole -------------------------------------------------------------------------------------

STEPS = (
    import_department,
    mark_off_line,
    resolve_conflict,
    submit,
    approve,
    publish_and_freeze,
    issue_and_print,
    verify,
    change_by_marks,
    superseded,
)


def play(out: Path) -> None:
    """Raises StepFailed where a step does not come out."""
    stage = Stage(out)
    try:
        stage.step("A demo university is made, and its server started")
        server = stage.start_server()
        stage.say(f"{server.base_url}, {stage.seconds:.0f} s")
        registrar = Caller(server.base_url, "registrar")
        story = Story(stage, registrar)
        for step in STEPS:
            step(story)
            stage.check_for_bugs()
        registrar.close()
        stage.say(f"\nThe tour is over after {stage.seconds:.0f} seconds. What it left lies in {out}")
    except Exception as failure:
        stage.say(f"FAILED: {failure}")
        for number, window in enumerate(stage.app.topLevelWidgets()):
            if window.isVisible():
                window.grab().save(str(out / f"failed-{number}.png"))
        raise
    finally:
        stage.close()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="sims tour", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--out", type=Path, metavar="DIR", help="where pictures, papers and log go")
    out = parser.parse_args(arguments).out or Path(tempfile.mkdtemp(prefix="sims-tour-pictures-"))
    out = out.absolute()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        print(f"sims tour: {out} cannot be written: {fault.strerror}", file=sys.stderr)
        return 2
    print(f"The tour: pictures, papers and log go to {out}", flush=True)
    try:
        with ended_by_signals():
            play(out)
    except StepFailed:
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
