"""Real input, end to end: the whole dataset is imported, and its largest section becomes transcripts.

A real server in its own process, the desktop's real client, store, grid and sync. Skipped only where the
dataset is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sims_desktop.client.http import Client
from sims_desktop.client.sheets import SheetCalls
from sims_desktop.grading.presenter.grid import GridPresenter
from sims_desktop.grading.presenter.shelf import StoreShelf
from sims_desktop.offline.exchange import Exchange
from sims_server.imports.operations import import_file
from sims_server.regulations.operations import install_default_regulation
from sims_server.transcripts.operations.keys import manage_keys
from tests.support.api import Api
from tests.support.oulad import TUTOR_PASSWORD, Facts, convert, find_dataset
from tests.support.server import Serve
from tests.support.stored_device import StoredDevice
from tests.support.university import University

FOLDER = find_dataset()
pytestmark = [
    pytest.mark.skipif(FOLDER is None, reason="the dataset is not here"),
    pytest.mark.slow,
    pytest.mark.timeout(600),
]
FACTS = Facts()
COUNTS = """
SELECT (SELECT count(*) FROM student) AS students, (SELECT count(*) FROM enrollment) AS enrollments,
       (SELECT count(*) FROM enrollment WHERE status = 'withdrawn') AS withdrawals,
       (SELECT count(*) FROM assessment_score) AS submitted, (SELECT count(score) FROM assessment_score) AS
       scored,
       (SELECT count(*) FROM section) AS sections, (SELECT count(*) FROM assessment) AS assessments,
       (SELECT max(seats_taken) FROM section) AS largest_section
"""
TRACES = """
SELECT (SELECT count(*) FROM audit) AS audit, (SELECT sum(rev) FROM sheet) AS revs, (SELECT count(*) FROM
import_batch) AS imports,
       (SELECT count(*) FROM assessment_score_version) AS versions
"""


@pytest.fixture
def data(api: Api, tmp_path: Path) -> Iterator[Path]:
    """A data folder of this test's own: it seals with keys of its own."""
    before = api.client.app.state.data
    api.client.app.state.data = api.data = tmp_path / "data"
    api.data.mkdir()
    yield api.data
    api.client.app.state.data = api.data = before


def test_real_input_becomes_transcripts(
    api: Api, university: University, data: Path, serve: Serve, tmp_path: Path
) -> None:
    assert FOLDER is not None
    api.run(install_default_regulation, None)
    files = convert(FOLDER, tmp_path / "files")

    # All of it goes in, and what comes to be is what the dataset says of itself.
    for kind, path in files.items():
        outcome = import_file(api.database, kind, path, api.data)
        assert outcome.faults == []
        assert outcome.counts["new"] == outcome.counts["rows"]
    counts = university.rows(COUNTS)[0]
    assert counts == {name: getattr(FACTS, name) for name in counts}
    assert (
        university.row("SELECT count(*) FROM assessment_score WHERE mark IS NULL")
        == FACTS.submitted - FACTS.scored
    )
    assert university.rows("SELECT DISTINCT weights_total::text AS weights FROM section") == [
        {"weights": "100.00"}
    ]

    # Again: nothing changes, not even the audit.
    before = university.rows(TRACES)
    for kind, path in files.items():
        outcome = import_file(api.database, kind, path, api.data)
        assert (outcome.counts["same"], outcome.is_committed) == (outcome.counts["rows"], False)
    assert university.rows(TRACES) == before

    # The tutor opens the largest section on the desktop and marks whoever is missing, in one action.
    university.setting("security.require_otp", False)
    university.account("examcell", "exam_cell")
    university.account("counter", "counter")
    largest = university.rows(
        "SELECT s.id, a.username FROM section s JOIN section_staff f ON f.section_id = s.id JOIN "
        "account a ON a.id = f.account_id ORDER BY s.seats_taken DESC LIMIT 1"
    )[0]
    section: int = largest["id"]
    server = serve()
    with closing(Client(server.base_url)) as client, closing(StoredDevice(tmp_path)) as store:
        client.sign_in(largest["username"], TUTOR_PASSWORD)
        calls = SheetCalls(client)
        exchange = Exchange(store, calls)
        store.take_list(calls.read_sheets())
        exchange.sync_sheet(section)
        grid = GridPresenter(StoreShelf(store), section)
        assert grid.row_count == FACTS.largest_section
        missing = [
            (place, column)
            for place in range(grid.row_count)
            if grid.row(place).status == "enrolled"
            for column in range(len(grid.columns))
            if grid.cell(place, column).is_blank
        ]
        filled = grid.fill(missing, "absent", only_blank=True)
        assert filled.changed == len(missing) > 0
        exchange.sync_sheet(section)
        assert store.waiting_count(section).unsent == 0
    absent = university.row(
        "SELECT count(*) FROM assessment_score WHERE section_id = %(id)s AND mark = 'absent'", id=section
    )
    assert absent == len(missing)

    # Submitted, approved, published: every row has its result.
    with (
        closing(server.as_(largest["username"])) as tutor,
        closing(server.as_("examcell")) as controller,
        closing(server.as_("counter")) as counter,
    ):
        sheet = tutor.get(f"/api/sheets/{section}/").json
        submitted = tutor.post(f"/api/sheets/{section}/submit/", {"rev": sheet["rev"]})
        assert submitted.status == 200, submitted.content
        approved = controller.post(f"/api/sheets/{section}/approve/", {"rev": submitted.json["rev"]})
        assert approved.status == 200, approved.content
        published = controller.post("/api/results/publish/", {"section_id": section})
        assert published.status == 200, published.content
        assert published.json["published"] == FACTS.largest_section
        outcomes = {
            row["outcome"]: row["n"]
            for row in university.rows(
                "SELECT outcome, count(*) AS n FROM result WHERE state = 'published' GROUP BY outcome"
            )
        }
        withdrawn = university.row(
            "SELECT count(*) FROM result r WHERE section_id = %(id)s AND grade = 'W'", id=section
        )
        assert outcomes["withdrawn"] == withdrawn > 0
        assert outcomes["pass"] > 0

        # And the counter issues transcripts of it.
        assert manage_keys(api.database, api.data, "make") == 0
        students = university.rows(
            "SELECT student_id FROM result WHERE section_id = %(id)s AND outcome = 'pass' "
            "ORDER BY id LIMIT 3",
            id=section,
        )
        for row in students:
            issued = counter.post(
                "/api/transcripts/issue/",
                {
                    "student_id": row["student_id"],
                    "document": "transcript",
                    "purpose": "employer",
                    "copies": 1,
                },
            )
            assert issued.status == 201, issued.content
            token = issued.json["verify_url"].rsplit("/", 1)[-1]
            assert api.anonymous.get(f"/api/transcripts/verify/{token}/").json["status"] == "valid"
