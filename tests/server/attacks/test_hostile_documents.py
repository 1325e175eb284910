"""A file that a stranger sends to be judged: it must not be unpacked before it is known whose it is."""

from __future__ import annotations

import tracemalloc
import zlib

from sims_shared.seal.file import claimed_issuer, judge_file
from sims_shared.seal.judgment import Verdict
from sims_shared.seal.keys import Trust
from tests.support.api import Api


def bomb(megabytes: int, times: int) -> bytes:
    """A PDF whose attachment of our content's name is packed so many times over."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(megabytes)) + packer.flush()
    for _ in range(times - 1):
        packed = zlib.compress(packed, 9)
    parts = [
        b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(content.json) 3 0 R]>>>>>>",
        b"<</Type/Pages/Kids[]/Count 0>>",
        b"<</Type/Filespec/F(content.json)/EF<</F 4 0 R>>>>",
        b"<</Length %d/Filter[%s]>>stream\n%s\nendstream" % (len(packed), b"/FlateDecode" * times, packed),
    ]
    made, places = b"%PDF-1.7\n", []
    for number, part in enumerate(parts, start=1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        made
        + b"xref\n0 5\n0000000000 65535 f \n%strailer<</Root 1 0 R/Size 5>>\nstartxref\n%d\n%%%%EOF"
        % (
            table,
            len(made),
        )
    )


def test_a_file_of_a_few_hundred_bytes_does_not_become_gigabytes() -> None:
    for times in (1, 3):
        file = bomb(256, times)
        tracemalloc.start()
        assert claimed_issuer(file) is None
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 100 << 20, f"{len(file)} bytes took {peak >> 20} MB"


def test_a_million_seals_in_one_file_are_not_looked_at_one_by_one() -> None:
    """Each was cut out of the file and read: thirty megabytes kept a thread and its connection for hours."""
    ranges = b"/ByteRange [0 10 30000000 3]"
    file = b"%PDF-1.7\n" + ranges * (30_000_000 // len(ranges))
    assert judge_file(file, Trust([])).verdict is Verdict.FOREIGN


def test_a_seal_as_long_as_a_book_is_not_taken_apart() -> None:
    """Two bytes of it became two hundred."""
    seal = b"<3083200000" + b"0500" * (1 << 20) + b">"
    start = len(b"%PDF-1.7\n/ByteRange[0 0000000 0000000 0000005]")
    head = b"%%PDF-1.7\n/ByteRange[0 %07d %07d 0000005]" % (start, start + len(seal))
    tracemalloc.start()
    assert judge_file(head + seal + b"%%EOF", Trust([])).verdict is Verdict.FOREIGN
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 << 20, f"{peak >> 20} MB"


def test_it_is_foreign_and_nothing_worse(api: Api) -> None:
    for file in (
        bomb(64, 3),
        b"%PDF-1.7\n" + b"startxref\n0\n%%EOF\n" * 50_000,
        b"%PDF-1.7\n" + b"<<" * 100_000,
    ):
        assert judge_file(file, Trust([])).verdict is Verdict.FOREIGN
        answer = api.anonymous.post("/api/transcripts/verify-file/", files={"file": ("x.pdf", file)})
        assert (answer.status, answer.json["verdict"]) == (200, "foreign")
