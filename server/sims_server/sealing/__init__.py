"""Sealed paper: content to canonical JSON, to a drawn page, to a certified PDF with a signed code.

Knows no database, no clock and no web. The rule a newcomer would get wrong: the PDF, the code and
the attached data are all made from the one content, never one from another, and nothing is written
to the file after it was sealed.
"""
