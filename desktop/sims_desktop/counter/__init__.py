"""The counter: find a student, hand out sealed paper, verify what is brought.

`presenter` knows no Qt and no address; `printers` sends finished files to paper; `page` is the widgets.
"""
