"""Honours: divisions, distinctions and positions, by the regulation and from the published record.

It has no tables: what is printed is what the record gives today. The rule a newcomer would get wrong: a
class has one merit list for each regulation, because two ladders cannot be climbed against each other.
"""
