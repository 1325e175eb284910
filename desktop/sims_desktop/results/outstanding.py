"""What keeps sections from being handed in, counted and in words. Qt-free.

The rule a newcomer would get wrong: each section counts once, under what somebody has to see to first. A
conflict stands before marks that are away, for it does not settle itself by a connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import local, when
from sims_shared.results import SectionProgress

CONFLICT, AWAY, IDLE, UNDER_WAY, WITH_HEAD, INCOMPLETE = range(6)


def standing_of(section: SectionProgress) -> int:
    """Of a section that is neither ready nor published."""
    if section.sheet == "approved":
        return INCOMPLETE
    if section.sheet == "submitted":
        return WITH_HEAD
    if section.conflicts:
        return CONFLICT
    if section.pending:
        return AWAY
    return UNDER_WAY if section.filled else IDLE


def outstanding_words(outstanding: Sequence[SectionProgress], of: int, now: datetime) -> str:
    """`7 of 150 outstanding: 3 off line since Tue 14:02, 2 in conflict, 2 not started`"""
    standings = [standing_of(section) for section in outstanding]
    parts = []
    if count := standings.count(AWAY):
        since = min(
            (
                section.away_since
                for section in outstanding
                if section.away_since is not None and standing_of(section) == AWAY
            ),
            default=None,
        )
        parts.append(
            phrase("{count:,} off line since {since}", count=count, since=when(since, now))
            if since is not None
            else phrase("{count:,} off line", count=count)
        )
    if count := standings.count(CONFLICT):
        parts.append(phrase("{conflicts:,} in conflict", conflicts=count))
    if count := standings.count(IDLE):
        parts.append(phrase("{idle:,} not started", idle=count))
    if count := standings.count(UNDER_WAY):
        parts.append(phrase("{count:,} in progress", count=count))
    if count := standings.count(WITH_HEAD):
        parts.append(phrase("{count:,} with the head", count=count))
    if count := standings.count(INCOMPLETE):
        parts.append(phrase("{count:,} approved with marks missing", count=count))
    words = phrase("{count:,} of {of:,} outstanding", count=len(outstanding), of=of)
    return phrase("{words}: {parts}", words=words, parts=phrase(", ").join(parts)) if parts else words


def reminded_words(section: SectionProgress, now: datetime) -> str:
    """`reminded 2 days ago`, or nothing."""
    if section.reminded_at is None:
        return ""
    days = (local(now).date() - local(section.reminded_at).date()).days
    if days <= 0:
        return phrase("reminded {when}", when=when(section.reminded_at, now))
    return phrase("reminded yesterday") if days == 1 else phrase("reminded {days:,} days ago", days=days)
