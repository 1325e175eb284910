"""Reports: figures over many sections, for whoever reads their sheets. It has no tables and changes nothing.

The rule a newcomer would get wrong: a head sees the sections of the own department and a teacher the own
ones, also where a line sums up a program or a term; so two people may be shown different totals.
"""
