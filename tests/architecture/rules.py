"""The house rules as functions: each takes the top of a project and answers what breaks it.

They are functions, not tests, so that a test can also hold each against a small tree that breaks it
on purpose: a check that cannot fail is worth nothing.
"""

from __future__ import annotations

import ast
import itertools
import subprocess
import sys
from pathlib import Path

from tests.architecture.source import Module, modules_of

# Inside a slice each file may use what stands to the left of it.
ORDER = ("rules", "model", "queries", "operations", "routes")
# Packages of the server that are no part of the university.
NOT_SLICES = ("kernel", "sealing", "demo")
SEAL_MAY_USE = {
    "cryptography",
    "cbor2",
    "pyhanko",
    "pyhanko_certvalidator",
    "asn1crypto",
    "pikepdf",
    "platformdirs",
}
TOP_LEVEL = {
    *("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"),
    *("pyproject.toml", "requirements.lock", "sims", ".ci", ".gitignore"),
    *("docs", "shared", "server", "desktop", "migrations", "tests", "installer"),
}
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base"}
THREADS = {
    *("threading.Thread", "Thread", "threading.Timer", "Timer", "_thread.start_new_thread"),
    *("ThreadPoolExecutor", "futures.ThreadPoolExecutor", "concurrent.futures.ThreadPoolExecutor"),
    *("QThread", "QtCore.QThread", "QThreadPool", "QThreadPool.globalInstance", "QRunnable"),
}
MAY_START_THREADS = {Path("desktop/sims_desktop/kit/tasks.py"), Path("desktop/sims_desktop/offline/sync.py")}
CLOCKS = {
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"),
    *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today", "dt.datetime.now"),
    *("dt.date.today", "time.localtime", "time.gmtime"),
}
LONGEST_FILE = 700
LONGEST_OPERATIONS = 420


