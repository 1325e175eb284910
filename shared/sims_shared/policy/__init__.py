"""Grading policy as data: the parts behind `regulations`, `marks` and `gpa`.

A rule is never code here. It is a clause of a regulation (`document`), read and checked with all its
faults (`reading`, `checking`), shown in words (`words`), and applied by pure functions that compute
with `Fraction` and leave a `Trace`. The rule a newcomer would get wrong: nothing is rounded unless
the regulation names that stage, and what is printed is never the input of the next step.
"""
