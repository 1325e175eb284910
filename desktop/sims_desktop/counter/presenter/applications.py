"""Applications at the counter: one taken for the student who stands there, and what is ready handed out.
Qt-free.

The rule a newcomer would get wrong: what lies ready comes before what is only approved, for it is what the
student came for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sims_desktop.counter.presenter.desk import Visitor
from sims_desktop.kit.language import phrase
from sims_desktop.requests.presenter.applying import ApplyingPresenter
from sims_desktop.requests.presenter.handing import Handing, quicker_words
from sims_desktop.requests.presenter.words import is_ready, state_words, taken_by, title_words, who_words
from sims_shared.access import Permission
from sims_shared.requests import RequestView


@dataclass(slots=True)
class ApplicationsPresenter:
    """`hand_out` and `look_again` run off the window's thread."""

    applying: ApplyingPresenter
    handing: Handing

    @property
    def may_take(self) -> bool:
        return Permission.CREATE_REQUEST in self.handing.permissions

    @property
    def why_not_take(self) -> str:
        return "" if self.may_take else phrase("Your roles take no applications.")

    def why_not_hand_out(self, visitor: Visitor) -> str:
        if not self.handing.may:
            return phrase("Your roles hand nothing out.")
        if self.to_hand_out(visitor):
            return ""
        waiting = sum(one.status == "pending" for one in visitor.requests)
        if waiting:
            return phrase("Nothing is approved yet; what was asked for waits for a decision.")
        return phrase("Nothing waits to be handed out.")

    def to_hand_out(self, visitor: Visitor) -> list[RequestView]:
        waiting = [one for one in visitor.requests if one.status == "approved" or is_ready(one)]
        return sorted(waiting, key=lambda one: (not is_ready(one), one.id))

    def title(self, request: RequestView) -> str:
        return title_words(request.type, self.applying.titles)

    def line_words(self, request: RequestView) -> str:
        return f"{self.title(request)}: {state_words(request)}"

    def taking_words(self, visitor: Visitor) -> str:
        return phrase("Application of {name}", name=visitor.student.name)

    def handing_words(self, visitor: Visitor) -> str:
        return phrase("Hand out to {name}", name=visitor.student.name)

    def taken_words(self, made: RequestView) -> str:
        return phrase(
            "Taken: {what} for {who}. The registrar decides.", what=self.title(made), who=who_words(made)
        )

    def why_not_to(self, request: RequestView, typed: str) -> str:
        """What is wrong with what was typed, or nothing."""
        return taken_by(typed, request)[1]

    def hand_out(self, request: RequestView, typed: str, now: datetime) -> str:
        return self.handing.hand_out(request, typed, self.applying.titles, now)

    def look_again(self, request: RequestView, error: Exception, now: datetime) -> str:
        """Why it was not handed out, and where somebody was quicker how it stands now."""
        words = self.handing.refused(error)
        fresh = self.handing.look_again(request, error)
        return quicker_words(fresh, now) if fresh is not None else words