def _is(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


def _slice_of(name: str) -> tuple[str, str] | None:
    """`("grading", "queries")` for `sims_server.grading.queries…`; None for what is no slice's file."""
    parts = name.split(".")
    if len(parts) < 3 or parts[0] != "sims_server" or parts[1] in NOT_SLICES:
        return None
    return parts[1], parts[2]


def _slice_modules(root: Path) -> list[tuple[str, str, Module]]:
    found = []
    for module in modules_of(root, "sims_server"):
        place = _slice_of(module.name)
        if place:
            found.append((*place, module))
    return found


def shared_imports(root: Path) -> list[str]:
    """Shared imports msgspec and the standard library; the verifier of documents a little more."""
    broken = []
    for module in modules_of(root, "sims_shared"):
        allowed = {*sys.stdlib_module_names, "msgspec", "sims_shared"}
        if module.name.startswith("sims_shared.seal"):
            allowed |= SEAL_MAY_USE
        broken += [
            f"{module.at(found.line)} imports {found.module}: "
            "sims_shared has msgspec and the standard library. "
            "Move the code that needs it to the side that has it."
            for found in module.imports()
            if found.module.split(".")[0] not in allowed
        ]
    return broken


def sides_meet_in_shared(root: Path) -> list[str]:
    """Server and desktop know nothing of each other, shared knows neither."""
    forbidden = {
        "sims_shared": ("sims_server", "sims_desktop"),
        "sims_server": ("sims_desktop", "PySide6", "httpx2", "apsw"),
        "sims_desktop": ("sims_server", "sqlalchemy", "litestar", "psycopg", "alembic"),
    }
    return [
        f"{module.at(found.line)} imports {found.module}: "
        "the sides meet in sims_shared; put what both need there."
        for package, strangers in forbidden.items()
        for module in modules_of(root, package)
        for found in module.imports()
        if _is(found.module, *strangers)
    ]


def order_within_slice(root: Path) -> list[str]:
    """routes → operations → queries → model → rules."""
    broken = []
    for name, file, module in _slice_modules(root):
        if file not in ORDER:
            continue
        for found in module.imports():
            other = _slice_of(found.module)
            if other and other[0] == name and other[1] in ORDER and ORDER.index(other[1]) > ORDER.index(file):
                broken.append(
                    f"{module.at(found.line)} imports {other[1]}: within a slice the order is "
                    f"{' → '.join(reversed(ORDER))}. Move the function down, or pass in what it needs."
                )
    return broken


def rules_are_pure(root: Path) -> list[str]:
    """Rules decide over plain values."""
    return [
        f"{module.at(found.line)} imports {found.module}: "
        "rules are pure. Let the operation fetch the rows and "
        "hand plain values over."
        for _, file, module in _slice_modules(root)
        if file == "rules"
        for found in module.imports()
        if _is(found.module, "sqlalchemy", "psycopg", "litestar", "sims_server.kernel")
    ]


def without_qt(root: Path) -> list[str]:
    """Presenters, the client and the off-line store run without a screen."""
    return [
        f"{module.at(found.line)} imports {found.module}: "
        "presenters, client and offline know no Qt. Put the widget "
        "into page.py and let it call the presenter."
        for module in modules_of(root, "sims_desktop")
        if {"client", "offline", "presenter"} & set(module.parts[1:])
        for found in module.imports()
        if _is(found.module, "PySide6", "shiboken6")
    ]


def slices_call_queries_and_operations(root: Path) -> list[str]:
    """No slice looks into another's rules or routes."""
    broken = []
    for name, _, module in _slice_modules(root):
        for found in module.imports():
            other = _slice_of(found.module)
            if other and other[0] != name and other[1] in ("rules", "routes"):
                broken.append(
                    f"{module.at(found.line)} imports {found.module}: "
                    f"call {other[0]}'s queries or operations instead."
                )
    return broken


def slices_form_no_circle(root: Path) -> list[str]:
    """Slices form a directed graph without circles."""
    uses: dict[str, dict[str, str]] = {}
    for name, _, module in _slice_modules(root):
        for found in module.imports():
            other = _slice_of(found.module)
            if other and other[0] != name:
                uses.setdefault(name, {}).setdefault(other[0], module.at(found.line))
    broken = []
    finished: set[str] = set()

    def walk(name: str, path: list[str]) -> None:
        if name in path:
            circle = [*path[path.index(name) :], name]
            where = ", ".join(uses[one][two] for one, two in itertools.pairwise(circle))
            broken.append(
                f"Slices in a circle: "
                f"{' → '.join(circle)} ({where}). Let the one that knows more call the one that "
                "knows less, and pass values back."
            )
        elif name not in finished:
            for other in uses.get(name, {}):
                walk(other, [*path, name])
            finished.add(name)

    for name in sorted(uses):
        walk(name, [])
    return broken


def kernel_knows_no_slice(root: Path) -> list[str]:
    """The kernel stands below all slices."""
    return [
        f"{module.at(found.line)} imports {found.module}: "
        "the kernel knows no slice. Let the slice register with it."
        for module in modules_of(root, "sims_server")
        if _is(module.name, "sims_server.kernel", "sims_server.sealing")
        for found in module.imports()
        if _slice_of(found.module) or (found.module.count(".") == 1 and (_is_slice(root, found.module)))
    ]


def _is_slice(root: Path, module: str) -> bool:
    package, _, name = module.partition(".")
    return (
        package == "sims_server" and name not in NOT_SLICES and (root / "server/sims_server" / name).is_dir()
    )


def only_app_imports_routes(root: Path) -> list[str]:
    """Routes are put together in one place."""
    broken = []
    for module in modules_of(root, "sims_server"):
        if module.name == "sims_server.app" or ".routes" in module.name:
            continue
        for found in module.imports():
            place = _slice_of(found.module)
            if place and place[1] == "routes":
                broken.append(
                    f"{module.at(found.line)} imports {found.module}: only app.py puts routes together."
                )
    return broken


def only_the_kernel_commits(root: Path) -> list[str]:
    """There is one door for change."""
    return [
        f"{module.at(line)} calls {call}: "
        "only the kernel commits. Make it an operation and let execute() carry it out."
        for _, _, module in _slice_modules(root)
        for call, line in module.calls()
        if call.rpartition(".")[2] in ("commit", "rollback") and "." in call
    ]


def only_the_kernel_reads_the_clock(root: Path) -> list[str]:
    """Time comes from the kernel's clock, so that a test can say what time it is."""
    modules = [module for _, _, module in _slice_modules(root)] + modules_of(root, "sims_shared")
    modules = [module for module in modules if module.path.name != "__main__.py"]  # a program's own edge
    return [
        f"{module.at(line)} calls {call}: take the time from the kernel's clock, or as an argument."
        for module in modules
        for call, line in module.calls()
        if call in CLOCKS
    ]


def status_stays_at_the_edge(root: Path) -> list[str]:
    """Below routes nobody knows HTTP."""
    return [
        f"{module.at(found.line)} imports {found.module}: "
        "below routes nobody knows HTTP. Raise a Refusal; the kernel "
        "turns its kind into a status."
        for _, file, module in _slice_modules(root)
        if file != "routes"
        for found in module.imports()
        if _is(found.module, "litestar", "http", "starlette")
    ]


def threads_start_in_two_places(root: Path) -> list[str]:
    """In the desktop only kit/tasks.py and offline/sync.py start threads."""
    return [
        f"{module.at(line)} calls {call}: "
        "give the work to kit/tasks.py, which brings the answer back to the window."
        for module in modules_of(root, "sims_desktop")
        if module.path not in MAY_START_THREADS
        for call, line in module.calls()
        if call in THREADS
    ]


def slices_have_their_anatomy(root: Path) -> list[str]:
    """A slice has only the files that every slice has."""
    broken = []
    for name, file, module in _slice_modules(root):
        if file not in ORDER:
            broken.append(
                f"{module.path}: a slice ({name}) has {', '.join(ORDER)} and __init__, nothing else."
            )
    return broken


def no_file_is_too_long(root: Path) -> list[str]:
    """Nobody reads a file of a thousand lines."""
    broken = []
    for folder in ("shared", "server", "desktop", "migrations", "tests", "installer"):
        for path in sorted((root / folder).rglob("*.py")):
            count = path.read_text("utf-8").count("\n")
            if count > LONGEST_FILE:
                broken.append(f"{path.relative_to(root)} has {count} lines: split it by what it is about.")
            elif path.name == "operations.py" and count > LONGEST_OPERATIONS:
                broken.append(
                    f"{path.relative_to(root)} has {count} lines: make it a package, one file a verb."
                )
    return broken


def names_say_something(root: Path) -> list[str]:
    """No module is called utils."""
    return [
        f"{path.relative_to(root)}: name it after what it holds."
        for folder in ("shared", "server", "desktop", "tests", "installer")
        for path in sorted((root / folder).rglob("*"))
        if (path.suffix == ".py" or path.is_dir()) and path.stem in EMPTY_NAMES
    ]


def every_module_says_what_it_is(root: Path) -> list[str]:
    """A docstring opens every module."""
    return [
        f"{module.path}: begin with what part of the university it is and what a newcomer would get wrong."
        for package in ("sims_shared", "sims_server", "sims_desktop")
        for module in modules_of(root, package)
        if ast.get_docstring(module.tree) is None
    ]


def migrations_stand_alone(root: Path) -> list[str]:
    """A migration must run when the code of its day is gone."""
    broken = []
    for path in sorted((root / "migrations" / "versions").glob("*.py")):
        module = Module(path.stem, path.relative_to(root), path.read_text("utf-8"))
        for found in module.imports():
            if found.module.split(".")[0] not in {
                *sys.stdlib_module_names,
                "alembic",
                "sqlalchemy",
                "procrastinate",
            }:
                broken.append(f"{module.at(found.line)} imports {found.module}: write the SQL out.")
    return broken


def top_level_holds_what_the_house_shows(root: Path) -> list[str]:
    """Tools are configured in pyproject.toml, fixtures live in tests/. Only what git knows counts."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = {line.split("/")[0] for line in listed.splitlines()}
    return [
        f"{name} at the top: the top holds {', '.join(sorted(TOP_LEVEL))}."
        for name in sorted(found - TOP_LEVEL)
    ]


ALL = (
    shared_imports,
    sides_meet_in_shared,
    order_within_slice,
    rules_are_pure,
    without_qt,
    slices_call_queries_and_operations,
    slices_form_no_circle,
    kernel_knows_no_slice,
    only_app_imports_routes,
    only_the_kernel_commits,
    only_the_kernel_reads_the_clock,
    status_stays_at_the_edge,
    threads_start_in_two_places,
    slices_have_their_anatomy,
    no_file_is_too_long,
    names_say_something,
    every_module_says_what_it_is,
    migrations_stand_alone,
    top_level_holds_what_the_house_shows,
)
