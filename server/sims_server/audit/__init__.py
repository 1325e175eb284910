"""The audit, to be read: every changed row with old and new values, who, when, through which request.

Rows are only ever added, by triggers. The rule a newcomer would get wrong: the audit shows old values, so
whoever may not see a student's private fields must not find them here either.
"""
