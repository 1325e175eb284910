"""Every house rule holds, and every house rule notices when it is broken."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture import rules
from tests.architecture.source import ROOT

Rule = Callable[[Path], list[str]]

S, D, H = "server/sims_server", "desktop/sims_desktop", "shared/sims_shared"
# For each rule a file that breaks it, and what the finding must name.
BROKEN: dict[Rule, tuple[str, str, str]] = {
    rules.shared_imports: (f"{H}/marks.py", "import numpy", "numpy"),
    rules.sides_meet_in_shared: (f"{D}/app.py", "import sims_server.grading", "sims_server.grading"),
    rules.order_within_slice: (f"{S}/grading/queries.py", "from . import operations", "operations"),
    rules.rules_are_pure: (f"{S}/grading/rules.py", "from sims_server.kernel import clock", "clock"),
    rules.without_qt: (f"{D}/grading/presenter/grid.py", "from PySide6.QtCore import Qt", "PySide6"),
    rules.slices_call_queries_and_operations: (
        f"{S}/grading/operations.py",
        "from sims_server.results.rules import total",
        "results",
    ),
    rules.slices_form_no_circle: (
        f"{S}/terms/queries.py",
        "from sims_server.grading import queries",
        "grading → terms → grading",
    ),
    rules.kernel_knows_no_slice: (f"{S}/kernel/execute.py", "from sims_server import grading", "grading"),
    rules.only_app_imports_routes: (f"{S}/jobs/operations.py", "import sims_server.grading.routes", "routes"),
    rules.only_the_kernel_commits: (f"{S}/grading/operations.py", "def f(db): db.commit()", "db.commit"),
    rules.only_the_kernel_reads_the_clock: (f"{S}/grading/operations.py", "x = date.today()", "date.today"),
    rules.status_stays_at_the_edge: (f"{S}/grading/operations.py", "from http import HTTPStatus", "http"),
    rules.threads_start_in_two_places: (f"{D}/grading/page.py", "t = threading.Thread()", "Thread"),
    rules.slices_have_their_anatomy: (f"{S}/grading/services.py", "", "services.py"),
    rules.no_file_is_too_long: (f"{H}/marks.py", "\n" * 701, "701 lines"),
    rules.names_say_something: (f"{H}/utils.py", "", "utils.py"),
    rules.every_module_says_what_it_is: (f"{H}/marks.py", "x = 1", "marks.py"),
    rules.migrations_stand_alone: (
        "migrations/versions/2026_01_01_x.py",
        "import sims_shared",
        "sims_shared",
    ),
    rules.top_level_holds_what_the_house_shows: ("alembic.ini", "", "alembic.ini"),
}


@pytest.fixture
def sound_project(tmp_path: Path) -> Path:
    """A small project that breaks no rule."""
    files = {
        f"{H}/__init__.py": '"""Shared."""\n',
        f"{D}/__init__.py": '"""Desktop."""\nimport sims_shared\n',
        f"{D}/kit/tasks.py": '"""Tasks."""\nimport threading\nt = threading.Thread()\n',
        f"{D}/grading/page.py": '"""Page."""\nfrom PySide6 import QtWidgets\n',
        f"{S}/app.py": '"""App."""\nfrom sims_server.grading import routes\n',
        f"{S}/kernel/__init__.py": '"""Kernel."""\n',
        f"{S}/kernel/execute.py": '"""Door."""\ndef f(db):\n    db.commit()\n',
        f"{S}/grading/__init__.py": '"""Grading."""\n',
        f"{S}/grading/rules.py": '"""Rules."""\nimport decimal\n',
        f"{S}/grading/queries.py": '"""Queries."""\nfrom . import rules\nimport sims_server.terms.queries\n',
        f"{S}/grading/operations.py": '"""Operations."""\nfrom . import queries, rules\n',
        f"{S}/grading/routes.py": '"""Routes."""\nimport litestar\nfrom . import operations\n',
        f"{S}/terms/queries.py": '"""Queries."""\n',
        "migrations/versions/2026_01_01_one.py": "from alembic import op\n",
        "README.md": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    return tmp_path


@pytest.mark.parametrize("rule", rules.ALL, ids=lambda rule: rule.__name__)
def test_the_rule_holds(rule: Rule) -> None:
    broken = rule(ROOT)
    assert not broken, f"{rule.__doc__}\n" + "\n".join(broken)


@pytest.mark.parametrize("rule", rules.ALL, ids=lambda rule: rule.__name__)
def test_the_rule_notices_what_breaks_it(rule: Rule, sound_project: Path) -> None:
    assert rule(sound_project) == []
    name, text, named = BROKEN[rule]
    path = sound_project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + text)
    found = rule(sound_project)
    assert len(found) >= 1
    assert named in "\n".join(found)
