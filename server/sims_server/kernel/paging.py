"""Lists: keyset pages over an index that the ordering names, with filters and search.

A `Listing` is the one description of a list; its SQL is put together once for each shape of request
(which filters, which order, first or later page) and kept. Page 1,000 costs what page 1 costs.
Never counts unless asked: `count(*)` over 100,000 rows costs more than the page.
"""

from __future__ import annotations

import base64
import binascii
import re
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any, Literal, get_args, get_origin
from zoneinfo import ZoneInfo

import msgspec
import psycopg

from sims_server.kernel.actor import Caller
from sims_server.kernel.decode import parse_parameter
from sims_server.kernel.work import Work
from sims_shared.problems import Fault, InvalidInput
from sims_shared.values import Id

PAGE_SIZE = 50
PAGE_SIZE_MAX = 200
SEARCH_WORDS_MAX = 8
STATEMENTS_KEPT = 500  # of one list; whoever asks for all page sizes in turn fills no memory
RESERVED = frozenset({"page_size", "cursor", "count", "search", "ordering"})


@dataclass(frozen=True)
class Filter:
    """An equality (or other) filter: SQL with `%(value)s`-style placeholder `{}`, and the value's type: a
    `Literal` where only those words can be meant, `int` for an id.
    A moment may be given as a day: the campus day's first instant, or with `through` its last."""

    sql: str
    type: Any
    through: bool = False

    @property
    def wire_type(self) -> Any:
        return Id if self.type is int else self.type

    @cached_property
    def is_word(self) -> bool:
        """Whether only those words can be meant that stand in the program."""
        words = get_args(self.type) if get_origin(self.type) is Literal else ()
        return bool(words) and all(isinstance(word, str) and word.isidentifier() for word in words)


@dataclass(frozen=True)
class Order:
    """An ordering: a never-null SQL expression and its PostgreSQL type, for the cursor's cast."""

    sql: str
    type: str = "text"


@dataclass(frozen=True)
class Search:
    """What a search's words are looked for in: conditions on one folded pattern `{0}`, for words as they come
    and for such as are much of a number, `{1}` (see _is_number)."""

    words: str
    numbers: str


Scope = Callable[[Caller], tuple[str, dict[str, Any]]]


def everything(caller: Caller) -> tuple[str, dict[str, Any]]:
    """The scope of lists that everybody with the permission sees whole."""
    return "", {}


@dataclass(frozen=True)
class Listing:
    """One list. `columns` maps the view's field to its SQL; `source` is everything behind FROM; `key`
    is the unique id that breaks ties. `shape` turns a raw row into the view's dict where SQL cannot."""

    entity: str
    columns: Mapping[str, str]
    source: str
    key: str = "id"
    # Columns that the source joins to the key as its equals: a later page begins in their index, too. What
    # is equal to a column is not found to be greater than what that column is greater than.
    same_key: tuple[str, ...] = ()
    filters: Mapping[str, Filter] = field(default_factory=dict)
    orders: Mapping[str, Order] = field(default_factory=dict)
    default_order: str = "id"
    # A condition on one folded pattern: "s.search_text LIKE {}". By caller where a field is searched that
    # not everybody sees: a search that looks into it would read it aloud, digit by digit.
    search: str | Search | Callable[[Caller], str | Search] | None = None
    scope: Scope = everything
    shape: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    where: str = ""
    statements: dict[Any, str] = field(default_factory=dict, compare=False)

    @cached_property
    def every_order(self) -> dict[str, Order]:
        return {"id": Order(self.key, "bigint"), **self.orders}

    @cached_property
    def row_of(self) -> type[msgspec.Struct]:
        """A row as the view writes it."""
        return msgspec.defstruct(self.entity, [(name, Any) for name in self.columns], gc=False)

    def select(self) -> str:
        """`SELECT columns FROM source`, for the single resource of the same shape."""
        return (
            f"SELECT {', '.join(f'{sql} AS {name}' for name, sql in self.columns.items())} FROM {self.source}"
        )

    def one(self, work: Work, id: int) -> dict[str, Any] | None:
        """The resource with this id within the caller's scope, or None."""
        scope_sql, scope_values = self.scope(work.caller)
        conditions = " AND ".join(f"({c})" for c in (f"{self.key} = %(_id)s", scope_sql, self.where) if c)
        row = work.row(f"{self.select()} WHERE {conditions}", _id=id, **scope_values)
        return row if row is None or self.shape is None else self.shape(row)


