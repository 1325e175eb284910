"""What a request for a change says of itself, wherever it was asked for. Qt-free."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sims_desktop.approvals.presenter import APPLIES, WAITS_FOR
from sims_desktop.client.errors import ClientError
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import when
from sims_shared.results import PendingChangeView


class ScanNotFiled(ClientError):
    """The change request is there; its scan is not."""


def file_with(
    change: PendingChangeView, scan: tuple[str, bytes] | None, file: Callable[[int, str, bytes], object]
) -> None:
    """Off the window's thread, after the change was asked for. Raises ScanNotFiled."""
    if scan is None:
        return
    try:
        file(change.id, *scan)
    except ClientError as error:
        raise ScanNotFiled(
            phrase(
                "The change is asked for, but its scan has not arrived: {error}. Enter sends it again.",
                error=error,
            )
        ) from error


def with_whom(change: PendingChangeView, now: datetime) -> str:
    """`With the head or dean of the department since 09:41.`"""
    if change.stage not in (1, APPLIES):
        return ""
    return phrase(
        "With {whom} since {when}.", whom=phrase(WAITS_FOR[change.stage]), when=when(change.requested_at, now)
    )
