"""What holds for every list there is, as the server's own document names them: nothing is listed by hand.

A list asks the database a fixed number of times, however many rows it shows; and in each order that it
offers, page by page, it shows every row once.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.matrix.scene import Scene, build
from tests.server.matrix.test_matrix import address
from tests.server.transcripts.conftest import data  # noqa: F401  a folder of this test's own keys
from tests.support.api import Api, Client
from tests.support.query_count import counted
from tests.support.university import University

# Who asks, the question itself, and what a list of one object (a batch, an import) looks it up by.
STATEMENTS = 4
READERS = ("registrar", "admin", "examcell", "auditor", "head", "faculty", "student")


@pytest.fixture
def lists(api: Api, university: University, data: Path) -> dict[str, tuple[Client, list[str]]]:  # noqa: F811
    """By address: who reads it, and the orders that it offers."""
    scene = build(api, university, data)
    return dict(_lists(api, scene))


def _lists(api: Api, scene: Scene) -> Iterator[tuple[str, tuple[Client, list[str]]]]:
    clients = {name: api.as_(name) for name in READERS}
    paths: dict[str, dict[str, Any]] = api.anonymous.get("/schema/openapi.json").json["paths"]
    for path, operations in paths.items():
        parameters = {one["name"]: one["schema"] for one in operations.get("get", {}).get("parameters", ())}
        if "page_size" not in parameters:
            continue
        for name, client in clients.items():
            asked = address(scene, path, "mine", name)
            if client.get(asked).status == 200:
                yield asked, (client, parameters.get("ordering", {}).get("enum", []))
                break
        else:
            raise AssertionError(f"nobody reads {path}")


def _page(client: Client, path: str, **query: str | int) -> Any:
    joined = "&".join(f"{name}={value}" for name, value in query.items())
    answer = client.get(f"{path}{'&' if '?' in path else '?'}{joined}")
    assert answer.status == 200, (path, query, answer.content)
    return answer.json


def test_no_list_asks_more_often_the_more_it_shows(lists: dict[str, tuple[Client, list[str]]]) -> None:
    assert len(lists) > 30
    wrong, longest = [], 0
    for path, (client, _) in lists.items():
        asked = []
        for size in (1, 200):
            with counted() as statements:
                page = _page(client, path, page_size=size)
            asked.append(len(statements))
        longest = max(longest, len(page["results"]))
        if asked[0] != asked[1] or asked[1] > STATEMENTS:
            wrong.append((path, asked))
    assert wrong == []
    assert longest > 20  # there was something to ask too often about


def test_every_list_shows_every_row_once_in_each_of_its_orders(
    lists: dict[str, tuple[Client, list[str]]],
) -> None:
    orders = 0
    for path, (client, offered) in lists.items():
        for order in offered:
            whole = _page(client, path, page_size=200, ordering=order)
            rows, page = list[Any](), _page(client, path, page_size=7, ordering=order)
            rows += page["results"]
            while page["next"] is not None and len(rows) < 35:
                page = client.get(page["next"]).json
                rows += page["results"]
            assert rows == whole["results"][: len(rows)], (path, order)
            assert len(rows) >= min(35, len(whole["results"])), (path, order)
            orders += 1
    assert orders > 60
