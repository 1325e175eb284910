"""Batches: a whole intake enrolled into its semester's curriculum at once.

    planned ──→ committed ──→ undone

A plan says who sits where and who cannot, and why; committing carries out exactly that plan in one
statement, or refuses when the facts have moved. The rule a newcomer would get wrong: one student's hold
never stops the other hundred. Exceptions are listed by person and course, everybody else is seated.
Undoing drops what the batch seated, while nothing depends on it.
"""
