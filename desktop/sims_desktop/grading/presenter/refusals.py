"""Why the server did not take a mark, in the words of the person who typed it.

The sentences are the server's own (`REJECTIONS_IN_WORDS`), written again so that they can be said in Urdu; a
test holds the two equal. A code that this program does not know is named, for whoever is called to help.
"""

from __future__ import annotations

from sims_desktop.kit.language import later, phrase

WHY = {
    "sync.sheet_closed": later("The sheet was handed in or approved meanwhile"),
    "sync.not_teaching": later("You no longer teach this section"),
    "sync.not_on_roster": later("The student has left the section"),
    "sync.row_closed": later("The student has withdrawn or is barred"),
    "sync.no_such_assessment": later("The assessment was taken away"),
    "sync.assessment_locked": later("The assessment is locked"),
    "sync.not_yours": later("The examination cell enters this assessment"),
    "sync.lost_in_restore": later("The server was restored from a backup that lacks this mark"),
    "sync.unknown_mark": later("This is not a mark the sheet knows"),
    "sync.score_missing": later("A scored mark needs its score"),
    "sync.score_not_allowed": later("Only a scored mark has a score"),
    "sync.score_malformed": later("The score is not a number with at most two decimals"),
    "sync.score_out_of_range": later("The score lies outside 0 and the maximum"),
}


def refusal_words(code: str) -> str:
    if code in WHY:
        return phrase(WHY[code])
    return phrase("The server did not take this mark; tell the administrator: {code}", code=code)
