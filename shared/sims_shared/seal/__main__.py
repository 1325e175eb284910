"""`./sims verify FILE-or-QR-TEXT [--keys FILE-or-URL] [--status FILE-or-URL] [--data DIR]`.

Judges a document without a database. Without `--keys` the institutions pinned in the profile
(`DIR/institutions/*.json`) are believed, else the answer is "unknown key". Exit codes: 0 genuine (also
a letter past its last day: it is ours, and the first word says that it has expired),
1 altered, forged, revoked or superseded, 2 unknown key, 3 foreign, 4 the question cannot be read.
"""

from __future__ import annotations

import argparse
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import msgspec
import platformdirs

from sims_shared.seal import (
    Judgment,
    KeysUnreadable,
    StatusList,
    StatusListUnreadable,
    Trust,
    Verdict,
    apply_status,
    judge_file,
    judge_text,
    read_key_document,
    read_status_list,
)

EXIT = {
    Verdict.GENUINE: 0,
    Verdict.ALTERED: 1,
    Verdict.FORGED: 1,
    Verdict.REVOKED: 1,
    Verdict.SUPERSEDED: 1,
    Verdict.UNKNOWN_KEY: 2,
    Verdict.FOREIGN: 3,
}
UNREADABLE = 4
KEYS_PATH = "/.well-known/sims-seal.json"
STATUS_PATH = "/.well-known/sims-status.cbor"
MOST = 64 << 20
SHORT = re.compile(r"[A-Za-z0-9-]{3,40}\.[A-Za-z0-9]{8,16}")
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class QuestionUnreadable(Exception):
    """What was given cannot be read; the message says which and why."""


def _fetch(place: str, path: str) -> bytes:
    """The bytes of a file, or of an address; a bare host's well-known `path` is added."""
    parts = urlsplit(place)
    if parts.scheme not in ("http", "https"):
        try:
            return Path(place).read_bytes()
        except OSError as failure:
            raise QuestionUnreadable(f"{place} cannot be read: {failure.strerror}") from failure
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise QuestionUnreadable(f"keys are fetched over https only, not from {place}")
    if not parts.path.strip("/"):
        place = f"{parts.scheme}://{parts.netloc}{path}"
    try:
        with urlopen(place, timeout=10) as answer:
            return bytes(answer.read(MOST))
    except (URLError, OSError, ValueError) as failure:
        raise QuestionUnreadable(f"{place} cannot be fetched: {failure}") from failure


def profile_folder() -> Path:
    """Where a profile lies when none is named."""
    return Path(platformdirs.user_data_dir("sims", appauthor=False))


def _trust(keys: list[str], data: Path) -> Trust:
    if keys:
        documents = []
        for place in keys:
            try:
                documents.append(read_key_document(_fetch(place, KEYS_PATH)))
            except KeysUnreadable as failure:
                raise QuestionUnreadable(f"{place}: {failure}") from failure
        return Trust(documents)
    documents = []
    for path in sorted((data / "institutions").glob("*.json")):
        try:
            documents.append(read_key_document(path.read_bytes()))
        except (KeysUnreadable, OSError) as failure:
            print(f"{path} is passed over: {failure}", file=sys.stderr)
    return Trust(documents)


def _status_lists(places: list[str], data: Path, trust: Trust) -> list[StatusList]:
    found = []
    for place in places:
        try:
            found.append(read_status_list(_fetch(place, STATUS_PATH), trust))
        except StatusListUnreadable as failure:
            raise QuestionUnreadable(f"{place}: {failure}") from failure
    if not places:
        for path in sorted((data / "institutions").glob("*.cbor")):
            try:
                found.append(read_status_list(path.read_bytes(), trust))
            except (StatusListUnreadable, OSError) as failure:
                print(f"{path} is passed over: {failure}", file=sys.stderr)
    return found


def _judge(question: str, trust: Trust) -> Judgment:
    path = Path(question)
    try:
        is_file = path.is_file()
    except (OSError, ValueError):  # a code of 1,500 letters is no file name
        is_file = False
    if is_file:
        try:
            data = path.read_bytes()
        except OSError as failure:
            raise QuestionUnreadable(f"{question} cannot be read: {failure.strerror}") from failure
        if data[:4] != b"%PDF" and len(data) < 8192 and data.isascii():
            return judge_text(data.decode("ascii"), trust)  # a scanner's output kept in a file
        return judge_file(data, trust)
    if path.suffix.lower() in (".pdf", ".txt", ".json") or question.startswith(("/", "./", "../", "~")):
        raise QuestionUnreadable(f"{question} is not there")
    if SHORT.fullmatch(question.strip()):
        raise QuestionUnreadable("a serial with its check code can only be asked on line, at /V/")
    return judge_text(question, trust)


def describe(judgment: Judgment) -> list[str]:
    """The judgment as lines for a terminal."""
    word = f"{judgment.verdict.value}, expired" if judgment.expired else judgment.verdict.value
    lines = [f"{word}: {judgment.in_words}"]
    lines += [f"  - {fault}" for fault in judgment.faults]
    facts = (
        ("serial", judgment.serial),
        ("name", judgment.name),
        ("registration no.", judgment.reg_no),
        ("program", judgment.program),
        ("CGPA", judgment.cgpa),
        ("credits", judgment.credits),
        ("issued on", judgment.issued_on),
        ("valid until", judgment.valid_until),
        ("SHA-256", judgment.sha256),
    )
    lines += [f"  {label:17}{value}" for label, value in facts if value is not None]
    lines += [f"  {course.code:17}{course.credits:>3}  {course.grade}" for course in judgment.courses or []]
    return lines


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="sims verify", description="Judge a sealed document without a database."
    )
    parser.add_argument("question", metavar="FILE-or-QR-TEXT", help="a PDF file, or what the code says")
    parser.add_argument(
        "--keys", action="append", default=[], metavar="FILE-or-URL", help="an institution's key document"
    )
    parser.add_argument(
        "--status", action="append", default=[], metavar="FILE-or-URL", help="an institution's status list"
    )
    parser.add_argument("--data", type=Path, default=None, metavar="DIR", help="the profile's folder")
    parser.add_argument("--json", action="store_true", help="answer as JSON")
    chosen = parser.parse_args(argv)
    data = chosen.data or profile_folder()
    try:
        trust = _trust(chosen.keys, data)
        judgment = _judge(chosen.question, trust)
        judgment = apply_status(judgment, _status_lists(chosen.status, data, trust), datetime.now(UTC))
    except QuestionUnreadable as failure:
        print(f"sims verify: {failure}", file=sys.stderr)
        return UNREADABLE
    if chosen.json:
        print(msgspec.json.encode(judgment).decode())
    else:
        print("\n".join(describe(judgment)))
    return EXIT[judgment.verdict]


if __name__ == "__main__":
    sys.exit(main())