@dataclass(slots=True)
class ListRequest:
    """A list request taken apart: which filters with which values, order, cursor, page size."""

    filters: dict[str, Any]
    words: list[str]
    order: str
    descending: bool
    after: tuple[str, int] | None
    page_size: int
    count: bool


def _cursor(order: str, value: str, id: int) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode([order, value, id])).decode().rstrip("=")


def parse_list_request(listing: Listing, query: Mapping[str, list[str]]) -> ListRequest:
    """Raises InvalidInput with every fault of the query string."""
    faults: list[Fault] = []
    request = ListRequest(
        {},
        [],
        listing.default_order.lstrip("-"),
        listing.default_order.startswith("-"),
        None,
        PAGE_SIZE,
        False,
    )
    for name, given in query.items():
        if len(given) != 1:
            faults.append(Fault(f"?{name}", "repeated", "Give it once."))
            continue
        text = given[0]
        if name == "page_size":
            given_size = parse_parameter(int, text, name, faults)
            if given_size is not None and 1 <= given_size <= PAGE_SIZE_MAX:
                request.page_size = given_size
            elif given_size is not None:
                faults.append(Fault("?page_size", "range", f"Between 1 and {PAGE_SIZE_MAX}."))
        elif name == "count":
            request.count = bool(parse_parameter(bool, text, name, faults))
        elif name == "search" and listing.search is not None:
            parse_parameter(str, text, name, faults)
            request.words = text.split()[:SEARCH_WORDS_MAX]
        elif name == "ordering":
            request.order, request.descending = text.removeprefix("-"), text.startswith("-")
            if request.order not in listing.every_order:
                faults.append(
                    Fault("?ordering", "unknown_order", f"Order by one of: {', '.join(listing.every_order)}.")
                )
        elif name == "cursor":
            continue
        elif name in listing.filters:
            request.filters[name] = parse_parameter(listing.filters[name].wire_type, text, name, faults)
        else:
            faults.append(Fault(f"?{name}", "unknown_parameter", f"There is no parameter “{name}”."))
    if "cursor" in query and not faults:
        request.after = _parse_cursor(query["cursor"][0], request, faults)
    if faults:
        raise InvalidInput(
            f"{len(faults)} fault{'s' if len(faults) > 1 else ''} in the query.", errors=faults
        )
    return request


def _parse_cursor(text: str, request: ListRequest, faults: list[Fault]) -> tuple[str, int] | None:
    try:
        padded = text + "=" * (-len(text) % 4)
        order, value, id = msgspec.json.decode(
            base64.b64decode(padded, altchars=b"-_", validate=True), type=tuple[str, str, int]
        )
    except (binascii.Error, ValueError, msgspec.DecodeError):
        faults.append(Fault("?cursor", "malformed", "This cursor is not one of ours."))
        return None
    if (
        order != f"{'-' if request.descending else ''}{request.order}"
        or "\x00" in value
        or not 0 < id < 2**63
    ):
        faults.append(Fault("?cursor", "malformed", "This cursor belongs to another ordering."))
        return None
    return value, id


