"""Reports: a term in figures, as a table, a picture, a workbook and a page of paper.

The rule a newcomer would get wrong: the desk counts nothing. Figures and totals are the server's, so that
what is printed here, exported there and shown to a head is one and the same.
"""
