"""What can go wrong between desktop and server, sorted by what the desktop does next.

The rule a newcomer would get wrong: an answer that is not understood (the sign-in page of a hotel's
network comes with status 200) is the same as no answer; it must never end a batch of marks.
"""

from __future__ import annotations

from typing import Any

from sims_desktop.kit.language import title_of_refusal
from sims_shared.problems import Fault


class ClientError(Exception):
    """Base of all. `str()` of it is a sentence for the status bar."""


class TryLater(ClientError):
    """Waited out: the same request is sent again later. `retry_after` in seconds, when the server
    named it."""

    def __init__(self, sentence: str, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class Offline(TryLater):
    """No answer, or one that does not come from a SIMS server."""


class ServerBusy(TryLater):
    """408, 429 or 5xx."""


class SignedOut(TryLater):
    """401 that a new access token did not cure: somebody has to sign in again."""


class NotWritten(ClientError):
    """What the server sent cannot be kept on this computer; `str()` is the system's reason."""


def no_of_server(code: str, title: str, detail: str) -> str:
    """The server's no. Its facts are English; where the window speaks another language, what kind of no it is
    stands above them."""
    said = detail or title or code
    above = title_of_refusal(code)
    if not above:
        return said
    return above if said in (title, code) else f"{above}\n{said}"


class ProblemAnswer(ClientError):
    """Any other 4xx: the server understood and said no. `facts` are the further members of the
    problem document, e.g. `devices`; `title` is in the language of the window."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str = "",
        detail: str = "",
        *,
        errors: tuple[Fault, ...] = (),
        facts: dict[str, Any] | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(detail or title or code)
        self.status = status
        self.code = code
        self._title = title
        self.detail = detail
        self.errors = errors
        self.facts = facts or {}
        self.request_id = request_id

    @property
    def title(self) -> str:
        return title_of_refusal(self.code) or self._title

    def __str__(self) -> str:
        return no_of_server(self.code, self._title, self.detail)
