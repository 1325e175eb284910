"""The record: one student's whole story, now and as it stood on an earlier day.

It has no tables: it puts together what other slices keep, each part within the scope its own slice sets.
The rule a newcomer would get wrong: the past is not stored, it is the present with the audit undone.
"""
