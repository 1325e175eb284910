"""Days off: when the university does not work, a day or a span with its name.

The rule a newcomer would get wrong: what is entered here moves promises that are made from now on. A day that
was promised already stands on a slip in somebody's hand, and stays.
"""
