"""Enrollment: sections with their staff, and who sits in them.

    enrolled ──→ dropped ──→ enrolled      a drop frees the seat; enrolling again revives the row
       ├──────→ withdrawn                  a W: keeps its seat and its row on the transcript
       ├──────→ barred                     short of attendance
       └──────→ completed                  by publishing, from any of the three; nothing leads back

Seats are a counter that a trigger moves and a CHECK bounds; the facts that are read before only make
the refusal kind. Joining and leaving move the sheet's rev, so they wait for whoever writes the sheet.
"""
