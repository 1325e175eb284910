"""Days off at the desk of whoever keeps the calendar. The rule a newcomer would get wrong: what is entered
moves only what is promised from now on.
"""
