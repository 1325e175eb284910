"""What offices save is read: encodings, decimal commas, workbooks, own headers; what is hostile is not."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
import xlsxwriter

from sims_server.imports.operations import workbook
from sims_server.imports.operations.reading import read_table
from sims_server.imports.rules import COLUMNS, offer
from sims_server.imports.rules.cells import CellRefused, day, decimal, plain
from sims_server.kernel.jobs import run_job
from sims_shared.imports import FileUnreadable
from tests.support.api import Api, Client
from tests.support.university import University

_CONTENT = (
    '<?xml version="1.0" encoding="UTF-8"?>{0}<office:document-content '
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:spreadsheet>'
    '<table:table table:name="S">{1}</table:table></office:spreadsheet></office:body>'
    "</office:document-content>"
)
_MANIFEST = (
    '<?xml version="1.0"?><manifest:manifest '
    'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    '<manifest:file-entry manifest:full-path="/" '
    'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>'
)


def parcel(**parts: str | bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return made.getvalue()


def ods(rows: str, doctype: str = "") -> bytes:
    return parcel(
        mimetype="application/vnd.oasis.opendocument.spreadsheet",
        **{"META-INF__manifest_xml": _MANIFEST, "content_xml": _CONTENT.format(doctype, rows)},
    )


def row(*cells: str, more: str = "") -> str:
    return f"<table:table-row {more}>{''.join(cells)}</table:table-row>"


def text(value: str, more: str = "") -> str:
    return f'<table:table-cell office:value-type="string" {more}><text:p>{value}</text:p></table:table-cell>'


def test_an_ods_is_read_as_it_looks() -> None:
    number = (
        '<table:table-cell office:value-type="float" office:value="12.5"><text:p>12,5</text:p>'
        "</table:table-cell>"
    )
    date = (
        '<table:table-cell office:value-type="date" office:date-value="2026-09-01"><text:p>1.9.</text:p>'
        "</table:table-cell>"
    )
    filled = '<table:table-cell table:number-columns-repeated="16380"/>'
    table = read_table(
        ods(
            row(text("reg_no"), text("score"), text("due_date"), filled)
            + row(text("0417"), number, date, filled)
            + row(filled, more='table:number-rows-repeated="1048574"')
        )
    )
    assert (table.reading.format, list(table.header)) == ("ods", ["reg_no", "score", "due_date"])
    assert [[plain(cell) for cell in cells] for cells in table.rows] == [["0417", "12.5", "2026-09-01"]]


def _xlsx(place: str = "A1") -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write("A1", "code")
        sheet.write(place, "name")
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (ods(row(text("a", 'table:number-columns-repeated="100000000"'))), "reaches over"),
        (ods(row(text("a"), text("b"), text("c")) * 2 + row(text("x", 'table:number-columns-repeated="9000"'),
             more='table:number-rows-repeated="9000"')), "reaches over"),
        (ods(row(text("a")) + row("<table:table-cell/>", more='table:number-rows-repeated="1000000"')
             + row('<table:table-cell table:number-columns-repeated="16000"/>', text("z"))), "reaches over"),
        (ods(row('<table:table-cell table:number-columns-repeated="100000000"><text:p>x</text:p>'
                 "</table:table-cell>")), "reaches over"),
        (ods(row(text("&boom;")), '<!DOCTYPE x [<!ENTITY boom "boom">]>'), "document type"),
        (_xlsx("XFD1048576"), "reaches over"),
        (parcel(readme="no workbook"), "neither CSV nor a workbook"),
        (b"PK\x03\x04 cut off", "neither CSV nor a workbook"),
        (b"\xff\xfe\x00", "UTF-16"),
        (b"a,b\x81\x8d\n", "neither UTF-8"),
        (b"a,b\x00\n", "neither CSV"),
        (b"", "empty"),
        (b",,\n1,2,3\n", "empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else "file",
)  # fmt: skip
def test_a_hostile_or_broken_file_is_refused_before_it_is_laid_out(content: bytes, says: str) -> None:
    with pytest.raises(FileUnreadable) as refused:
        list(read_table(content).rows)
    assert says in refused.value.detail


def test_a_workbook_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "UNPACKED_MAX", 2**20)
    blown = parcel(xl__workbook_xml="<a/>", xl__worksheets__sheet1_xml=b"<a>" + b" " * 2**21 + b"</a>")
    assert len(blown) < 2**13
    with pytest.raises(FileUnreadable) as refused:
        read_table(blown)
    assert "unpacks to more" in refused.value.detail


@pytest.mark.parametrize(
    ("content", "encoding", "delimiter"),
    [
        ("reg_no;name\n1;Zoë\n".encode("cp1252"), "windows-1252", ";"),
        ("reg_no,name\n1,Zoë\n".encode("utf-16"), "utf-16-le", ","),
        ("\ufeffreg_no,name\n1,Zoë\n".encode("utf-16-be"), "utf-16-be", ","),
        ("\ufeffreg_no\tname\n1\tZoë\n".encode(), "utf-8", "\t"),
        ("reg_no,name\n1,Zoë\n".encode(), "utf-8", ","),
    ],
)
def test_the_answer_names_the_encoding(content: bytes, encoding: str, delimiter: str) -> None:
    table = read_table(content)
    assert (table.reading.encoding, table.reading.delimiter) == (encoding, delimiter)
    assert [list(table.header), *map(list, table.rows)] == [["reg_no", "name"], ["1", "Zoë"]]


def test_decimal_commas_are_read_and_thousands_are_not() -> None:
    mark = decimal(2, "0", "99999.99")
    assert [mark(cell) for cell in ("12,5", "12,50", "12.50", "7")] == ["12.5", "12.50", "12.50", "7"]
    for cell in ("1,234", "1.234,5", "12,", ",5", "1,2,3"):
        with pytest.raises(CellRefused):
            mark(cell)


def test_dates_are_iso_or_a_workbooks_own() -> None:
    assert [day(cell) for cell in ("2026-09-01", "2026-09-01 00:00:00", "2026-09-01T00:00")] == [
        "2026-09-01"
    ] * 3
    for cell in ("01/09/2026", "2026-02-30", "2026-09-01 12:30", "46266"):
        with pytest.raises(CellRefused):
            day(cell)


@pytest.fixture
def registrar(api: Api, university: University) -> Client:
    university.stand()
    return api.as_("registrar")


def upload(client: Client, kind: str, content: bytes, **more: str) -> Any:
    return client.post("/api/imports/", files={"file": ("x.csv", content)}, data={"kind": kind, **more})


MARKS = "Registration #;Subject;term;Sec;assessment;Marks;Sr\n2024-CS-0001;CS-101;Fall 2026;A;Quiz;17,5;1\n"
MAPPING = (
    '{"Registration #": "reg_no", "Subject": "course_code", "Sec": "section", "Marks": "score", "Sr": ""}'
)


def test_an_upload_names_unknown_and_missing_columns_with_suggestions(registrar: Client) -> None:
    made = upload(registrar, "scores", MARKS.encode("cp1252"))
    assert made.status == 201
    assert made.json["columns"] == {
        "unknown": [
            {"header": "Registration #", "suggestions": ["reg_no"]},
            {"header": "Subject", "suggestions": ["course_code"]},
            {"header": "Sec", "suggestions": ["section"]},
            {"header": "Marks", "suggestions": ["score", "mark"]},
            {"header": "Sr", "suggestions": []},
        ],
        "missing": [
            {"column": "reg_no", "suggestions": ["Registration #"]},
            {"column": "course_code", "suggestions": ["Subject"]},
            {"column": "section", "suggestions": ["Sec"]},
        ],
        "free": ["reg_no", "course_code", "section", "score", "mark"],
    }
    assert made.json["reading"] == {"format": "csv", "encoding": "utf-8", "delimiter": ";"}


def test_a_mapping_is_applied_and_remembered_for_this_account_and_kind(
    api: Api, registrar: Client, university: University
) -> None:
    made = upload(registrar, "scores", MARKS.encode(), mapping=MAPPING)
    run_job(api.database, api.data, made.json["job_id"])
    shown = registrar.get(f"/api/imports/{made.json['id']}/").json
    assert (shown["status"], shown["counts"]["new"], shown["columns"]["unknown"]) == ("previewed", 1, [])
    assert registrar.get(shown["rows"]).json["results"][0]["cells"]["score"] == "17.5"
    remembered = registrar.get("/api/imports/mappings/?kind=scores").json["results"]
    assert remembered[0]["mapping"]["Marks"] == "score"
    assert registrar.get("/api/imports/mappings/?kind=students").json["results"] == []
    assert api.as_("examcell").get("/api/imports/mappings/").json["results"] == []
    assert registrar.get("/api/imports/mappings/?kind=colours").status == 400
    # Offered the next time, and nothing is done with it unasked.
    again = upload(registrar, "scores", MARKS.replace("Marks", "marks").encode()).json["columns"]["unknown"]
    assert next(one for one in again if one["header"] == "marks")["suggestions"][0] == "score"


def test_a_mapping_at_fault_is_refused(registrar: Client) -> None:
    for mapping, code in (
        ("no json", "invalid"),
        ('["reg_no"]', "invalid"),
        ('{"a": "colour"}', "unknown_column"),
        ('{"a": "score", "b": "score"}', "repeated_column"),
    ):
        refused = upload(registrar, "scores", MARKS.encode(), mapping=mapping)
        assert refused.status == 400
        assert [fault["code"] for fault in refused.json["errors"]] == [code]


def test_every_column_is_offered_under_a_name_close_to_its_own() -> None:
    for kind, columns in COLUMNS.items():
        headers = [column.name.replace("_", " ").title() for column in columns]
        offered = {one.header: one.suggestions for one in offer(kind, headers, {}, {}).unknown}
        for column, header in zip(columns, headers, strict=True):
            if header.lower() != column.name:
                assert offered[header][0] == column.name, (kind, header, offered[header])
