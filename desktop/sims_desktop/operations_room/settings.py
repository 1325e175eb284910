"""Settings: found as one types, what is typed kept per setting until it is saved. Qt-free.

The rules a newcomer would get wrong: a setting that another administrator wrote since it was read is not
written over unseen; and the way back to the default is to write the default, for the server keeps no other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sims_desktop.client.errors import ClientError, ProblemAnswer, TryLater
from sims_desktop.kit.language import phrase
from sims_desktop.kit.search import rank
from sims_desktop.kit.wording import plural
from sims_desktop.operations_room.words import setting_name, setting_sentence, value_words
from sims_shared.access import Permission, SettingView

Value = str | int | bool
LISTS = frozenset({"security.otp_permissions"})
"""Settings that are several words of one list."""


class Calls(Protocol):
    def list_settings(self) -> list[SettingView]: ...
    def read_setting(self, name: str) -> tuple[SettingView, str]: ...
    def put_setting(self, name: str, value: Value, etag: str) -> SettingView: ...


@dataclass(slots=True)
class SettingsPresenter:
    """`load` and `save` ask the server and run off the window's thread."""

    calls: Calls
    settings: list[SettingView] = field(default_factory=list)
    query: str = ""
    is_loaded: bool = False
    complaint: str = ""
    drafts: dict[str, Value] = field(default_factory=dict)
    """What was typed and not saved, by the setting's key."""
    on_change: Callable[[], None] = lambda: None

    def load(self) -> list[SettingView]:
        return self.calls.list_settings()

    def take(self, loaded: Sequence[SettingView]) -> None:
        self.settings, self.complaint, self.is_loaded = list(loaded), "", True
        self.on_change()

    def not_loaded(self, error: Exception) -> None:
        if not isinstance(error, ClientError):
            raise error
        self.complaint = phrase("{error}. Settings need the server; F5 asks again.", error=error)
        self.on_change()

    @property
    def shown(self) -> list[SettingView]:
        """Those that answer what was typed into the search, in the order of their names."""
        named = sorted(self.settings, key=lambda one: setting_name(one.key).casefold())
        if not self.query.strip():
            return named
        return [
            one
            for one in named
            if rank(self.query, f"{setting_name(one.key)} {one.key} {setting_sentence(one.key)}") is not None
        ]

    @property
    def sentence(self) -> str:
        if self.complaint:
            return self.complaint
        if not self.is_loaded:
            return phrase("Reading the settings …")
        if not self.shown:
            return phrase("No setting is called that.")
        changed = sum(one.value != one.default for one in self.settings)
        said = plural(len(self.shown), "setting") + "."
        if changed:
            said += " " + phrase("{settings} not as by default.", settings=plural(changed, "setting"))
        return said

    def marked(self, setting: SettingView) -> str:
        """How it stands against its default, and against what was typed."""
        if setting.key in self.drafts:
            return phrase("typed, not saved")
        return phrase("changed") if setting.value != setting.default else ""

    def draft(self, setting: SettingView) -> Value:
        value = self.drafts.get(setting.key, setting.value)
        return "" if value is None else value

    def keep(self, setting: SettingView, value: Value) -> None:
        if value == setting.value and type(value) is type(setting.value):
            self.drafts.pop(setting.key, None)
        else:
            self.drafts[setting.key] = value

    def now_words(self, setting: SettingView) -> str:
        """As the list says it: how many words where there are many."""
        if setting.key in LISTS:
            return plural(len(str(setting.value).split()), "permission")
        return value_words(setting.value)

    def choices(self, setting: SettingView) -> list[str]:
        """The words a list may have: all permissions, and whatever else stands there already."""
        if setting.key not in LISTS:
            return []
        known = [str(one) for one in Permission]
        return known + [word for word in str(self.draft(setting)).split() if word not in known]

    def save(self, setting: SettingView, value: Value) -> SettingView:
        """Raises ProblemAnswer; `MeanwhileChanged` where another has written it since it was shown."""
        now, etag = self.calls.read_setting(setting.key)
        if now.value != setting.value:
            raise MeanwhileChanged(now)
        try:
            return self.calls.put_setting(setting.key, value, etag)
        except ProblemAnswer as problem:
            if problem.code == "request.stale":
                raise MeanwhileChanged(self.calls.read_setting(setting.key)[0]) from problem
            raise

    def saved(self, setting: SettingView) -> str:
        self.drafts.pop(setting.key, None)
        self._put(setting)
        return phrase(
            "Saved: {name} is {value}.", name=setting_name(setting.key), value=value_words(setting.value)
        )

    def refused(self, error: Exception) -> str:
        """Why it is not saved; what was typed stays."""
        if isinstance(error, MeanwhileChanged):
            self._put(error.now)
            return phrase(
                "Somebody has set it to {value} meanwhile. What you typed stands; save it again to write it.",
                value=value_words(error.now.value),
            )
        if not isinstance(error, ClientError):
            raise error
        if isinstance(error, TryLater):
            return phrase("{error}. Not saved, and what you typed stands.", error=error)
        return str(error)

    def _put(self, setting: SettingView) -> None:
        self.settings = [setting if one.key == setting.key else one for one in self.settings]
        self.on_change()

    def question(self, setting: SettingView, value: Value) -> str:
        """What is asked before a setting that opens doors is written."""
        if setting.key == "security.require_otp" and value is False:
            return phrase(
                "A password alone will open every door then. Save it again to do so; Esc leaves it."
            )
        return ""


class MeanwhileChanged(ClientError):
    """Another has written the setting."""

    def __init__(self, now: SettingView) -> None:
        super().__init__(now.key)
        self.now = now
