"""Grading: assessments, scores, and the server side of off-line grade sheets.

    open ──submit (the lead)──→ submitted ──approve (not a teacher)──→ approved ──publish──→ stays so
      ↑                            │                                      │
      └──────── return, with a reason ─────────────────────────────────────┘

A cell once written keeps its row and its version for ever; blank is a value. Version, rev and digest move
in triggers, so psql and an import are noticed by devices like a sync. Whoever writes a sheet locks its row
first: the order of revisions is the order of commits.
"""
