"""Applications at the counter: one taken for the student who stands there, and what is ready handed out.
Qt-free.

The rule a newcomer would get wrong: what lies ready comes before what is only approved, for it is what the
student came for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sims_desktop.counter.presenter.desk import Visitor
from sims_desktop.counter.presenter.slip import slip_words
from sims_desktop.kit.language import phrase
from sims_desktop.requests.presenter.applying import ApplyingPresenter
from sims_desktop.requests.presenter.handing import Handing, quicker_words
from sims_desktop.requests.presenter.words import (
    fee_words,
    is_ready,
    missing_words,
    now_words,
    promised_words,
    state_words,
    taken_by,
    title_words,
    who_words,
)
from sims_shared.access import Permission
from sims_shared.requests import RequestView


class Calls(Protocol):
    """The server, as what is brought later and the slip need it."""

    def read_for_change(self, request_id: int) -> tuple[RequestView, str]: ...
    def change(self, request_id: int, body: dict[str, Any], etag: str) -> RequestView: ...
    def institution(self) -> str: ...


@dataclass(slots=True)
class ApplicationsPresenter:
    """`hand_out` and `look_again` run off the window's thread."""

    applying: ApplyingPresenter
    handing: Handing
    bringing: Calls
    clerk: str = ""
    _institution: str = ""

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
        what, who = self.title(made), who_words(made)
        if made.missing:
            missing = missing_words(made)
            said = phrase(
                "Returned: {what} for {who}: {missing} missing.", what=what, who=who, missing=missing
            )
            return " ".join(part for part in (said, fee_words(made)) if part)
        said = phrase("Taken: {what} for {who}. The registrar decides.", what=what, who=who)
        return " ".join(part for part in (said, promised_words(made), fee_words(made)) if part)

    # A slip that is scanned

    def read(self, request_id: int) -> RequestView:
        """Off the window's thread; raises `ClientError`s."""
        return self.handing.calls.read_request(request_id)

    def may_bring(self, request: RequestView) -> bool:
        """Whether it waits for papers, or for its fee, that this person may note."""
        unpaid = bool(request.fee_due) and request.fee_receipt is None
        return self.may_take and request.status == "pending" and (bool(request.missing) or unpaid)

    def may_hand_out(self, request: RequestView) -> bool:
        return not self.handing.why_not(request)

    def now_words(self, request: RequestView, now: datetime) -> str:
        said = [
            f"{self.title(request)}: {now_words(request, now)}",
            promised_words(request),
            fee_words(request),
        ]
        return " ".join(part for part in said if part)

    def bringing_words(self, request: RequestView) -> str:
        return phrase(
            "{what} of {who}: what is brought now?", what=self.title(request), who=who_words(request)
        )

    def bring(self, request: RequestView, missing: list[str], fee_receipt: str) -> RequestView:
        """What is still missing, and the payment. Off the window's thread; raises ProblemAnswer."""
        _, etag = self.bringing.read_for_change(request.id)
        body: dict[str, Any] = {"missing": missing}
        if fee_receipt.strip():
            body["fee_receipt"] = fee_receipt.strip()
        return self.bringing.change(request.id, body, etag)

    # The slip

    def read_institution(self) -> str:
        """Whose receipt it is, once a day. Off the window's thread."""
        if not self._institution:
            self._institution = self.bringing.institution()
        return self._institution

    def slip(self, request: RequestView, institution: str) -> str:
        clerk = self.clerk or request.requested_by.name
        return slip_words(request, self.applying.titles, institution, clerk)

    def to_slip(self, visitor: Visitor) -> RequestView | None:
        """The newest application that waits; its slip can be printed again."""
        open = [one for one in visitor.requests if one.status in ("pending", "approved")]
        return max(open, key=lambda one: one.id, default=None)

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
