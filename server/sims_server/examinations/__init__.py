"""Examinations: the date sheet of a term, and the roll-number slips printed from it.

The rule a newcomer would get wrong: who may sit is said by the notified list of each section and by nothing
else, so a slip is made from lists, never from percentages; and it is no sealed document, for it proves
nothing that the invigilator's list does not say (docs/decisions/0020-a-slip-is-not-sealed.md).
"""
