"""Admissions: from an application to a student with a registration number.

    applied ──→ shortlisted ──→ offered ──→ accepted ──→ admitted
       └─────────────┴─────────────┴───────────┴──→ rejected | withdrawn

The states and their moves are rows of `applicant_transition`. Admitting is no state but a fact beside
`accepted`: the registration that the applicant became, after which the application stands still. The
rule a newcomer would get wrong: a national identity number seen before is a question to a person (the
same student again, or two people), never an error to be silenced and never silently a second record.
"""
