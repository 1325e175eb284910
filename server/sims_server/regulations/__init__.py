"""Regulations: the versioned policy documents that results are judged by.

States: draft → in_force → withdrawn. A draft may be changed and deleted; in force it is immutable, and
it is withdrawn only while nobody stands under it. The rule a newcomer would get wrong: which regulation
a student is under is decided once, when the registration is made, and never by looking at dates again.
"""
