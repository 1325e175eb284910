"""Stationery: the numbered paper of each counter, and its count at the end of a day.

counted → used → counted → …: a count opens with what the one before it left. The rule a newcomer would get
wrong: sheets are used by printing a sealed document (slice transcripts keeps that ledger); here they are only
counted, and a count is never changed or taken back.
"""
