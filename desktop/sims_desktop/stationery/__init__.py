"""Stationery: the pile of numbered paper at this counter, and its count when the day is closed.

The rule a newcomer would get wrong: the clerk types only what is left. Everything else is read from the
ledger, so that a sheet that is missing shows before the list is signed.
"""
