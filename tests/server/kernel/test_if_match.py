"""If-Match at the same moment: of two who read the same, one changes it and the other reads it again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.support.api import Api
from tests.support.database import TestDatabase, server_connection
from tests.support.university import University
from tests.support.waiting import wait_until

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'sims_app'"


@pytest.mark.parametrize(
    ("table", "field", "values"),
    [("student", "phone", ("1", "2")), ("term", "name", ("One", "Two")), ("section", "capacity", (70, 80))],
)
def test_of_two_who_change_what_both_read_one_is_told_to_read_again(
    table: str,
    field: str,
    values: tuple[object, object],
    api: Api,
    university: University,
    database_url: TestDatabase,
) -> None:
    """Both are under way before either has written: whoever compares without waiting lets both through."""
    place = university.stand(students=1)
    id = place["students"][0] if table == "student" else place[table]
    path = f"/api/{table}s/{id}/"
    one, other = api.as_("registrar"), api.as_("registrar")
    tag = one.get(path).headers["etag"]
    with ThreadPoolExecutor(2) as pool, server_connection(database_url.app_url, autocommit=True) as watcher:
        with psycopg.connect(database_url.owner_url) as holder:
            holder.execute(f"SELECT FROM {table} WHERE id = %s FOR NO KEY UPDATE", [id])
            asked = [
                pool.submit(client.patch, path, {field: value}, headers={"If-Match": tag})
                for client, value in zip((one, other), values, strict=True)
            ]
            wait_until(lambda: watcher.execute(WAITING).fetchone() == (2,))
            holder.rollback()
        answers = [each.result() for each in asked]
    assert sorted(answer.status for answer in answers) == [200, 412]
    written = next(value for value, answer in zip(values, answers, strict=True) if answer.status == 200)
    assert one.get(path).json[field] == written