def read_page(work: Work, listing: Listing, query: Mapping[str, list[str]], path: str) -> dict[str, Any]:
    """One page as `{"results", "next"[, "count"]}`, ready to encode; its rows are what `shape` made of them,
    or structs of the columns, which cost a tenth of dicts."""
    request = parse_list_request(listing, query)
    scope_sql, values = listing.scope(work.caller)
    search = None
    if request.words:
        search = listing.search(work.caller) if callable(listing.search) else listing.search
    flags = tuple((name, value) for name, value in values.items() if value is True or value is False)
    shape = (
        tuple([(name, _word_of(listing, request, name)) for name in request.filters]),
        tuple([_is_number(word) for word in request.words]),
        request.order,
        request.descending,
        request.after is None,
        request.page_size,
        scope_sql,
        flags,
        search,
    )
    sql = listing.statements.get(shape)
    if sql is None:
        if len(listing.statements) >= STATEMENTS_KEPT:
            listing.statements.clear()
        sql = statement_of(listing, request, scope_sql, search)
        for name, value in flags:
            sql = sql.replace(f"%({name})s", "true" if value else "false")
        listing.statements[shape] = sql
    values |= _asked(work, listing, request)
    if request.after is not None:
        values["after"], values["after_id"] = request.after
    try:
        rows = work.tuples(sql, **values)
    except psycopg.DataError as error:
        if request.after is None:
            raise
        # Of all the values only the cursor's is read by the database alone, and only it can be no such value.
        detail = "This cursor is not one of ours."
        raise InvalidInput("1 fault in the query.", errors=[Fault("?cursor", "malformed", detail)]) from error
    page: dict[str, Any] = {"results": [], "next": None}
    if len(rows) > request.page_size:
        rows.pop()
        order = f"{'-' if request.descending else ''}{request.order}"
        parameters = {name: given[0] for name, given in query.items()}
        parameters["cursor"] = _cursor(order, *rows[-1][-2:])
        page["next"] = f"{path}?{urllib.parse.urlencode(parameters)}"
    if listing.shape is None:
        row_of = listing.row_of
        page["results"] = [row_of(*row[:-2]) for row in rows]
    else:
        # zip ends with the columns, before the two that the cursor is made of.
        page["results"] = [listing.shape(dict(zip(listing.columns, row, strict=False))) for row in rows]
    if request.count:
        conditions = _conditions(listing, request, scope_sql, search, paged=False)
        page["count"] = work.value(f"SELECT count(*) FROM {listing.source}{conditions}", **values)
    return page


_NUMBER = re.compile(r"[0-9A-Za-z./-]{5,}")
_YEAR = re.compile(r"(19|20)[0-9]{2}(?![0-9])")


def _is_number(word: str) -> bool:
    """Whether a word is so much of a number that few have it: such are looked up among the endings of all
    numbers (`number_endings` in the database). Names, and the year that a number begins with, are found soon
    by a walk in the list's order; a few numbers lie together, and a walk that begins far from them reads
    half the table (150 ms of 100,000 students)."""
    few = _figures(word) >= 5 or _figures(word) - 4 * bool(_YEAR.match(word)) >= 3
    return few and _NUMBER.fullmatch(word) is not None


def _figures(text: str) -> int:
    return sum("0" <= character <= "9" for character in text)


def _moment(work: Work, value: Any, described: Filter) -> Any:
    if not isinstance(value, date) or isinstance(value, datetime) or described.type is date:
        return value
    first = datetime.combine(value, time.min, ZoneInfo(work.setting("time_zone")))
    return first + timedelta(days=1, microseconds=-1) if described.through else first


def _word_of(listing: Listing, request: ListRequest, name: str) -> str:
    """The SQL of a filter's value where that is one of few words, "" where it is a value."""
    value = request.filters[name]
    if value is True or value is False:
        return "true" if value else "false"
    return f"'{value}'" if listing.filters[name].is_word else ""


def _asked(work: Work, listing: Listing, request: ListRequest) -> dict[str, Any]:
    """The values of filters and words, as the statement names them."""
    values = {
        f"f_{name}": _moment(work, value, listing.filters[name]) for name, value in request.filters.items()
    }
    for index, word in enumerate(request.words):
        values[f"n_{index}"] = word
        escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values[f"w_{index}"] = f"%{escaped}%"
    return values


