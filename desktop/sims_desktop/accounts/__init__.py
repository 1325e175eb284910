"""Who may sign in and what each may do. The rule a newcomer would get wrong: the administrator has no power
over grades and gives himself none; that somebody else is given one is said before, and told to everybody who
reads the audit.
"""
