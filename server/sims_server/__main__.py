"""`./sims server …`: serve, and the operations of whoever runs the server. `--help` on each.

Exit code 0 only when it is done, or holds.
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from sims_server.kernel.proof import ServerUnknown
from sims_server.settings import Settings, from_environment


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sims server", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, help: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help, description=help)
        command.add_argument("--data", type=Path, metavar="DIR", help="the data folder (default: the user's)")
        return command

    serve = add(
        "serve", "Serve HTTP, run the worker and the clock. Standard output: the address, once it answers."
    )
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8400, help="0 takes a free one")
    serve.add_argument("--demo", action="store_true", help="install and serve the demo university")
    add("provision", "Make the database roles once, under a lock. DATABASE_SUPERUSER_URL names the cluster.")
    add("migrate", "Bring the database to the newest migration. DATABASE_OWNER_URL migrates.")
    account = add("create-account", "Create an account. The password comes from standard input.")
    account.add_argument("username")
    account.add_argument("--name", default="")
    account.add_argument("--role", action="append", default=[], metavar="ROLE[:DEPARTMENT_CODE]")
    imported = add(
        "import", "Import a CSV, XLSX or ODS file: everything or, with every fault listed, nothing."
    )
    imported.add_argument("kind")
    imported.add_argument("file", type=Path)
    imported.add_argument(
        "--complete", action="store_true", help="of holds: lift every fee hold that the file does not list"
    )
    add("check", "Run every invariant as a query; exit 1 with the first rows that break one.")
    audit = add(
        "audit", "Verify the audit: entries, blocks and the signed heads; exit 1 when one does not hold."
    )
    audit.add_argument("action", choices=["verify"])
    audit.add_argument("--heads", type=Path, metavar="FILE", help="more heads: kept elsewhere, or a manifest")
    backup = add("backup", "Take a backup now.")
    backup.add_argument("--to", type=Path, metavar="FOLDER")
    restore = add(
        "restore", "Restore a backup into a new database, verify it, and only then put it in place."
    )
    restore.add_argument("file", type=Path)
    keys = add("keys", "Make, list and rotate the signing keys.")
    keys.add_argument("action", nargs="?", default="list", choices=["list", "make", "take-in", "rotate"])
    keys.add_argument("file", nargs="?", type=Path, help="a PKCS#12 file to take in")
    add("worker", "Run a worker without the HTTP server.")
    dsn = add("dsn", "Print a libpq connection string to the running database.")
    dsn.add_argument("--role", default="sims_app")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    flags = {name: getattr(given, name) for name in ("host", "port", "demo") if hasattr(given, name)}
    settings = from_environment(given.data, **flags)
    try:
        return _COMMANDS[given.command](settings, given)
    except ServerUnknown as unknown:
        return _say(str(unknown), 1)


def _serve(settings: Settings, given: argparse.Namespace) -> int:
    from sims_server.running import serve

    return serve(settings)


def _provision(settings: Settings, given: argparse.Namespace) -> int:
    from sims_server.kernel.cluster import Cluster
    from sims_server.kernel.provision import provision

    superuser_url = os.environ.get("DATABASE_SUPERUSER_URL")
    if superuser_url is None:
        cluster = Cluster.start(settings.data)
        try:
            provision(cluster.superuser_url(), cluster.passwords)
        finally:
            cluster.stop()
    else:
        roles = ("sims_owner", "sims_app", "sims_readonly", "sims_backup")
        passwords = {role: os.environ.get(f"{role.upper()}_PASSWORD", "") for role in roles}
        missing = [f"{role.upper()}_PASSWORD" for role, password in passwords.items() if not password]
        if missing:
            return _say(f"set {', '.join(missing)} in the environment", 2)
        provision(superuser_url, passwords)
    print("the database roles exist")
    return 0


def _migrate(settings: Settings, given: argparse.Namespace) -> int:
    from sims_server.kernel.migrations import head
    from sims_server.running import installation

    with installation(settings):
        print(f"at {head()}")
    return 0


def _create_account(settings: Settings, given: argparse.Namespace) -> int:
    from sims_server.access.operations import create_account
    from sims_server.kernel.execute import execute_as_system
    from sims_server.running import installation
    from sims_shared.access import CreateAccount, RoleGrant
    from sims_shared.problems import Refusal

    password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    with installation(settings) as running:
        grants = []
        with running.database.transaction() as connection:
            for text in given.role:
                role, _, code = text.partition(":")
                department = (
                    connection.value("SELECT id FROM department WHERE code = %(code)s", code=code)
                    if code
                    else None
                )
                if code and department is None:
                    return _say(f"there is no department {code}", 1)
                grants.append(RoleGrant(role=role, department_id=department))
        command = CreateAccount(
            username=given.username, name=given.name or given.username, password=password, roles=grants
        )
        try:
            view = execute_as_system(
                running.database, create_account, command, action="accounts.create", data=running.data
            )
        except Refusal as refusal:
            return _say(f"{refusal.code}: {refusal.detail}", 1)
        print(f"account {view.id} {view.username}")
    return 0


def _import(settings: Settings, given: argparse.Namespace) -> int:
    from sims_server.imports.operations import run_import
    from sims_server.running import installation

    if not given.file.is_file():
        return _say(f"there is no file {given.file}", 2)
    with installation(settings) as running:
        return run_import(running.database, given.kind, given.file, running.data, complete=given.complete)


def _check(settings: Settings, given: argparse.Namespace) -> int:
    from sims_server.operations_room.operations import run_checks
    from sims_server.running import installation

    with installation(settings) as running:
        return run_checks(running.database)


def _audit(settings: Settings, given: argparse.Namespace) -> int:
    from sims_server.audit.operations.verifying import run_verify
    from sims_server.running import installation

    with installation(settings) as running:
        return run_verify(running.database, running.data, given.heads)


def _backup(settings: Settings, given: argparse.Namespace) -> int:
    from sims_server.operations_room.operations.backups import take_backup_now
    from sims_server.running import installation

    with installation(settings) as running:
        return take_backup_now(running.database, running.data, given.to)


def _restore(settings: Settings, given: argparse.Namespace) -> int:
    from sims_server.operations_room.operations import restore_backup

    return restore_backup(settings, given.file)


def _keys(settings: Settings, given: argparse.Namespace) -> int:
    from sims_server.running import installation
    from sims_server.transcripts.operations import manage_keys

    with installation(settings) as running:
        return manage_keys(running.database, running.data, given.action, given.file)


def _worker(settings: Settings, given: argparse.Namespace) -> int:
    from sims_server.running import work

    return work(settings)


def _dsn(settings: Settings, given: argparse.Namespace) -> int:
    from sims_server.kernel.cluster import Cluster

    cluster = Cluster.running(settings.data)
    if cluster is None:
        return _say(f"no database is running in {settings.data}", 1)
    try:
        print(cluster.url(given.role))
    except KeyError:
        return _say(f"there is no role {given.role} with a password of its own", 1)
    return 0


def _say(text: str, code: int) -> int:
    print(f"sims server: {text}", file=sys.stderr)
    return code


_COMMANDS = {
    "serve": _serve,
    "provision": _provision,
    "migrate": _migrate,
    "create-account": _create_account,
    "import": _import,
    "check": _check,
    "audit": _audit,
    "backup": _backup,
    "restore": _restore,
    "keys": _keys,
    "worker": _worker,
    "dsn": _dsn,
}

if __name__ == "__main__":
    raise SystemExit(main())
