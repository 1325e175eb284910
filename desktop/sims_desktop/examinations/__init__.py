"""The date sheet of examinations: papers of a term by day, their rooms, and what is wrong with them. The rule
a newcomer would get wrong: a conflict is named and never stops whoever is still arranging; slips are stopped.
"""
