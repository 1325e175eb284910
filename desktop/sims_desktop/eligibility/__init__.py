"""Who may sit the examination: shortages of attendance, their condonation, and the notified list. The rule a
newcomer would get wrong: a notified list is a copy; later marks change nothing until another is notified.
"""
