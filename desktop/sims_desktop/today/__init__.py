"""Today, the first page of a window: what waits for this person, alarms, and the days ahead in open terms.

It decides nothing and counts nothing itself. The rule a newcomer would get wrong: a card leads to the desk
that counts it where this person has that desk; where the program has none, it says so.
"""
