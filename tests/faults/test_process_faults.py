"""Half a minute of storm: real clients, server and PostgreSQL, killed, stopped and cut off from each other.

`./sims bench faults --minutes 10 --clients 10` is the long one.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from tests.support.storm.judge import judge
from tests.support.storm.storm import ROUGH, Storm

SECONDS, CLIENTS, WINDOWS, SEED = 30, 4, 1, 20261123


@pytest.mark.slow
@pytest.mark.timeout(420)
def test_thirty_seconds_of_process_faults_lose_double_and_part_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storm = Storm(tmp_path, CLIENTS, WINDOWS, SEED, ROUGH)
    try:
        report = storm.run(SECONDS)
        with capsys.disabled():
            print(f"\n  {report.words()}")
        assert report.holds, report.words()
        assert report.verdict.shown > 0
        assert sum(count for name, count in report.counts.items() if name.startswith("killed")) >= 8
        assert report.counts["partition"] >= 8
        _the_judge_is_not_blind(storm)
    finally:
        storm.close()


def _the_judge_is_not_blind(storm: Storm) -> None:
    """Evidence is forged: a mark that was shown and is nowhere, one written twice, one changed behind
    everybody's back."""
    campus, section = storm.campus, storm.campus.sections[0]
    with psycopg.connect(campus.superuser_url(), autocommit=True) as db:
        found = db.execute(
            "SELECT enrollment_id, assessment_id, score FROM assessment_score_version WHERE section_id = %s"
            " AND score IS NOT NULL ORDER BY id LIMIT 1",
            [section],
        ).fetchone()
        assert found is not None
        enrollment, assessment, score = found
        for again in (Decimal("98765.43"), score):
            db.execute(
                "UPDATE assessment_score SET score = %s WHERE enrollment_id = %s AND assessment_id = %s",
                [again, enrollment, assessment],
            )
    with (storm.folder / "journal-1").open("a") as journal:
        journal.write(f'[{section}, {enrollment}, {assessment}, "12345.67"]\n')
    urls = [client.wire.url for client in storm.clients]
    verdict = judge(storm.folder, campus.usernames, urls, campus.superuser_url(), campus.sections)
    assert (verdict.lost, verdict.doubled, verdict.divergent) == (1, 1, CLIENTS)
