"""Catalog: departments, programs, courses.

Rows have no states; they stand until deleted, and are deleted only while nothing refers to them. The
rule a newcomer would get wrong: equivalence is stored both ways, prerequisites one way, and a course
never comes to be required before itself.
"""
