"""Corrections of students' names by two people.

The rule a newcomer would get wrong: nothing changes when a correction is asked for. The name changes with the
second person's word, in the same transaction, and only from the name that the first person saw.
"""
