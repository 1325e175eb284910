"""One student on one page: the record, and how every figure of it came about. The rule a newcomer would get
wrong: a part that the reader's role does not include says so; an empty list would say that there is nothing.
"""
