"""The dashboard: what waits for whoever signed in.

It has no tables and changes nothing. The rule a newcomer would get wrong: every count stands on an index
over what is open, because this is the first thing each window asks for.
"""