def _conditions(
    listing: Listing, request: ListRequest, scope_sql: str, search: str | Search | None, *, paged: bool
) -> str:
    parts = [listing.where, scope_sql]
    parts += [
        listing.filters[name].sql.format(_word_of(listing, request, name) or f"%(f_{name})s")
        for name in request.filters
    ]
    if search is not None:
        kinds = search if isinstance(search, Search) else Search(search, search)
        parts += [
            (kinds.numbers if _is_number(word) else kinds.words).format(
                f"folded(%(w_{index})s)", f"folded(%(n_{index})s)"
            )
            for index, word in enumerate(request.words)
        ]
    if paged and request.after is not None:
        order = listing.every_order[request.order]
        sign = "<" if request.descending else ">"
        if order.sql == listing.key:
            parts += [f"{key} {sign} %(after_id)s" for key in (listing.key, *listing.same_key)]
        else:
            after = f"%(after)s::text::{order.type}"
            parts.append(f"({order.sql}, {listing.key}) {sign} ({after}, %(after_id)s)")
            table, _, column = listing.key.rpartition(".")
            if column and f"{table}." not in order.sql:
                # Of two tables the pair is no beginning in any index. (Of one it is, and this beside it would
                # begin at the first of all that are equal.)
                parts.append(f"{order.sql} {sign}= {after}")
    joined = " AND ".join(f"({part})" for part in parts if part)
    return f" WHERE {joined}" if joined else ""


def statement_of(listing: Listing, request: ListRequest, scope_sql: str, search: str | Search | None) -> str:
    """The SQL of one page. How many rows, which words of a fixed few, and what of the scope is true or false,
    it says itself instead of taking values: then a plan made once is as good as one made for the values,
    the database keeps it, and a page of fifty costs half."""
    order = listing.every_order[request.order]
    way = "DESC" if request.descending else "ASC"
    columns = ", ".join(f"{sql} AS {name}" for name, sql in listing.columns.items())
    ordering = (
        f"{listing.key} {way}" if order.sql == listing.key else f"{order.sql} {way}, {listing.key} {way}"
    )
    conditions = _conditions(listing, request, scope_sql, search, paged=True)
    return (
        f"SELECT {columns}, ({order.sql})::text AS _order, {listing.key} AS _key FROM {listing.source}"
        f"{conditions} ORDER BY {ordering} LIMIT {request.page_size + 1}"
    )


def every_row(
    work: Work,
    listing: Listing,
    query: Mapping[str, list[str]],
    columns: Mapping[str, str],
    joins: str = "",
    where: str = "",
    more: Mapping[str, Any] | None = None,
) -> Iterator[tuple[Any, ...]]:
    """All rows of a list as `columns`, with the list's filters, search, order and scope, read a few
    thousand at a time. `more` are values that the SQL names. Takes an open transaction. Raises
    InvalidInput before the first row."""
    paged = [
        Fault(f"?{name}", "unknown_parameter", "The whole list is answered; it has no pages.")
        for name in ("page_size", "cursor", "count")
        if name in query
    ]
    if paged:
        raise InvalidInput(f"{len(paged)} of the parameters make no sense here.", errors=paged)
    request = parse_list_request(listing, query)
    scope_sql, values = listing.scope(work.caller)
    search = listing.search(work.caller) if callable(listing.search) else listing.search
    values |= _asked(work, listing, request)
    order, way = listing.every_order[request.order], "DESC" if request.descending else "ASC"
    named = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
    conditions = _conditions(listing, request, scope_sql, search, paged=False)
    if where:
        conditions += f" AND ({where})" if conditions else f" WHERE {where}"
    values |= {"zone": work.setting("time_zone"), **(more or {})}
    sql = (
        f"SELECT {named} FROM {listing.source} {joins}{conditions} "
        f"ORDER BY {order.sql} {way}, {listing.key} {way}"
    )
    work.run("SET LOCAL statement_timeout = '120s'")
    return _rows_of(work, sql, values)


def _rows_of(work: Work, sql: str, values: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    with work.connection.driver.cursor(name="every_row") as cursor:
        cursor.itersize = 2000
        cursor.execute(sql, values)
        yield from cursor
