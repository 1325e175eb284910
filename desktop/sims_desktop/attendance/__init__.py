"""Attendance of a class: the list of a section, everybody present, one key a change, saved at once.

The rule a newcomer would get wrong: what was typed is on this computer before it is anywhere else. A list
is kept, encrypted, with every key; the server gets it when it is saved and can be reached.
"""
