"""What students ask the office for: the office's queue, a new request, and a student's own. The rule a
newcomer would get wrong: nothing leads back; what was decided or handed out is decided, so who acts second
is told what it is now.
"""
