"""The language the program speaks, and the one function every visible sentence goes through. Qt-free.

The English sentence is the name of a phrase; `kit/words/` holds what it is in Urdu. A value inside it is
named in braces, as in `phrase("{count:,} chosen", count=3)`: an f-string could not be found in a catalog.
The rule a newcomer would get wrong: words are chosen when they are shown, not when a module is imported. A
constant is therefore wrapped in `later` and goes through `phrase` where it is shown. What the kit is
handed as the text of an action, the title of a column or the label of a field it puts into words itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

ENGLISH, URDU = "en", "ur"
NAMES: dict[str, str] = {ENGLISH: "English", URDU: "اردو"}
"""Each by its own name, so that whoever reads no English finds the way back."""

_catalog: Mapping[str, str] = {}
_titles: Mapping[str, str] = {}
_language = ENGLISH
# Papers of the record are written in English whatever the window speaks.
_on_paper: ContextVar[bool] = ContextVar("on_paper", default=False)


def speak(language: str) -> str:
    """From now on; a language nobody translated is English. Answers what is spoken."""
    global _catalog, _titles, _language
    if language == URDU:
        from sims_desktop.kit.words.urdu import CATALOG
        from sims_desktop.kit.words.urdu.refusals import TITLES

        _catalog, _titles, _language = CATALOG, TITLES, URDU
    else:
        _catalog, _titles, _language = {}, {}, ENGLISH
    return _language


def spoken() -> str:
    return _language


def runs_right_to_left() -> bool:
    return _language == URDU


@contextmanager
def on_paper() -> Iterator[None]:
    """Phrases of what is printed for the record: English."""
    before = _on_paper.set(True)
    try:
        yield
    finally:
        _on_paper.reset(before)


def phrase(text: str, /, **values: object) -> str:
    """`text` in the language spoken, its values filled in. In Urdu a text that comes in from outside – a
    name, a code, a registration number – keeps its own direction. Of a sentence that is filled in before a
    full stop only one stop stays."""
    if not values:
        return text if _on_paper.get() else _catalog.get(text, text)
    for name, value in values.items():
        if f"{{{name}}}." in text and (said := str(value)).endswith((".", "۔")):
            values[name] = said[:-1]
    if not _catalog or _on_paper.get():
        return text.format(**values)
    said = _catalog.get(text, text)
    return said.format(**{name: _apart(value) for name, value in values.items()})


def title_of_refusal(code: str) -> str:
    """What kind of no the server gave, in the language spoken; empty where its own words do, or where a newer
    server knows a code that this program does not."""
    return "" if _on_paper.get() else _titles.get(code, "")


def later(text: str) -> str:
    """Marks a constant for the catalog; `phrase` puts it into words where it is shown."""
    return text


def _apart(value: object) -> object:
    return f"\u2068{value}\u2069" if isinstance(value, str) and value else value
