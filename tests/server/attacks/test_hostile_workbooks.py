"""A workbook made to end the server: the library that lays it out ends the whole process when memory does.

Each of these got past a look at the parts that a workbook usually has.
"""

from __future__ import annotations

import io
import zipfile

import pytest

from sims_server.imports.operations import workbook
from sims_server.imports.operations.reading import COLUMNS_MAX, ROWS_MAX, read_table
from sims_server.kernel.jobs import run_job
from sims_shared.imports import FileUnreadable
from tests.server.imports.test_reading_files import ods, row, text
from tests.support.api import Api
from tests.support.university import University

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
FAR = '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>'


def cells(number: int, *values: str) -> str:
    made = "".join(f'<c t="inlineStr"><is><t>{value}</t></is></c>' for value in values)
    return f'<row r="{number}">{made}</row>'


SHARED = '<c t="s"><v>0</v></c>'
HEADER = cells(1, "code", "name")


def sheet(rows: str, root: str = f'worksheet xmlns="{_MAIN}"') -> str:
    return f"<{root}><sheetData>{rows}</sheetData></{root.split()[0]}>"


def xlsx(
    content: str | bytes,
    target: str = "worksheets/sheet1.xml",
    part: str = "xl/worksheets/sheet1.xml",
    more: tuple[tuple[str, str], ...] = (),
) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r" '
            f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        file.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="s" sheetId="1" r:id="a"/>'
            "</sheets></workbook>",
        )
        file.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="a" '
            f'Type="{_OFFICE}/worksheet" Target="{target}"/></Relationships>',
        )
        file.writestr(part, content)
        for name, other in more:
            file.writestr(name, other)
    return made.getvalue()


def again(content: bytes, name: str, part: str) -> bytes:
    made = io.BytesIO(content)
    with zipfile.ZipFile(made, "a") as file, pytest.warns(UserWarning, match="Duplicate name"):
        file.writestr(name, part)
    return made.getvalue()


HUGE = 'table:number-columns-repeated="{}"'
HOSTILE: dict[str, bytes] = {
    "a sheet that lies elsewhere": xlsx(sheet(HEADER + FAR), "evil.xml", "xl/evil.xml"),
    "a sheet that is called a picture": xlsx(sheet(HEADER + FAR), "media/image1.png", "xl/media/image1.png"),
    "a sheet in capitals": xlsx(sheet(HEADER + FAR), "Worksheets/SHEET1.XML", "xl/Worksheets/SHEET1.XML"),
    "a sheet of no namespace": xlsx(sheet(HEADER + FAR, "worksheet")),
    "a far row and a far column": xlsx(
        sheet(HEADER + '<row r="2"><c r="XFD2"><v>1</v></c></row><row r="1048576"><c><v>1</v></c></row>')
    ),
    "other elements in another encoding": xlsx(
        f'<?xml version="1.0" encoding="UTF-16"?>{sheet(HEADER)}'.encode("utf-16")
    ),
    "one shared text in every cell": xlsx(
        sheet(HEADER + "".join(f'<row r="{n}">{SHARED * 20}</row>' for n in range(2, 1500))),
        more=(("xl/sharedStrings.xml", f'<sst xmlns="{_MAIN}"><si><t>{"x" * 30_000}</t></si></sst>'),),
    ),
    "a number with a plus": ods(row(text("a", HUGE.format("+900000000")))),
    "a number of thirteen digits": ods(row(text("a", HUGE.format("1000000000000")))),
    "a number behind zeros": ods(row(text("a", HUGE.format("00000000000900000000")))),
    "many sheets": ods(
        row(text("a"))
        + "</table:table>"
        + f'<table:table table:name="b">{row(text("x", HUGE.format(900_000)))}</table:table>' * 6
        + '<table:table table:name="z">'
    ),
    "one text a million times": ods(row(text("x" * 100_000, HUGE.format(1_000_000)))),
    "a text of a thousand million blanks": ods(
        row('<table:table-cell><text:p>a<text:s text:c="1000000000"/></text:p></table:table-cell>')
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_workbook_that_would_end_the_server_is_refused(name: str) -> None:
    with pytest.raises(FileUnreadable):
        list(read_table(HOSTILE[name]).rows)


def test_a_prefix_bound_to_another_namespace_counts_all_the_same() -> None:
    """The library goes by the prefix."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(HOSTILE["a number with a plus"])) as old,
        zipfile.ZipFile(made, "w") as new,
    ):
        for name in old.namelist():
            new.writestr(
                name, old.read(name).replace(b"urn:oasis:names:tc:opendocument:xmlns:table:1.0", b"urn:x")
            )
    with pytest.raises(FileUnreadable) as refused:
        read_table(made.getvalue())
    assert "reaches over" in refused.value.detail


def test_of_two_parts_of_one_name_none_is_believed() -> None:
    harmless = xlsx(sheet(HEADER))
    with pytest.raises(FileUnreadable):
        read_table(again(harmless, "xl/worksheets/sheet1.xml", sheet(HEADER + FAR)))


def test_an_honest_workbook_is_read_wherever_its_sheet_lies() -> None:
    for made in (
        xlsx(sheet(HEADER + cells(2, "CS", "Computing"))),
        xlsx(sheet(HEADER + cells(2, "CS", "Computing")), "eins.xml", "xl/eins.xml"),
        xlsx(sheet(HEADER + cells(2, "CS", "Computing")), more=(("xl/media/image1.png", "\x89PNG"),)),
    ):
        table = read_table(made)
        assert [list(table.header), *map(list, table.rows)] == [["code", "name"], ["CS", "Computing"]]


def test_what_the_library_gives_up_on_is_an_unreadable_file(monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):
        """As Rust's comes up in Python."""

    def give_up(*_: object) -> None:
        raise PanicException

    monkeypatch.setattr("sims_server.imports.operations.reading.load_workbook", give_up)
    with pytest.raises(FileUnreadable):
        read_table(xlsx(sheet(HEADER)))


def test_a_file_is_of_so_many_columns_and_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = ",".join(f"c{n}" for n in range(COLUMNS_MAX + 1)).encode()
    with pytest.raises(FileUnreadable, match="columns"):
        read_table(wide)
    monkeypatch.setattr("sims_server.imports.operations.reading.ROWS_MAX", 3)
    assert len(list(read_table(b"a\n1\n2\n").rows)) == 2
    with pytest.raises(FileUnreadable, match="rows"):
        list(read_table(b"a\n1\n2\n3\n").rows)
    assert (ROWS_MAX, workbook.CELLS_MAX) == (1_000_000, 5_000_000)


@pytest.mark.parametrize(
    "late", [b"A," + b"x" * 200_000, b'A,"x'], ids=["a field too long", "a quote left open"]
)
def test_a_file_that_is_broken_far_down_says_so(api: Api, university: University, late: bytes) -> None:
    """Its rows are being copied by then, and the copy that breaks off must not take the reason with it."""
    university.stand()
    registrar = api.as_("registrar")
    content = b"code,name\n" + b"".join(b"D%d,Department %d\n" % (n, n) for n in range(20)) + late
    made = registrar.post(
        "/api/imports/", files={"file": ("x.csv", content)}, data={"kind": "departments"}
    ).json
    run_job(api.database, api.data, made["job_id"])
    shown = registrar.get(f"/api/imports/{made['id']}/").json
    assert (shown["status"], shown["faults"][0]["code"]) == ("faulty", "imports.file_unreadable")
